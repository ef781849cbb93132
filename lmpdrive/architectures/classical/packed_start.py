"""The classical potential for a packed start: water and simple ions move, all else is a frozen obstacle.

Any element may be among the obstacles.  A metal without Heinz parameters has the contact distance and the depth of one
that has; other elements have the Lennard-Jones parameters of UFF.  The charge of a molecular ion is spread over its
atoms, and a slab balances what is left.  This is for a few ps of relaxation, never for results.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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


class PackedStart(Classical):
    """Water and Joung-Cheatham ions among obstacles of any element."""

    ion_totals_e: dict[str, int] = {}
    """Charge of all ions of each kind together, by the name of its group, ion_<name>."""

    def problems(self, interface: Interface | None) -> list[Problem]:
        """None: what has no parameters does not move."""
        return []

    def mobile(self, interface: Interface) -> np.ndarray:
        """Indices of the atoms that the potential can move: of water, and ions of one atom."""
        found = [np.asarray(interface.groups.get("water", []), dtype=int)]
        species = np.array(interface.species)
        for element in ff.IONS:
            ions = np.asarray(interface.groups.get(f"ion_{element}", []), dtype=int)
            found.append(ions[species[ions] == element])
        return np.unique(np.concatenate(found))

    def charges_e(self, interface: Interface) -> Sequence[float]:
        """Charges [e]: water as published, ions their own, minus the ions' sum on the wet layers."""
        charges = np.zeros(len(interface.species))
        for i in np.asarray(interface.groups.get("water", []), dtype=int):
            charges[i] = ff.WATER_CHARGES_E[interface.species[i]]
        for name, total in self.ion_totals_e.items():
            members = np.asarray(interface.groups.get(f"ion_{name}", []), dtype=int)
            charges[members] = total / max(len(members), 1)
        wet = self._wet_metal(interface)
        if len(wet):
            charges[wet] = -sum(self.ion_totals_e.values()) / len(wet)
        return charges.tolist()

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
