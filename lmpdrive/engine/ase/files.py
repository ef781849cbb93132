"""The files of a run that ASE integrates, in the formats that LAMMPS writes, so that everything after reads them.

`log.lammps` (thermo tables; K, eV, bar, ps), `traj.dcd`, `traj.lammpstrj`, `final.data`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms, units

from lmpdrive.common.box_bounds import box_bounds

TITLE = b"written by lmpdrive; ASE integrates".ljust(80)


class Log:
    """`log.lammps`: one table for each stage, appended to when a run is resumed."""

    def __init__(self, path: Path, resume: bool) -> None:
        self._stream = path.open("a" if resume else "w")
        self._columns: list[str] = []

    def say(self, line: str) -> None:
        """A line of text."""
        print(line, file=self._stream, flush=True)

    def begin(self, stage: str, columns: Sequence[str]) -> None:
        """The head of a table."""
        self.say(f"# stage: {stage}")
        self._columns, self._started = list(columns), time.monotonic()
        self.say("   " + " ".join(f"{name:>14}" for name in columns))

    def row(self, values: Mapping[str, float]) -> None:
        """One line of the table."""
        step, *others = (values[name] for name in self._columns)
        self.say(f"{int(step):>10d} " + " ".join(f"{value:>14.10g}" for value in others))

    def end(self, steps: int, n_atoms: int, timestep_fs: float) -> None:
        """The lines with which LAMMPS ends a run, from which its speed is read."""
        seconds = max(time.monotonic() - self._started, 1e-9)
        self.say(f"Loop time of {seconds:.6g} on 1 procs for {steps} steps with {n_atoms} atoms")
        if steps:
            ns_per_day = steps * timestep_fs * 1e-6 * 86400 / seconds
            rate = f"{24 / ns_per_day:.3f} hours/ns, {steps / seconds:.3f} timesteps/s"
            self.say(f"Performance: {ns_per_day:.3f} ns/day, {rate}")


class Dcd:
    """Frames as `dump dcd` writes them: CHARMM layout, 32-bit, wrapped, the header counts the frames."""

    def __init__(self, path: Path, n_atoms: int, first_step: int, every: int, timestep_fs: float) -> None:
        self._stream, self._frames, self._every, self._first = path.open("wb+"), 0, every, first_step
        control = np.zeros(20, dtype="<i4")
        control[1], control[2], control[10], control[19] = first_step, every, 1, 24
        control[9] = np.array([timestep_fs * 1e-3], "<f4").view("<i4")[0]
        marks = [np.array(n, "<i4").tobytes() for n in (84, 2, 164, 4, n_atoms)]
        head = [marks[0], b"CORD", control.tobytes(), marks[0], marks[2], marks[1], TITLE, b" " * 80, marks[2]]
        self._stream.write(b"".join([*head, marks[3], marks[4], marks[3]]))

    def write(self, atoms: Atoms) -> None:
        """One frame; then the header counts it."""
        a, b, c, alpha, beta, gamma = atoms.cell.cellpar()
        cosines = [0.0 if angle == 90 else float(np.cos(np.radians(angle))) for angle in (gamma, beta, alpha)]
        cell = np.array([a, cosines[0], b, cosines[1], cosines[2], c], "<f8").tobytes()
        mark = np.array(48, "<i4").tobytes()
        parts = [mark, cell, mark]
        for axis in wrapped(atoms)[0].T:
            record = axis.astype("<f4").tobytes()
            length = np.array(len(record), "<i4").tobytes()
            parts += [length, record, length]
        self._stream.seek(0, 2)
        self._stream.write(b"".join(parts))
        self._frames += 1
        last = self._first + (self._frames - 1) * self._every
        for place, value in ((8, self._frames), (20, last)):
            self._stream.seek(place)
            self._stream.write(np.array(value, "<i4").tobytes())
        self._stream.flush()


class TextDump:
    """Frames as `dump custom id type element x y z ix iy iz` writes them."""

    def __init__(self, path: Path, elements: Sequence[str]) -> None:
        self._stream, self._types = path.open("w"), {e: k for k, e in enumerate(elements, start=1)}

    def write(self, atoms: Atoms, step: int) -> None:
        """One frame."""
        positions, images = wrapped(atoms)
        print(f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n{len(atoms)}", file=self._stream)
        self._stream.write(box_bounds(atoms.cell.array, digits=12))
        print("ITEM: ATOMS id type element x y z ix iy iz", file=self._stream)
        for i, (symbol, r, image) in enumerate(zip(atoms.symbols, positions, images, strict=True), start=1):
            print(f"{i} {self._types[symbol]} {symbol} {r[0]:.6g} {r[1]:.6g} {r[2]:.6g} ", *image, file=self._stream)
        self._stream.flush()


def wrapped(atoms: Atoms) -> tuple[Any, Any]:
    """Positions [Å] within the cell, and the images (n, 3) that they were taken from."""
    scaled = atoms.cell.scaled_positions(atoms.positions)
    images = np.floor(scaled).astype(int)
    return (scaled - images) @ atoms.cell.array, images


def write_final(atoms: Atoms, start: Path, path: Path) -> None:
    """`final.data`: the data file `start` with these positions and velocities (Å, Å/ps)."""
    head, _, rest = start.read_text().partition("\nAtoms # atomic\n\n")
    types = [line.split()[1] for line in rest.splitlines()[: len(atoms)]]
    positions, images = wrapped(atoms)
    lines = [f"{head}\nAtoms # atomic\n"]
    for i, (kind, r, image) in enumerate(zip(types, positions, images, strict=True), start=1):
        lines.append(f"{i} {kind} {r[0]:.12f} {r[1]:.12f} {r[2]:.12f} {image[0]} {image[1]} {image[2]}")
    lines += ["", "Velocities", ""]
    for i, v in enumerate(atoms.get_velocities() * (1000 * units.fs), start=1):
        lines.append(f"{i} {v[0]:.12g} {v[1]:.12g} {v[2]:.12g}")
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text("\n".join(lines) + "\n")
    temporary.replace(path)
