"""Frames that would do a fit more harm than good: atoms on top of each other, forces or energies out of bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols, covalent_radii
from ase.neighborlist import neighbor_list

from lmpdrive.learning.file import Filter
from lmpdrive.trajectory.labelled import ENERGY, FORCES

REACH_A = 4.0
"""Pairs that are looked at: further apart is nothing too close."""


def bearable(candidates: Sequence[Atoms], known: Sequence[Atoms], limits: Filter) -> tuple[list[Atoms], list[str]]:
    """(candidates that are worth a label, why each of the others is not): by the distances of their atoms alone."""
    if limits.closest is None:
        return list(candidates), []
    shortest: dict[tuple[int, int], float] = {}
    for atoms in known:
        for pair, distance in _shortest(atoms).items():
            shortest[pair] = min(distance, shortest.get(pair, np.inf))
    good: list[Atoms] = []
    why: list[str] = []
    for atoms in candidates:
        reason = _too_close(atoms, shortest, limits.closest)
        if reason:
            why.append(f"{atoms.info['run']} step {atoms.info['step']}: {reason}")
        else:
            good.append(atoms)
    return good, why


def _shortest(atoms: Atoms) -> dict[tuple[int, int], float]:
    """Atomic numbers of a pair, the smaller first -> its shortest distance [Å]."""
    i, j, distances = neighbor_list("ijd", atoms, REACH_A)
    low, high = np.sort(atoms.numbers[np.array([i, j])], axis=0)
    found: dict[tuple[int, int], float] = {}
    for a, b in set(zip(low.tolist(), high.tolist(), strict=True)):
        found[a, b] = float(distances[(low == a) & (high == b)].min())
    return found


def _too_close(atoms: Atoms, shortest: Mapping[tuple[int, int], float], share: float) -> str:
    for (a, b), distance in _shortest(atoms).items():
        known = shortest.get((a, b))
        limit = share * (covalent_radii[a] + covalent_radii[b] if known is None else known)
        if distance < limit:
            return f"{chemical_symbols[a]} and {chemical_symbols[b]} are {distance:.2f} Å apart, below {limit:.2f}"
    return ""


def kept(frames: Sequence[Atoms], known: Sequence[Atoms], limits: Filter) -> tuple[list[Atoms], list[str]]:
    """(frames within the limits, why each of the others is not).

    Energies are compared with the median of the `known` frames of the same composition; without such frames, with
    that of the new ones.
    """
    good: list[Atoms] = []
    why: list[str] = []
    for atoms in frames:
        reason = _reason(atoms, [*known, *frames], len(known), limits)
        if reason:
            why.append(f"{atoms.info['run']} step {atoms.info['step']}: {reason}")
        else:
            good.append(atoms)
    return good, why


def _reason(atoms: Atoms, frames: Sequence[Atoms], n_known: int, limits: Filter) -> str:
    force = float(np.abs(atoms.arrays[FORCES]).max())
    if limits.force_eV_per_A is not None and not force <= limits.force_eV_per_A:
        return f"a force of {force:.3g} eV/Å is above {limits.force_eV_per_A:g}"
    if limits.energy_eV_per_atom is not None:
        formula = atoms.get_chemical_formula()
        same = [i for i, other in enumerate(frames) if other.get_chemical_formula() == formula]
        same = [i for i in same if i < n_known] or same
        typical = float(np.median([frames[i].info[ENERGY] for i in same]))
        off = abs(atoms.info[ENERGY] - typical) / len(atoms)
        if not off <= limits.energy_eV_per_atom:
            return f"its energy is {off:.3g} eV/atom off the median, the limit is {limits.energy_eV_per_atom:g}"
    return ""
