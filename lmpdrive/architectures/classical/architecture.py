"""Classical baseline: flexible SPC/Fw water, Joung-Cheatham ions, Lennard-Jones metal.

Needs nothing but LAMMPS.  Ions are balanced by a charge spread over the wet metal layer, or by an
equipotential electrode (LAMMPS' ELECTRODE package).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from lmpdrive.architectures import Architecture, Interface, Native, Problem, ReceptiveField, element_problems
from lmpdrive.architectures.classical import force_field as ff
from lmpdrive.common.units import KCAL_PER_MOL_EV
from lmpdrive.common.values import Values


class PairParameters(Values):
    """Lennard-Jones parameters of two unlike elements, as papers print them."""

    epsilon_kcal_per_mol: Annotated[float, Field(ge=0, le=100)]
    """Depth of the well."""
    sigma_A: Annotated[float, Field(gt=0, le=10)]
    """Distance at which the energy is zero."""


class Classical(Architecture):
    """Flexible water, ions and metal with published Lennard-Jones parameters."""

    template: ClassVar[str] = "classical.lmp.j2"
    couplings: ClassVar = (Native("lj/cut/coul/long", needs=("KSPACE", "MOLECULE")),)
    atom_style: ClassVar[Literal["atomic", "full"]] = "full"
    plugins: ClassVar[bool] = False
    title: ClassVar[str] = "classical: SPC/Fw water, Joung-Cheatham ions, Lennard-Jones metal (Heinz)"
    precision: ClassVar[str] = "float64"

    reactive: ClassVar[bool] = False
    trial: ClassVar[dict[str, Any] | None] = {}

    cutoff_A: Annotated[float, Field(ge=2, le=50)] = 9.0
    """Lennard-Jones and real-space Coulomb cutoff; SPC/Fw was parametrised with 9 Å."""
    kspace_accuracy: Annotated[float, Field(ge=1e-8, le=0.1)] = 1e-4
    """Relative accuracy of the long-range forces."""
    electrode: Literal["none", "constant-charge", "constant-potential"] = "none"
    """Metal as fixed surface charge, or as an equipotential electrode."""
    voltage_V: float = 0.0
    """Potential between the two faces of the slab, for constant-potential (two-sided cells)."""
    electrode_eta_per_A: Annotated[float, Field(ge=0.1, le=100)] = 1.979
    """Reciprocal width of the electrode's Gaussian charges (LAMMPS' ELECTRODE examples)."""

    pairs: dict[str, PairParameters] = {}
    """Parameters of unlike pairs in place of the shipped ones: {Na-Au: {epsilon_kcal_per_mol: ..., sigma_A: ...}}."""

    @field_validator("pairs")
    @classmethod
    def _two_elements(cls, pairs: dict[str, PairParameters]) -> dict[str, PairParameters]:
        for name in pairs:
            elements = name.split("-")
            unknown = [e for e in elements if e not in ff.LENNARD_JONES]
            if len(elements) != 2 or unknown or elements[0] == elements[1]:
                raise ValueError(
                    f"'{name}' is not a pair of two different elements of this potential, like Na-Au. "
                    f"It has {', '.join(sorted(ff.LENNARD_JONES))}."
                )
        return pairs

    def styles(self) -> dict[str, list[str]]:
        """LAMMPS styles the deck uses."""
        used = {
            "pair": ["lj/cut/coul/long"],
            "bond": ["harmonic"],
            "angle": ["harmonic"],
            "kspace": ["pppm" if self.electrode == "none" else "pppm/electrode"],
        }
        fixes = {"constant-charge": ["electrode/conq"], "constant-potential": ["electrode/conp"]}
        return used | {"fix": fixes.get(self.electrode, [])}

    def model_elements(self) -> Sequence[str]:
        """Elements with parameters."""
        return sorted(ff.LENNARD_JONES)

    @property
    def conserves(self) -> bool:
        """Not with `constant-potential`: LAMMPS does not count the work of the battery on the electrode."""
        return self.electrode != "constant-potential"

    def receptive_field(self) -> ReceptiveField:
        """Unlimited: the Coulomb sums are long-ranged."""
        return ReceptiveField.unlimited()

    def problems(self, interface: Interface | None) -> list[Problem]:
        """Elements without parameters, broken water, charges that nothing balances."""
        if interface is None:
            return []
        found = element_problems(interface.elements, self.model_elements(), "classical")
        if found:
            return found
        in_water = len(interface.groups.get("water", []))
        n_water_atoms = sum(s in ("O", "H") for s in interface.species)
        if in_water != n_water_atoms:
            found.append(
                Problem(
                    "error",
                    f"{n_water_atoms - in_water} O and H atoms belong to no water molecule: the classical potential "
                    "has intact water only. Use a reactive potential, or remove hydroxide and hydronium.",
                )
            )
        ion_charge = self._ion_charge_e(interface)
        if ion_charge and not len(interface.groups.get("metal", [])):
            found.append(
                Problem("error", f"the ions carry {ion_charge:+d} e and no metal balances them: add counter-ions.")
            )
        if self.electrode == "constant-potential":
            if ion_charge:
                found.append(
                    Problem(
                        "error",
                        f"constant-potential keeps the metal neutral, but the ions carry {ion_charge:+d} e: "
                        "add counter-ions, or use electrode: constant-charge.",
                    )
                )
            if not interface.two_sided:
                found.append(
                    Problem(
                        "error",
                        "constant-potential needs a two-sided cell (system.build.vacuum_A: 0): "
                        "the voltage lies between the two wet faces of the slab.",
                    )
                )
        return found

    def _ion_charge_e(self, interface: Interface) -> int:
        return sum(ff.ION_CHARGES_E.get(s, 0) for s in interface.species)

    def charges_e(self, interface: Interface) -> Sequence[float]:
        """Charges [e]: water and ions as published, minus the ions' sum on the wet metal layers."""
        table = ff.WATER_CHARGES_E | ff.ION_CHARGES_E
        charges = np.array([table.get(s, 0.0) for s in interface.species], dtype=float)
        wet = self._wet_metal(interface)
        if len(wet):
            charges[wet] = -self._ion_charge_e(interface) / len(wet)
        return charges.tolist()

    def _wet_metal(self, interface: Interface) -> np.ndarray:
        layers = _layers(interface)
        if not layers:
            return np.array([], dtype=int)
        wet = [interface.groups[layers[-1]]]
        if interface.two_sided and len(layers) > 1:
            wet.append(interface.groups[layers[0]])
        return np.concatenate(wet)

    def lennard_jones(self, element: str) -> ff.LennardJones:
        """Parameters of an element."""
        return ff.LENNARD_JONES[element]

    def unlike(self, one: str, other: str) -> ff.LennardJones | None:
        """Parameters of a pair that does not follow Lorentz and Berthelot; None if it does."""
        for name in (f"{one}-{other}", f"{other}-{one}"):
            if name in self.pairs:
                return ff.LennardJones(*self.pairs[name].model_dump().values())
        return ff.unlike(one, other)

    def context(self, interface: Interface) -> dict[str, Any]:
        """Lennard-Jones rows and bonded terms in eV."""
        types = list(enumerate(interface.elements, start=1))
        rows = [{"types": (i, i), "elements": e} | _in_eV(self.lennard_jones(e)) for i, e in types]
        for (i, one), (j, other) in combinations(types, 2):
            if parameters := self.unlike(one, other):
                rows.append({"types": (i, j), "elements": f"{one}-{other}"} | _in_eV(parameters))
        groups = interface.groups
        layers = _layers(interface)
        half = len(layers) // 2
        return {
            "lj": rows,
            # k-space sums refuse a system without charges
            "charged": any(self.charges_e(interface)) or self.electrode != "none",
            "waters": len(groups.get("water", [])) // 3,
            "bond": {"k_eV_per_A2": ff.BOND_K_KCAL_PER_MOL_A2 * KCAL_PER_MOL_EV, "r0_A": ff.BOND_R0_A},
            "angle": {
                "k_eV_per_rad2": ff.ANGLE_K_KCAL_PER_MOL_RAD2 * KCAL_PER_MOL_EV,
                "theta0_deg": ff.ANGLE_THETA0_DEG,
            },
            "slab": len(groups.get("metal", [])) > 0 and interface.vacuum_along_z,
            "electrode": None if self.electrode == "none" else self.electrode,
            "metal_charge_e": -float(self._ion_charge_e(interface)),
            "layers_low": layers[:half],
            "layers_high": layers[half:],
        }


def _in_eV(parameters: ff.LennardJones) -> dict[str, float]:
    return {
        "epsilon_eV": parameters.epsilon_kcal_per_mol * KCAL_PER_MOL_EV,
        "sigma_A": parameters.sigma_A,
    }


def _layers(interface: Interface) -> list[str]:
    """Names of the metal layers' groups, bottom to top."""
    return sorted((n for n in interface.groups if n.startswith("layer_")), key=lambda n: int(n[6:]))
