"""The classical potential for a packed start: water and simple ions move, all else is a frozen obstacle.

Any element may be among the obstacles.  A metal without Heinz parameters has the contact distance and the depth of one
that has; other elements have the Lennard-Jones parameters of UFF.  The charge of a molecular ion is spread over its
atoms other than H (which have no radius, so that water would collapse onto them), and a slab balances what is left.
This is for a few ps of relaxation, never for results.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from lmpdrive.architectures import Interface, Problem
from lmpdrive.architectures.classical import force_field as ff
from lmpdrive.architectures.classical.architecture import Classical

METAL_CONTACT, METAL_DEPTH_KCAL_PER_MOL = 1.024, 5.0
"""Heinz et al.: minimum at this many nearest-neighbour distances of the metal; depths are 4.0 to 7.8 kcal/mol."""
OTHER_DEPTH_KCAL_PER_MOL = 0.1
NEIGHBOUR = {"fcc": 0.5**0.5, "bcc": 0.75**0.5, "hcp": 1.0}
"""Nearest-neighbour distance in lattice constants."""

UFF = {
    "B": (4.083, 0.180), "C": (3.851, 0.105), "N": (3.660, 0.069), "Si": (4.295, 0.402), "P": (4.147, 0.305),
    "S": (4.035, 0.274), "Ge": (4.280, 0.379), "As": (4.230, 0.309), "Se": (4.205, 0.291), "Te": (4.470, 0.398),
}  # fmt: skip
"""Minimum [Å] and depth [kcal/mol]: Rappé et al., J. Am. Chem. Soc. 114, 10024 (1992)."""


class PackedIons(NamedTuple):
    """All ions of one kind: indices of their atoms, and their charge together [e]."""

    atoms: tuple[int, ...]
    charge_e: int


class PackedStart(Classical):
    """Water and Joung-Cheatham ions among obstacles of any element."""

    ions: dict[str, PackedIons] = {}
    """By name."""

    def problems(self, interface: Interface | None) -> list[Problem]:
        """None: what has no parameters does not move."""
        return []

    def mobile(self, interface: Interface) -> np.ndarray:
        """Indices of the atoms that the potential can move: of water, and ions of one atom."""
        simple = [ions.atoms for name, ions in self.ions.items() if name in ff.IONS]
        return np.unique(np.concatenate([self._water(interface), *simple]).astype(int))

    def charges_e(self, interface: Interface) -> Sequence[float]:
        """Charges [e]: water as published, ions their own, minus the ions' sum on the wet layers."""
        charges = np.zeros(len(interface.species))
        for i in self._water(interface):
            charges[i] = ff.WATER_CHARGES_E[interface.species[i]]
        for ions in self.ions.values():
            heavy = [atom for atom in ions.atoms if interface.species[atom] != "H"]
            charges[heavy] = ions.charge_e / len(heavy)
        wet = self._wet_metal(interface)
        if len(wet):
            charges[wet] = -sum(ions.charge_e for ions in self.ions.values()) / len(wet)
        return charges.tolist()

    def _water(self, interface: Interface) -> np.ndarray:
        return np.asarray(interface.groups.get("water", []), dtype=int)

    def lennard_jones(self, element: str) -> ff.LennardJones:
        """Of any element."""
        from ase.data import atomic_numbers, covalent_radii, reference_states

        if element in ff.LENNARD_JONES:
            return ff.LENNARD_JONES[element]
        if element in UFF:
            return ff.from_minimum(*UFF[element])
        state: Any = reference_states[atomic_numbers[element]] or {}
        neighbour = NEIGHBOUR.get(state.get("symmetry", ""))
        if neighbour is not None:
            return ff.from_minimum(METAL_CONTACT * neighbour * state["a"], METAL_DEPTH_KCAL_PER_MOL)
        return ff.from_minimum(2 * float(covalent_radii[atomic_numbers[element]]), OTHER_DEPTH_KCAL_PER_MOL)
