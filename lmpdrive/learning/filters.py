"""Labelled frames that would do a fit more harm than good: of forces or energies out of bounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from lmpdrive.learning.file import Filter
from lmpdrive.trajectory.labelled import ENERGY, FORCES


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
