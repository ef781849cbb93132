"""A trajectory to measure with, and no simulation: an Au slab, water and three Na+ that shake around their places.

The reference cell: Au(111) 6x4, 4 layers, 17.819 x 10.288 Å, 94 waters and 3 Na+ in a film of 20 Å, 20 Å of vacuum:
96 + 282 + 3 = 381 atoms.  `copies` repeats it in the plane.  Atoms move in an autoregressive way (correlated over
about ten frames), water molecules rigidly with small vibrations, the whole film drifts slowly, and coordinates are
wrapped, so that molecules lie across boundaries as in a real file.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

BOND, HALF_ANGLE = 0.97, np.radians(104.5 / 2)
N_WATERS, N_IONS = 94, 3
CHUNK = 256


def reference_cell(copies: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Elements, anchors (N, 3), molecule number of each atom (-1: the slab) and cell lengths."""
    a = 4.20 / np.sqrt(2)
    cell = np.array([6 * a, 4 * a * np.sqrt(3) / 2, 50.0])
    elements, places, molecules = [], [], []
    for layer in range(4):
        for i in range(6):
            for j in range(4):
                x = (i + 0.5 * (j % 2) + layer / 3) * a
                elements.append("Au")
                places.append([x, (j + layer / 3) * a * np.sqrt(3) / 2, 2.0 + layer * 4.20 / np.sqrt(3)])
                molecules.append(-1)
    top = places[-1][2]
    # sites of a 6 x 4 x 4 grid: 2.97 Å by 2.57 Å by 5 Å, split in two heights: as dense as water
    sites = [(x, y, top + 2.6 + 4.9 * z + 2.4 * ((x + y) % 2)) for z in range(4) for x in range(6) for y in range(4)]
    for m, (x, y, z) in enumerate(sites[: N_WATERS + N_IONS]):
        centre = np.array([(x + 0.5) * cell[0] / 6, (y + 0.5) * cell[1] / 4, z])
        if m % 32 == 16:
            elements.append("Na")
            places.append(centre)
            molecules.append(m)
            continue
        axis, side = np.linalg.qr(rng.normal(size=(3, 2)))[0].T
        elements += ["O", "H", "H"]
        places.append(centre)
        places += [centre + BOND * (np.cos(HALF_ANGLE) * axis + s * np.sin(HALF_ANGLE) * side) for s in (1, -1)]
        molecules += [m] * 3
    elements, places, molecules = np.array(elements), np.array(places), np.array(molecules)
    nx = int(np.sqrt(copies))
    while copies % nx:
        nx -= 1
    shifts = [(i * cell[0], j * cell[1], 0.0) for i in range(nx) for j in range(copies // nx)]
    all_molecules = [np.where(molecules < 0, -1, molecules + k * len(sites)) for k in range(copies)]
    cell = cell * [nx, copies // nx, 1]
    return (
        np.tile(elements, copies),
        np.concatenate([places + np.array(s) for s in shifts]),
        np.concatenate(all_molecules),
        cell,
    )


def frames(n_frames: int, copies: int, seed: int = 1) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Chunks of (F, N, 3) wrapped positions in 32 bits, with the elements and the cell."""
    rng = np.random.default_rng(seed)
    elements, anchors, molecules, cell = reference_cell(copies, rng)
    moving = molecules >= 0
    n_molecules = molecules.max() + 1
    wiggle, sway = np.zeros(anchors.shape), np.zeros((n_molecules, 3))
    for start in range(0, n_frames, CHUNK):
        out = np.empty((min(CHUNK, n_frames - start), *anchors.shape), np.float32)
        for f in range(len(out)):
            wiggle = 0.9 * wiggle + rng.normal(scale=0.013, size=anchors.shape)
            sway = 0.95 * sway + rng.normal(scale=0.12, size=sway.shape) * [1, 1, 0.4]
            places = anchors + wiggle
            places[moving] += sway[molecules[moving]] + [0.002 * (start + f), 0.0, 0.0]
            out[f] = places % cell
        yield out, elements, cell


def write_dcd(path: Path, n_frames: int, copies: int, every: int = 20) -> None:
    """A DCD as LAMMPS writes it."""
    with path.open("wb") as file:
        for start, (chunk, _, cell) in enumerate(frames(n_frames, copies)):
            n = chunk.shape[1]
            if start == 0:
                control = np.zeros(20, "i4")
                control[:4], control[10], control[19] = (n_frames, 0, every, every * (n_frames - 1)), 1, 24
                file.write(_record(b"CORD" + control.tobytes()))
                file.write(_record(np.int32(2).tobytes() + b"made for a benchmark".ljust(160)))
                file.write(_record(np.int32(n).tobytes()))
            box = _record(np.array([cell[0], 0, cell[1], 0, 0, cell[2]]).tobytes())
            for frame in chunk:
                file.write(box + b"".join(_record(np.ascontiguousarray(frame[:, k]).tobytes()) for k in range(3)))


def _record(content: bytes) -> bytes:
    mark = np.int32(len(content)).tobytes()
    return mark + content + mark


def write_text(path: Path, n_frames: int, copies: int, every: int = 20) -> None:
    """`dump custom id type element x y z ix iy iz`, sorted, as LAMMPS' default format prints it."""
    types = {"Au": 1, "H": 2, "Na": 3, "O": 4}
    with path.open("w") as file:
        step = 0
        for chunk, elements, cell in frames(n_frames, copies):
            start = [f"{i + 1} {types[e]} {e} " for i, e in enumerate(elements)]
            box = "\n".join(f"{0.0:.16e} {length:.16e}" for length in cell)
            for frame in chunk:
                rows = (f"{s}{x:g} {y:g} {z:g} 0 0 0 \n" for s, (x, y, z) in zip(start, frame.tolist()))
                file.write(f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n{len(elements)}\n")
                file.write(f"ITEM: BOX BOUNDS pp pp pp\n{box}\nITEM: ATOMS id type element x y z ix iy iz \n")
                file.writelines(rows)
                step += every


def write_data(path: Path, copies: int) -> None:
    """A LAMMPS data file with the elements."""
    elements, places, _, cell = reference_cell(copies, np.random.default_rng(1))
    kinds = ["Au", "H", "Na", "O"]
    lines = ["made for a benchmark", "", f"{len(elements)} atoms", "4 atom types"]
    lines += [f"0 {length} {axis}lo {axis}hi" for axis, length in zip("xyz", cell)]
    lines += [
        "",
        "Masses",
        "",
        "1 196.967 # Au",
        "2 1.008 # H",
        "3 22.99 # Na",
        "4 15.999 # O",
        "",
        "Atoms # atomic",
        "",
    ]
    lines += [
        f"{i + 1} {kinds.index(e) + 1} {x:.6f} {y:.6f} {z:.6f}"
        for i, (e, (x, y, z)) in enumerate(zip(elements, places))
    ]
    path.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--copies", type=int, default=1)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    write_data(options.folder / "system.data", options.copies)
    write_dcd(options.folder / "traj.dcd", options.frames, options.copies)
    write_text(options.folder / "traj.lammpstrj", options.frames, options.copies)
