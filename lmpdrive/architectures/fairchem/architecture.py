"""eSEN and UMA in the same process as LAMMPS, through fairchem.

    potential:
      architecture: fairchem
      model: esen-sm-conserving-all-oc25       # or uma-s-1p1 with task: oc25, or ./checkpoint.pt

Fu et al., ICML 2025 (eSEN); Wood et al., 2025 (UMA).  fairchem-core 2.24.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from lmpdrive.architectures import (
    DOUBLE,
    SINGLE,
    Evaluator,
    Interface,
    Limits,
    PackageCalculator,
    Problem,
    ReceptiveField,
    card_beside,
    element_problems,
)
from lmpdrive.architectures.fairchem import checkpoint, hub
from lmpdrive.architectures.fairchem.evaluator import FairchemEvaluator, calculator
from lmpdrive.environments import Interpreter, Recipe
from lmpdrive.errors import ModelError, did_you_mean

LINK = "model.pt"
"""Name of the checkpoint in a run directory."""


class Fairchem(PackageCalculator):
    """Energy-conserving models of fairchem: eSEN, UMA."""

    title: ClassVar[str] = "fairchem through fix external"
    python_module: ClassVar[str | None] = "fairchem"
    environment: ClassVar[Recipe | None] = Recipe(
        family="fairchem",
        # what inference on a CPU imports; fairchem-core itself asks for CUDA packages on every machine
        requirements=(
            "backoff",
            "dftd3>=1.7",
            "huggingface-hub>=0.27.1",
            "hydra-core>=1.3",
            "monty>=2026.2.18",
            "omegaconf",
            "opt_einsum_fx",
            "psutil",
            "pyre-extensions",
            "requests",
            "setuptools<81",
            "submitit>=1.5.4",
            "sympy",
            "tabulate",
            "tqdm",
            "wandb",
        ),
        cuda=("fairchem-core==2.24.0",),
        torch="torch==2.13.0",
        no_deps=("fairchem-core==2.24.0", "e3nn>=0.5", "torchtnt"),
        size_GB=2.0,
        cuda_size_GB=8.0,
        imports=("torch", "fairchem.core.units.mlip_unit", "fairchem.core.calculate.ase_calculator"),
    )

    model: str
    """Name of a model on the Hugging Face hub, or an inference checkpoint (`.pt`)."""
    task: str | None = None
    """Task (data set) whose level of theory is meant, e.g. oc25, omat, omol; default: the only one of the model."""
    charge: int = Field(default=0, ge=-100, le=100)
    """Total charge [e]; used only by models and tasks trained with charges (omol)."""
    spin: int | None = Field(default=None, ge=0, le=100)
    """Spin multiplicity; default: 1 with the task omol, else 0 (not used)."""
    dtype: Literal["float32", "float64"] = "float32"
    """Precision of the model."""
    settings: dict[str, Any] = {}
    """Further fields of fairchem's InferenceSettings, e.g. `{compile: true, tf32: true}`."""
    committee: list[str] = []
    """Further models, named like `model`; their deviation goes to `model_devi.out`."""

    @property
    def own_modules(self) -> tuple[str, ...]:
        """fairchem's."""
        return ("fairchem.core",)

    @property
    def _is_name(self) -> bool:
        return not self.model.endswith(".pt") and "/" not in self.model

    def resolve(self, folder: Path) -> Fairchem:
        """A copy with absolute checkpoints."""
        model = self.model if self._is_name else str((folder / self.model).resolve())
        return self.model_copy(update={"model": model, "committee": self.resolved_committee(folder)})

    def model_elements(self) -> Sequence[str] | None:
        """From the card if its hash fits, else from the reference energies, where an interpreter has fairchem."""
        card = self.card()
        if card and card.get("elements"):
            return tuple(card["elements"])
        found = self._contents()
        return found.elements.get(checkpoint.choose_task(found.tasks, self.task)) if found else None

    def receptive_field(self) -> ReceptiveField | None:
        """Cutoff x layers of the backbone, from a local checkpoint, where an interpreter has fairchem."""
        found = self._contents()
        return ReceptiveField.of(found.reach[0], int(found.reach[1])) if found and found.reach else None

    @property
    def total_charge_e(self) -> int | None:
        """The key `charge`, for omol, the task whose data have charges."""
        task = self.task or next(iter(hub.tasks_of(self.model)), None)
        return self.charge if task == "omol" else None

    def _contents(self) -> checkpoint.Contents | None:
        """Contents of the checkpoint; None where no interpreter has fairchem, or it comes from the hub."""
        if self._is_name:
            return None
        interpreter = self.interpreter()
        if interpreter.missing:
            return None
        return _contents_of(interpreter, self.model)

    def model_problems(self, interface: Interface | None) -> list[Problem]:
        """A missing file or unknown name, a wrong task, forces that are not a gradient, unknown elements."""
        try:
            if self._is_name:
                self._check_name()
                return []
            if not Path(self.model).is_file():
                raise ModelError(
                    f"potential.model: there is no file {self.model}. Give an inference checkpoint of fairchem, or a "
                    f"name on the hub: {', '.join(hub.NAMES)}"
                )
            found = self._contents()
            if found is None:
                return []
            checkpoint.check(found, self.settings)
            known = found.elements.get(checkpoint.choose_task(found.tasks, self.task))
        except ModelError as error:
            return [Problem("error", str(error))]
        if interface is None or known is None:
            return []
        return element_problems(interface.elements, known, Path(self.model).name)

    def _check_name(self) -> None:
        """Raise ModelError unless the hub has such a model, of a kind that conserves energy."""
        if self.model in hub.DIRECT:
            raise ModelError(f"potential.model: {self.model} {checkpoint.NOT_CONSERVING}")
        if self.model not in hub.NAMES:
            raise ModelError(
                f"potential.model: fairchem has no model '{self.model}'"
                f"{did_you_mean(self.model, hub.NAMES) or '.'} Names: {', '.join(hub.NAMES)}; "
                "a file is written ./checkpoint.pt"
            )
        tasks = hub.tasks_of(self.model)
        if tasks:
            checkpoint.choose_task(tasks, self.task)

    def model_files(self) -> dict[str, Path]:
        """The checkpoint, but for one that comes from the hub."""
        return {} if self._is_name else {LINK: Path(self.model)}

    def card(self) -> dict[str, Any] | None:
        """`card.yaml` beside the checkpoint, if it describes this very file."""
        return None if self._is_name else card_beside(Path(self.model))

    def first(self, run_dir: Path, device: str) -> Evaluator:
        """The loaded model."""
        local = run_dir / LINK
        unit, task = self._load(str(local) if local.exists() else self.model, device)
        return FairchemEvaluator(unit, task, self.charge, self.spin)

    def own_calculator(self) -> Any:
        """fairchem's own ASE calculator at the same precision, on the CPU."""
        return calculator(*self._load(self.model, "cpu"), self.charge, self.spin)

    def limits(self) -> Limits:
        """By precision."""
        return DOUBLE if self.dtype == "float64" else SINGLE

    def _load(self, model: str, device: str) -> tuple[Any, str]:
        path = hub.download(model) if self._is_name and model == self.model else model
        return checkpoint.load(path, device, self.task, {"base_precision_dtype": self.dtype, **self.settings})


@cache
def _contents_of(interpreter: Interpreter, model: str) -> checkpoint.Contents:
    """Read once per process: another interpreter takes seconds to answer."""
    return checkpoint.Contents(**interpreter.call(f"{checkpoint.__name__}:contents", model))
