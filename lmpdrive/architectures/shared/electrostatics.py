"""Electrostatics of fixed charges under a model that was trained on what remains of its labels without them.

    potential:
      electrostatics: {charges_e: {O: -0.82, H: 0.41, Na: 1}, balance: Au, slab: z}

A model that ends at some Å cannot know what charges do farther away; point charges do, and the model learns the rest.
The sum is the smooth particle-mesh Ewald of torch-pme, with a splitting at a fifth of the cutoff (errors near 1e-5
eV/Å), everywhere between all atoms, those of one molecule included: what is bound stays near, and the model learns
that part.  With `slab` the dipole term of Yeh, Berkowitz, J. Chem. Phys. 111, 3155 (1999), makes the images of a film
along that axis no neighbours.  https://torch-pme.readthedocs.io
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.data import atomic_numbers, chemical_symbols
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, field_validator

from lmpdrive.architectures.base.evaluator import Configuration, Evaluation, Evaluator
from lmpdrive.architectures.base.interface import Interface
from lmpdrive.architectures.base.problem import Problem
from lmpdrive.architectures.shared.sum import Sum
from lmpdrive.errors import ModelError

INSTALL = 'pip install "torch-pme>=0.5" "vesin>=0.3"'
SPLITTING = 5.0
"""Cutoff over the width of the Gaussians: at the cutoff erfc(5/√2) = 6e-7 is left of a pair."""
NODES = 7
"""Of the interpolation on the mesh, two points of which lie in the width of a Gaussian."""
LONGER = 3.0
"""A cell that is not repeated is taken so many times as long, as by LAMMPS' `kspace_modify slab 3.0`."""
NEUTRAL_E = 1e-6
NARROWEST_A = 5.0
"""A smaller gap between atoms is no vacuum."""

Array = NDArray[np.float64]
Axis = Literal["x", "y", "z"]


class Electrostatics(BaseModel):
    """Keys of `electrostatics:`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True)

    modules: ClassVar[tuple[str, ...]] = ("torchpme", "vesin")

    charges_e: Annotated[dict[str, float], Field(min_length=1)]
    """Element -> charge [e] of each of its atoms; elements that are not named have none."""
    balance: str | None = None
    """Element whose atoms share what makes the cell neutral, as the metal under ions does."""
    slab: Axis | None = None
    """Axis along which the film is no neighbour of its images; it needs vacuum, or a cell not repeated along it."""
    cutoff_A: PositiveFloat = 9.0
    """Where the sums in real and in reciprocal space meet; it changes the cost, hardly the result."""

    @field_validator("charges_e")
    @classmethod
    def _are_elements(cls, charges: dict[str, float]) -> dict[str, float]:
        if unknown := [name for name in charges if name not in atomic_numbers or name == "X"]:
            raise ValueError(f"{unknown[0]} is no element")
        return charges

    @field_validator("balance")
    @classmethod
    def _is_an_element(cls, balance: str | None) -> str | None:
        if balance is not None and (balance not in atomic_numbers or balance == "X"):
            raise ValueError(f"{balance} is no element")
        return balance

    def problems(self, interface: Interface | None, card: Mapping[str, Any] | None = None) -> list[Problem]:
        """A cell that is not neutral, and a model that was trained on other electrostatics, or on none."""
        found = []
        if interface is not None:
            try:
                self.charges_of(np.array([atomic_numbers[element] for element in interface.species]))
            except ModelError as error:
                found.append(Problem("error", str(error)))
        if card is None:
            found.append(Problem("warning", "potential.electrostatics: the model has no card that says it needs them."))
        return found

    def charges_of(self, numbers: NDArray[np.int64]) -> Array:
        """(N,) charges [e] of atoms with these atomic numbers, 0 in all.

        Raises ModelError where they are not neutral, and nothing balances them.
        """
        given = np.zeros(len(chemical_symbols))
        for element, charge in self.charges_e.items():
            given[atomic_numbers[element]] = charge
        charges: Array = given[numbers]
        total = float(charges.sum())
        if self.balance is not None:
            sharing = numbers == atomic_numbers[self.balance]
            if sharing.any():
                charges[sharing] -= total / sharing.sum()
                return charges
        if abs(total) > NEUTRAL_E:
            share = "name the metal in balance" if self.balance is None else f"there is no {self.balance} to balance it"
            raise ModelError(f"potential.electrostatics: the charges_e are {total:+.4g} e in all: {share}.")
        return charges

    def added_to(self, evaluator: Evaluator) -> Evaluator:
        """The sum of a model and the charges."""
        return Sum((evaluator, Charges(self)))

    def calculator(self, other: Any) -> Any:
        """An ASE calculator with the charges added."""
        from ase.calculators.mixing import SumCalculator

        return SumCalculator([other, ChargesCalculator(self)])


def disagreement(section: Electrostatics | None, card: Mapping[str, Any] | None) -> list[Problem]:
    """What is wrong where a model's card and the configuration do not say the same of its electrostatics."""
    content = (card or {}).get("electrostatics")
    trained = Electrostatics.model_validate(content) if content else None
    if card is None or trained == section:
        return []
    if trained is None:
        text = "the model was trained without them (its card has no `electrostatics`): take the key out."
    else:
        wanted = trained.model_dump(exclude_defaults=True)
        text = f"the model was trained on what its labels are without these charges: it needs electrostatics: {wanted}"
    return [Problem("error", f"potential.electrostatics: {text}")]


class Charges:
    """The charges as an evaluator."""

    def __init__(self, section: Electrostatics) -> None:
        self.section = section

    def __call__(self, configuration: Configuration) -> Evaluation:
        """Energy, forces and virial.  Raises ModelError for a cell that is not neutral, or not repeated as it must."""
        torch, vesin = _packages()
        atoms = self._laid_out(configuration)
        charges = torch.tensor(self.section.charges_of(configuration.numbers))[:, None]
        strain = torch.eye(3, dtype=torch.float64, requires_grad=True)
        shifted = torch.tensor(atoms.positions, requires_grad=True)
        positions, cell = shifted @ strain, torch.tensor(np.asarray(atoms.cell)) @ strain
        near = vesin.NeighborList(cutoff=self.section.cutoff_A, full_list=False)
        first, second, images = near.compute(atoms.positions, atoms.cell, True, "ijS")
        pairs = torch.tensor(np.stack([first, second], axis=1).astype(np.int64))
        between = positions[pairs[:, 1]] - positions[pairs[:, 0]] + torch.tensor(images.astype(float)) @ cell
        periodic = torch.tensor([axis != self.section.slab for axis in "xyz"])
        distances = torch.linalg.norm(between, dim=1)
        potentials = self._sums(charges, cell, positions, pairs, distances, periodic=periodic)
        energy = (charges * potentials).sum()
        energy.backward()
        return Evaluation(energy.item(), -shifted.grad.numpy(), -strain.grad.numpy())

    @cached_property
    def _sums(self) -> Any:
        import torch
        import torchpme

        width_A = self.section.cutoff_A / SPLITTING
        potential = torchpme.CoulombPotential(smearing=width_A, prefactor=torchpme.prefactors.eV_A)
        sums = torchpme.PMECalculator(potential, mesh_spacing=width_A / 2, interpolation_nodes=NODES)
        return sums.to(torch.float64)

    def _laid_out(self, configuration: Configuration) -> Configuration:
        """In one piece along the slab's axis, with a cell that may be repeated."""
        axis = None if self.section.slab is None else "xyz".index(self.section.slab)
        open_axes = [number for number, periodic in enumerate(configuration.pbc) if not periodic]
        if wrong := [number for number in open_axes if number != axis]:
            raise ModelError(
                f"potential.electrostatics: the cell is not repeated along {'xyz'[wrong[0]]}: they need one that is, "
                f"but for the axis named in slab (here {self.section.slab or 'none'})."
            )
        if axis is None:
            return configuration
        cell, positions = configuration.cell.copy(), configuration.positions
        _must_be_upright(cell, axis)
        heights = positions[:, axis]
        if open_axes:
            cell[axis, axis] = LONGER * max(cell[axis, axis], np.ptp(heights))
        else:
            positions = positions.copy()
            positions[:, axis] = in_one_piece(heights, cell[axis, axis])
        return Configuration(configuration.numbers, positions, cell, configuration.pbc, configuration.step)


class ChargesCalculator(Calculator):
    """The charges as an ASE calculator."""

    implemented_properties = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, section: Electrostatics) -> None:
        super().__init__()
        self._charges = Charges(section)

    def calculate(
        self, atoms: Any = None, properties: Any = ("energy",), system_changes: Any = tuple(all_changes)
    ) -> None:
        """ASE's interface."""
        super().calculate(atoms, properties, system_changes)
        atoms = self.atoms
        a, b, c = (bool(flag) for flag in atoms.pbc)
        answer = self._charges(Configuration(atoms.numbers, atoms.positions, atoms.cell.array, (a, b, c)))
        self.results = {"energy": answer.energy_eV, "free_energy": answer.energy_eV, "forces": answer.forces}
        if atoms.cell.rank == 3:
            stress = -answer.virial / atoms.get_volume()
            self.results["stress"] = stress.ravel()[[0, 4, 8, 5, 2, 1]]


def in_one_piece(heights: Array, length: float) -> Array:
    """(N,) heights [Å] in a repeated cell, those above the widest gap one length lower, so that a film is whole.

    Raises ModelError where there is no vacuum to cut.
    """
    inside = np.mod(heights, length)
    order = np.sort(inside)
    gaps = np.diff(order, append=order[0] + length)
    if gaps.max() < NARROWEST_A:
        raise ModelError(
            f"potential.electrostatics.slab: the widest gap along that axis is {gaps.max():.1f} Å: this is no film in "
            f"a vacuum (at least {NARROWEST_A:g} Å). Leave the key out for a liquid or a solid."
        )
    below = order[int(np.argmax(gaps))]
    return np.where(inside > below, inside - length, inside)


def _must_be_upright(cell: Array, axis: int) -> None:
    others = [number for number in range(3) if number != axis]
    if np.abs(cell[axis, others]).max() > 1e-6 or np.abs(cell[others, axis]).max() > 1e-6:
        raise ModelError(
            f"potential.electrostatics.slab: {'xyz'[axis]}: that cell vector must be perpendicular to the others."
        )


def _packages() -> tuple[Any, Any]:
    try:
        import torch
        import torchpme  # noqa: F401
        import vesin
    except ImportError as error:
        raise ModelError(f"potential.electrostatics needs torch-pme and vesin ({error}). {INSTALL}") from None
    return torch, vesin
