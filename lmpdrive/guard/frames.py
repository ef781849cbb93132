"""The last frames before an event, with all their digits: `guard.*.bin` of LAMMPS -> one extended XYZ file.

`event-<step>.xyz` has positions [Å], velocities [Å/ps] and forces [eV/Å] with 17 digits, which give the 64-bit numbers
back, in a format that ASE and the training programs read.  Forces on frozen atoms are zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError

RING = ("guard.*.bin", "guard.*.npz")
"""Of LAMMPS, and of runs by ASE."""

ARRAYS = ("positions", "cell", "velocities", "forces")

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame in id order; velocities and forces may be unknown."""

    step: int
    positions: Array
    cell: Array
    velocities: Array | None = None
    forces: Array | None = None


def ring(run_dir: Path, species: Sequence[str]) -> list[Frame]:
    """The frames there are, in order of steps; incomplete ones are left out."""
    return frames_of(_files(run_dir), species)


def frames_of(files: Iterable[Path], species: Sequence[str]) -> list[Frame]:
    """The frames in files like those of the ring, in order of steps; incomplete ones are left out."""
    from lmpdrive.trajectory.elements.identity import Identity
    from lmpdrive.trajectory.readers.lammps_binary import LammpsBinaryTrajectory
    from lmpdrive.trajectory.topology import Topology

    identity = Identity(known=Topology(np.array(species)))
    found = []
    for path in files:
        try:
            if path.suffix == ".npz":
                with np.load(path) as arrays:
                    found.append(Frame(int(arrays["step"]), *(arrays[name] for name in ARRAYS)))
                continue
            file = LammpsBinaryTrajectory(path, identity)
            chunk = file.read(0, 1)
            columns = file.columns(0, ("vx", "vy", "vz", "fx", "fy", "fz"))
        except (TrajectoryError, OSError, ValueError, KeyError, BadZipFile):
            continue
        positions = chunk.positions[0] - chunk.origins[0]
        found.append(Frame(int(file.steps[0]), positions, chunk.cells[0], columns[:, :3], columns[:, 3:]))
    return sorted(found, key=lambda frame: frame.step)


def _files(run_dir: Path) -> list[Path]:
    return [path for pattern in RING for path in run_dir.glob(pattern)]


def remove_ring(run_dir: Path) -> None:
    """The frames were not needed, or are kept elsewhere."""
    for path in _files(run_dir):
        path.unlink(missing_ok=True)


def write_xyz(path: Path, frames: Iterable[Frame], species: Sequence[str], timestep_fs: float) -> None:
    """Extended XYZ, whole or not at all."""
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("w") as file:
        file.writelines(frame_text(frame, species, timestep_fs) for frame in frames)
    temporary.replace(path)


def frame_text(frame: Frame, species: Sequence[str], timestep_fs: float, about: Mapping[str, str] | None = None) -> str:
    """One frame of an extended XYZ file; `about`: further words of its header."""
    parts = [("species:S:1", None), ("pos:R:3", frame.positions)]
    parts += [("velocities_A_per_ps:R:3", frame.velocities), ("forces:R:3", frame.forces)]
    kept = [(name, array) for name, array in parts if name.startswith("species") or array is not None]
    lattice = " ".join(f"{x:.17g}" for x in frame.cell.ravel())
    properties = ":".join(name for name, _ in kept)
    time_ps = frame.step * timestep_fs * 1e-3
    more = "".join(f" {key}={value}" for key, value in (about or {}).items())
    header = f'Lattice="{lattice}" Properties={properties} pbc="T T T" step={frame.step} time_ps={time_ps:.9g}{more}'
    numbers = np.hstack([array for _, array in kept if array is not None])
    rows = [f"{element} {' '.join(f'{x:.17g}' for x in row)}" for element, row in zip(species, numbers, strict=True)]
    return "\n".join([str(len(species)), header, *rows, ""])
