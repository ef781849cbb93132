"""Labelled frames: configurations with the energy and forces of a reference, to measure a potential's errors on.

Units: eV, Å, eV/Å.  Any file that ASE reads, whose frames carry `REF_energy` and `REF_forces` (as MACE's and GRACE's
training files do) or the energy and forces of a calculator (as DFT outputs and most extended XYZ do).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from lmpdrive.common.atomic import replacing
from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.compression import compression_of
from lmpdrive.trajectory.plain_file import PlainFile

if TYPE_CHECKING:
    from ase import Atoms

    from lmpdrive.trajectory.frames import Trajectory

Array = NDArray[np.float64]

ENERGY, FORCES = "REF_energy", "REF_forces"
CHARGES = "charges_e"
"""Of the reference, where it has some: no potential learns them."""


@dataclass(frozen=True)
class LabelledFrames:
    """F frames with N atoms in all, one after the other.

    counts : (F,) atoms of each frame.
    numbers : (N,) atomic numbers; positions : (N, 3); cells : (F, 3, 3); pbc : (F, 3).
    energies_eV : (F,); forces : (N, 3), of the reference.
    """

    counts: NDArray[np.int64]
    numbers: NDArray[np.int64]
    positions: Array
    cells: Array
    pbc: NDArray[np.bool_]
    energies_eV: Array
    forces: Array

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def frame_of_atom(self) -> NDArray[np.int64]:
        """(N,) number of the frame each atom is in."""
        return np.repeat(np.arange(len(self)), self.counts)

    def atoms(self, frame: int) -> Atoms:
        """One frame without its labels."""
        from ase import Atoms

        end = int(self.counts[: frame + 1].sum())
        own = slice(end - int(self.counts[frame]), end)
        return Atoms(self.numbers[own], self.positions[own], cell=self.cells[frame], pbc=self.pbc[frame])

    def some(self, frames: NDArray[np.int64]) -> Self:
        """Those of these numbers, in that order."""
        first = np.concatenate([[0], np.cumsum(self.counts)])
        own = [np.arange(first[f], first[f + 1]) for f in frames]
        atoms = np.concatenate(own) if own else np.zeros(0, int)
        of_atoms = {name: getattr(self, name)[atoms] for name in ("numbers", "positions", "forces")}
        of_frames = {name: getattr(self, name)[frames] for name in ("counts", "cells", "pbc", "energies_eV")}
        return type(self)(**of_atoms, **of_frames)

    def save(self, path: Path) -> None:
        """As NumPy's `.npz`, which every environment reads alike."""
        np.savez(path, **{f.name: getattr(self, f.name) for f in fields(self)})

    @classmethod
    def load(cls, path: Path) -> Self:
        """What `save` wrote."""
        with np.load(path) as content:
            return cls(**{f.name: content[f.name] for f in fields(cls)})


def read_labelled(paths: Sequence[str | Path]) -> LabelledFrames:
    """All frames of all files.

    Raises TrajectoryError for a file that ASE cannot read, a frame without labels, or labels that are not finite.
    """
    frames: list[Any] = []
    labels: list[tuple[float, Array]] = []
    for path in paths:
        for number, atoms in enumerate(_read(Path(path))):
            labels.append(_labels(atoms, f"{path}, frame {number}"))
            frames.append(atoms)
    if not frames:
        raise TrajectoryError(f"no frame in {', '.join(map(str, paths)) or 'no file'}")
    return LabelledFrames(
        counts=np.array([len(a) for a in frames]),
        numbers=np.concatenate([a.numbers for a in frames]),
        positions=np.concatenate([a.positions for a in frames]),
        cells=np.array([a.cell.array for a in frames]),
        pbc=np.array([a.pbc for a in frames]),
        energies_eV=np.array([energy for energy, _ in labels]),
        forces=np.concatenate([forces for _, forces in labels]),
    )


def labelled_atoms(path: Path) -> list[Atoms]:
    """The frames of one file, with `REF_energy` and `REF_forces` wherever their labels were, and nothing else.

    Raises TrajectoryError as `read_labelled` does.
    """
    from ase import Atoms

    frames = []
    for number, atoms in enumerate(_read(path)):
        energy, forces = _labels(atoms, f"{path}, frame {number}")
        frame = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=atoms.pbc, info={ENERGY: energy})
        frame.set_array(FORCES, forces, float, (3,))
        frames.append(frame)
    if not frames:
        raise TrajectoryError(f"no frame in {path}")
    return frames


def read_frames(paths: Sequence[str | Path]) -> LabelledFrames:
    """All frames of all files, with or without labels, which are left out: NaN.

    Raises TrajectoryError for a file that ASE cannot read, or without frames.
    """
    return without_labels([atoms for path in paths for atoms in _read(Path(path))], ", ".join(map(str, paths)))


def write_frames(path: Path, frames: Sequence[Atoms]) -> None:
    """Extended XYZ, whole or not at all."""
    from ase.io import write

    with replacing(path) as temporary:
        write(temporary, list(frames), format="extxyz")


def of_trajectory(trajectory: Trajectory) -> LabelledFrames:
    """All frames of a trajectory without labels, from the corner of the cell, periodic along the axes that it is.

    The cells are as long as those of the run, without the vacuum that keeps images apart in the analysis.
    """
    from ase.data import atomic_numbers

    numbers = np.array([atomic_numbers[str(element)] for element in trajectory.topology.elements])
    chunks = list(trajectory.chunks())
    positions = np.concatenate([chunk.positions - chunk.origins[:, None] for chunk in chunks])
    return LabelledFrames(
        counts=np.full(len(positions), len(numbers)),
        numbers=np.tile(numbers, len(positions)),
        positions=positions.reshape(-1, 3),
        cells=trajectory.boundaries.without_vacuum(np.concatenate([chunk.cells for chunk in chunks])),
        pbc=np.tile(np.array(trajectory.periodic, bool), (len(positions), 1)),
        energies_eV=np.full(len(positions), np.nan),
        forces=np.full((positions.shape[0] * len(numbers), 3), np.nan),
    )


def without_labels(frames: Sequence[Atoms], source: str = "") -> LabelledFrames:
    """Frames whose labels are NaN.  Raises TrajectoryError if there is none (in `source`)."""
    if not frames:
        raise TrajectoryError(f"no frame in {source or 'no file'}")
    counts = np.array([len(atoms) for atoms in frames])
    return LabelledFrames(
        counts=counts,
        numbers=np.concatenate([atoms.numbers for atoms in frames]),
        positions=np.concatenate([atoms.positions for atoms in frames]),
        cells=np.array([atoms.cell.array for atoms in frames]),
        pbc=np.array([atoms.pbc for atoms in frames]),
        energies_eV=np.full(len(frames), np.nan),
        forces=np.full((int(counts.sum()), 3), np.nan),
    )


def _read(path: Path) -> list[Any]:
    from ase.io import read

    if not path.is_file():
        raise TrajectoryError(f"there is no file {path}")
    # ASE looks back and forth in the file, for which a compressed one is unpacked from its beginning each time
    plain = PlainFile(path) if compression_of(path) else None
    try:
        found = read(path if plain is None else plain.file(_refuse), ":")
    except TrajectoryError:
        raise
    except Exception as error:  # ASE's readers raise whatever they meet
        raise TrajectoryError(f"ASE cannot read {path}: {type(error).__name__}: {error}") from error
    return list(found) if isinstance(found, list) else [found]


def _refuse(message: str) -> None:
    raise TrajectoryError(message)


def _labels(atoms: Any, where: str) -> tuple[float, Array]:
    """(energy, forces): `REF_*` if they are there, else the calculator's."""
    if ENERGY in atoms.info and FORCES in atoms.arrays:
        energy, forces = atoms.info[ENERGY], atoms.arrays[FORCES]
    else:
        try:
            energy, forces = atoms.get_potential_energy(), atoms.get_forces(apply_constraint=False)
        except Exception as error:  # RuntimeError without a calculator, others from half a label
            named = ", ".join(sorted({*atoms.info, *atoms.arrays} - {"numbers", "positions"})) or "nothing"
            raise TrajectoryError(
                f"{where} has no labels: it needs {ENERGY} and {FORCES}, or energy and forces as ASE reads them; "
                f"it has {named}"
            ) from error
    energy, forces = float(energy), np.asarray(forces, float)
    if not (np.isfinite(energy) and np.isfinite(forces).all()):
        raise TrajectoryError(f"{where}: its energy or forces are not finite")
    return energy, forces
