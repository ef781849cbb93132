"""Labelled frames for trainings of seconds: water of a simple potential, with any ions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import molecule
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write

CELL_A = 7.0


class Pairs(Calculator):
    """E = Σ exp(-r / 0.4 Å) eV over all pairs, nearest images."""

    implemented_properties = ("energy", "forces")

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        vectors = atoms.get_all_distances(mic=True, vector=True)
        distances = np.linalg.norm(vectors, axis=2) + 1e9 * np.eye(len(atoms))
        pair = np.exp(-distances / 0.4)
        forces = -(pair / 0.4 / distances)[..., None] * vectors
        self.results = {"energy": pair.sum() / 2, "forces": forces.sum(axis=1)}


def frame(rng: np.random.Generator, waters: int, ions: str = "") -> Atoms:
    """A periodic cube with waters on a grid, ions on further places, everything shaken by 0.1 Å."""
    places = CELL_A / 2 * (rng.permutation([*np.ndindex(2, 2, 2)]) + 0.5)
    atoms = Atoms(cell=[CELL_A] * 3, pbc=True)
    for place in places[:waters]:
        one = molecule("H2O")
        one.translate(place - one.positions[0])
        atoms += one
    ion = Atoms(ions)
    ion.positions = places[waters : waters + len(ion)]
    atoms += ion
    atoms.positions += rng.normal(scale=0.1, size=(len(atoms), 3))
    return atoms


def labelled(n: int, waters: int = 2, ions: str = "", seed: int = 1) -> list[Atoms]:
    """n frames with labels as ASE reads them."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        atoms = frame(rng, waters, ions)
        calculator = Pairs()
        atoms.calc = calculator
        energy, forces = atoms.get_potential_energy(), atoms.get_forces()
        atoms.calc = SinglePointCalculator(atoms, energy=energy, forces=forces)
        found.append(atoms)
    return found


def written(path: Path, *groups: list[Atoms]) -> Path:
    """All of them as one extended XYZ file."""
    write(path, [atoms for group in groups for atoms in group], format="extxyz")
    return path
