"""Repulsive cores as an ASE calculator, to compare LAMMPS' `pair_style harmonic/cut` with.

E = Σ_pairs k (r - r0)^2  for r < r0, else 0        [eV, Å]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.neighborlist import neighbor_list


class Cores(Calculator):
    """radii_A : pair, e.g. "H-O" -> r0 [Å]; k_eV_per_A2 : stiffness k."""

    implemented_properties = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, radii_A: Mapping[str, float], k_eV_per_A2: float) -> None:
        super().__init__()
        self.radii_A = {_pair(*pair.split("-")): radius for pair, radius in radii_A.items()}
        self.k = k_eV_per_A2

    def calculate(
        self, atoms: Any = None, properties: Sequence[str] = ("energy",), system_changes: Any = all_changes
    ) -> None:
        """Energy [eV], forces [eV/Å], stress [eV/Å^3] (Voigt)."""
        super().calculate(atoms, properties, system_changes)
        symbols = self.atoms.get_chemical_symbols()
        reach = {pair: r0 for pair, r0 in self.radii_A.items() if set(pair) <= set(symbols)}
        energy, forces, virial = 0.0, np.zeros((len(symbols), 3)), np.zeros((3, 3))
        if reach:
            first, second, r, v = neighbor_list("ijdD", self.atoms, max(reach.values()))
            r0 = np.array([reach.get(_pair(symbols[i], symbols[j]), 0.0) for i, j in zip(first, second, strict=True)])
            inside = r < r0
            first, r, v, r0 = first[inside], r[inside], v[inside], r0[inside]
            energy = float(0.5 * self.k * ((r - r0) ** 2).sum())  # every pair is there twice
            on_first = (2 * self.k * (r - r0) / r)[:, None] * v
            np.add.at(forces, first, on_first)
            virial = -0.5 * v.T @ on_first
        stress = -virial / self.atoms.get_volume()
        self.results = {
            "energy": energy,
            "free_energy": energy,
            "forces": forces,
            "stress": stress[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]],
        }


def _pair(a: str, b: str) -> tuple[str, str]:
    return (a, b) if a < b else (b, a)
