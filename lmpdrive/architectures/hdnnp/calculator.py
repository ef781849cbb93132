"""Energy, forces and virial of a 2G model: symmetry functions, networks, and the chain rule back to pairs of atoms."""

from __future__ import annotations

from typing import Any

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.data import atomic_numbers
from ase.stress import full_3x3_to_voigt_6_stress
from numpy.typing import NDArray

from lmpdrive.architectures.hdnnp.model import Model
from lmpdrive.architectures.hdnnp.symmetry_functions import tables
from lmpdrive.architectures.shared.neighbour_list import Neighbours, neighbours
from lmpdrive.errors import ModelError

Array = NDArray[np.float64]


class HdnnpCalculator(Calculator):
    """ASE calculator of a 2G model.

    length_A, energy_eV : the model's units.
    most_extrapolations : symmetry functions outside of the training data in one structure; more raise ModelError.
    """

    implemented_properties = ["energy", "energies", "forces", "stress"]

    def __init__(self, model: Model, length_A: float, energy_eV: float, most_extrapolations: int) -> None:
        super().__init__()
        from lmpdrive.architectures.hdnnp import kernel

        self.model, self.length_A, self.energy_eV = model, length_A, energy_eV
        self.most_extrapolations, self._kernel = most_extrapolations, kernel
        self._tables = (*tables(model.functions), model.cutoff_type, model.inner_cutoff)
        self._columns = max(len(own) for own in model.functions)

    def calculate(self, atoms: Any = None, properties: Any = ("energy",), system_changes: Any = all_changes) -> None:
        """All of them.  Raises ModelError for an unknown element, or too many extrapolations."""
        super().calculate(atoms, properties, system_changes)
        positions, cell = self.atoms.positions / self.length_A, np.asarray(self.atoms.cell) / self.length_A
        if self.atoms.cell.rank < 3:  # directions without a vector are not periodic either
            cell = np.asarray(self.atoms.cell.complete()) / self.length_A
        species = self._species(self.atoms.numbers)
        near = neighbours(positions, cell, self.atoms.pbc, self.model.cutoff)
        energies, pairs = self._energies_and_gradients(near, species)
        forces = _summed(pairs, near.centre, len(species)) - _summed(pairs, near.neighbour, len(species))
        self.results = {
            "energies": energies * self.energy_eV,
            "energy": float(energies.sum()) * self.energy_eV,
            "forces": forces * self.energy_eV / self.length_A,
        }
        if self.atoms.cell.rank == 3:
            strain = near.vectors.T @ pairs * self.energy_eV
            strain = (strain + strain.T) / 2
            self.results["stress"] = full_3x3_to_voigt_6_stress(strain / self.atoms.get_volume())

    def _species(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        known = {atomic_numbers[e]: k for k, e in enumerate(self.model.elements)}
        unknown = set(numbers.tolist()) - set(known)
        if unknown:
            raise ModelError(f"the model knows {', '.join(self.model.elements)}, not the atomic number {min(unknown)}")
        return np.array([known[z] for z in numbers.tolist()], dtype=np.int64)

    def _energies_and_gradients(self, near: Neighbours, species: NDArray[np.int64]) -> tuple[Array, Array]:
        """Energy of each atom, and dE/d(vector) of each pair."""
        pairs, functions = self.symmetry_functions(near, species)
        energies, slopes, outside = np.empty(len(species)), np.zeros_like(functions), 0
        for element, (scaling, network) in enumerate(zip(self.model.scaling, self.model.networks, strict=True)):
            own = np.flatnonzero(species == element)
            values = functions[own, : len(scaling.factor)]
            outside += int(((values < scaling.lowest) | (values > scaling.highest)).sum())
            energy, gradient = network.energies(scaling.offset + scaling.factor * (values - scaling.origin))
            energies[own] = energy * self.model.energy_unit + self.model.offsets[element]
            slopes[own, : len(scaling.factor)] = gradient * scaling.factor * self.model.energy_unit
        if outside > self.most_extrapolations:
            raise ModelError(
                f"{outside} symmetry functions are outside of the training data; most_extrapolations is "
                f"{self.most_extrapolations}"
            )
        gradients = np.zeros_like(near.vectors)
        self._kernel.gradients(pairs, self._tables, slopes, gradients)
        return energies, gradients

    def symmetry_functions(self, near: Neighbours, species: NDArray[np.int64]) -> tuple[Any, Array]:
        """What the kernel must know of the pairs, and the values (n, functions) before scaling."""
        shape = self._kernel.lengths_and_cutoffs(near.vectors, *self._tables[-3:])
        pairs = (near.first, near.neighbour, near.vectors, species, *shape)
        values = np.zeros((len(species), self._columns))
        self._kernel.values(pairs, self._tables, values)
        return pairs, values


def _summed(values: Array, index: NDArray[np.int64], n: int) -> Array:
    """Sum of the rows of each index, (n, 3)."""
    return np.stack([np.bincount(index, values[:, x], minlength=n) for x in range(3)], axis=1)
