"""fairchem in the worker: a predict unit as an evaluator, and fairchem's own ASE calculator to compare with.

Units as fairchem's: Å, eV, eV/Å, stress in eV/Å³.
"""

from __future__ import annotations

from typing import Any

from ase import Atoms

from lmpdrive.architectures import Configuration, Evaluation
from lmpdrive.errors import ModelError


def _spin(task: str, spin: int | None) -> int:
    """fairchem's own default where none is given."""
    return spin if spin is not None else int(task == "omol")


class FairchemEvaluator:
    """A predict unit as an `Evaluator`: energy with its references added in double precision."""

    def __init__(self, unit: Any, task: str, charge: int, spin: int | None) -> None:
        from fairchem.core import FAIRChemCalculator

        self.unit = unit
        self._info = {"charge": charge, "spin": _spin(task, spin)}
        self._graph = FAIRChemCalculator(unit, task_name=task).a2g
        tasks = {t.property: t for t in unit.dataset_to_tasks[task]}
        missing = {"energy", "forces", "stress"} - set(tasks)
        if missing:
            raise ModelError(f"the task {task} of this model does not give {', '.join(sorted(missing))}")
        references = tasks["energy"].element_references
        self._references = None if references is None else references.element_references.double().cpu().numpy()

    def __call__(self, configuration: Configuration) -> Evaluation:
        """Energy, forces, and the virial from the stress."""
        atoms = Atoms(
            configuration.numbers,
            configuration.positions,
            cell=configuration.cell,
            pbc=configuration.pbc,
            info=self._info,
        )
        answer = self.unit.predict(self._graph(atoms), undo_element_references=False)
        energy, forces, stress = (answer[p].detach().double().cpu().numpy() for p in ("energy", "forces", "stress"))
        constant = 0.0 if self._references is None else float(self._references[configuration.numbers].sum())
        return Evaluation(float(energy[0]) + constant, forces, -stress.reshape(3, 3) * atoms.get_volume())


def calculator(unit: Any, task: str, charge: int, spin: int | None) -> Any:
    """fairchem's own ASE calculator, for atoms of this charge and spin."""
    from fairchem.core import FAIRChemCalculator

    class Calculator(FAIRChemCalculator):
        def calculate(self, atoms: Any, properties: Any, system_changes: Any) -> None:
            atoms.info.update(charge=charge, spin=_spin(task, spin))
            super().calculate(atoms, properties, system_changes)

    return Calculator(unit, task_name=task)
