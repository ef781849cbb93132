"""What a model must answer to drive LAMMPS from Python: energy, forces and virial of a configuration.

Units: Å, eV, eV/Å.  Sign and convention of the virial: W = Σ_i r_i ⊗ f_i = -dE/dε (strain ε), the negative
of ASE's stress times the volume.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Configuration:
    """Atoms as LAMMPS holds them at one step; the order may differ from step to step.

    numbers : (n,) atomic numbers.
    positions : (n, 3) Å from the corner of the cell; they may lie slightly outside of it.
    cell : (3, 3) Å, rows are the cell vectors.
    pbc : (3,) whether each direction is periodic.
    step : of the run; a minimisation counts its own.
    """

    numbers: NDArray[np.int64]
    positions: Array
    cell: Array
    pbc: tuple[bool, bool, bool]
    step: int = 0


@dataclass(frozen=True)
class Evaluation:
    """What the model says.

    energy_eV : total potential energy.
    forces : (n, 3) eV/Å, in the order of the configuration.
    virial : (3, 3) eV.
    energies_eV : (n,) per atom, or None if the model has no such thing.
    """

    energy_eV: float
    forces: Array
    virial: Array
    energies_eV: Array | None = None


class Evaluator(Protocol):
    """A loaded model.  Any exception it raises stops the run at that step."""

    def __call__(self, configuration: Configuration) -> Evaluation:
        """Energy, forces and virial; always all three."""


class AseEvaluator:
    """Any ASE calculator that has energy, forces and stress.

    The Atoms object is kept while the atoms stay the same, so that a calculator may keep its neighbour list.
    """

    def __init__(self, calculator: Any) -> None:
        self.calculator = calculator
        self._atoms: Any = None

    def __call__(self, configuration: Configuration) -> Evaluation:
        """Energy (force-consistent), forces, and the virial from the stress.

        Raises whatever the calculator raises, e.g. PropertyNotImplementedError without a stress.
        """
        atoms = self._atoms
        if atoms is None or not np.array_equal(atoms.numbers, configuration.numbers):
            atoms = self._atoms = Atoms(configuration.numbers, pbc=configuration.pbc)
            atoms.calc = self.calculator
        atoms.cell[:] = configuration.cell
        atoms.positions[:] = configuration.positions
        forces = atoms.get_forces(apply_constraint=False)
        try:
            energy = atoms.get_potential_energy(force_consistent=True)
        except NotImplementedError:  # ASE's PropertyNotImplementedError: no free energy, so one energy only
            energy = atoms.get_potential_energy()
        stress = atoms.get_stress(voigt=False, apply_constraint=False)
        return Evaluation(float(energy), np.asarray(forces, float), -np.asarray(stress, float) * atoms.get_volume())
