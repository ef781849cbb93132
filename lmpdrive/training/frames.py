"""The labelled frames that a potential is trained on, each with a name: file and number in it.

Units: eV, Å, eV/Å.  Labels are `REF_energy` in `atoms.info` and `REF_forces` in `atoms.arrays`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list

from lmpdrive.errors import ConfigError, TrajectoryError
from lmpdrive.trajectory.labelled import FORCES, labelled_atoms

NEAR_A = 4.0
"""Pairs of elements that never come closer have no shortest distance on the card."""


@dataclass(frozen=True)
class Frame:
    """One frame: its name, and its atoms with labels, sorted by element."""

    name: str
    atoms: Atoms

    @property
    def counts(self) -> Mapping[str, int]:
        """Element -> number of atoms."""
        return Counter(self.atoms.get_chemical_symbols())

    @property
    def formula(self) -> str:
        """Elements by alphabet, as in H102O51Pt96."""
        return self.atoms.get_chemical_formula()


def read(files: Sequence[Path]) -> list[Frame]:
    """All frames of all files.

    Raises TrajectoryError for a folder, a file named twice, or one that is not labelled.
    """
    frames = []
    for number, file in enumerate(files):
        if file.is_dir():
            inside = ", ".join(sorted(p.name for p in file.iterdir())[:8])
            raise TrajectoryError(f"{file} is a folder: name the files with labelled frames in it ({inside})")
        if file.resolve() in [other.resolve() for other in files[:number]]:
            raise TrajectoryError(f"{file} is named twice")
        frames += [Frame(f"{file.name}:{i}", atoms) for i, atoms in enumerate(labelled_atoms(file))]
    return frames


def species(frames: Sequence[Frame], given: Sequence[str]) -> tuple[str, ...]:
    """The model's elements in order: those given, else those of the frames by alphabet.

    Raises ConfigError if the frames have an element that is not among those given.
    """
    found = sorted({symbol for frame in frames for symbol in frame.counts})
    if missing := [symbol for symbol in found if given and symbol not in given]:
        raise ConfigError(f"elements: {', '.join(given)} lacks {', '.join(missing)}, which the frames have")
    return tuple(given) or tuple(found)


def sorted_by_element(frame: Frame, elements: Sequence[str]) -> Frame:
    """With the atoms in the order of `elements`, so that frames of one composition have one order."""
    order = np.argsort([elements.index(symbol) for symbol in frame.atoms.get_chemical_symbols()], kind="stable")
    return Frame(frame.name, frame.atoms[order])


def charge_e(frame: Frame, ions: Mapping[str, int]) -> int:
    """Charge of the frame's ions [e]: its charge state."""
    return sum(charge * frame.counts.get(element, 0) for element, charge in ions.items())


def largest_force_eV_per_A(frame: Frame) -> float:
    """Largest component."""
    return float(np.abs(frame.atoms.arrays[FORCES]).max())


def shortest_distances_A(frames: Sequence[Frame], elements: Sequence[str]) -> dict[str, float]:
    """Shortest distance of each pair of elements; closer than this a model has never been."""
    shortest: dict[str, float] = {}
    for frame in frames:
        i, j, d = neighbor_list("ijd", frame.atoms, NEAR_A)
        symbols = np.array(frame.atoms.get_chemical_symbols())
        for a, b in combinations_with_replacement(elements, 2):
            found = d[(symbols[i] == a) & (symbols[j] == b)]
            if len(found):
                shortest[f"{a}-{b}"] = round(min(float(found.min()), shortest.get(f"{a}-{b}", np.inf)), 3)
    return shortest
