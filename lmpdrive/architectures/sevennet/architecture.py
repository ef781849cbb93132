"""SevenNet in the same process as LAMMPS; real pretrained weights come with its package.

    potential:
      architecture: sevennet
      model: 7net-0                 # 89 elements, PBE; or another name, or ./checkpoint.pth

Park et al., J. Chem. Theory Comput. 2024 (SevenNet).  sevenn 0.13.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from lmpdrive.architectures import (
    Evaluator,
    Interface,
    PackageCalculator,
    Problem,
    ReceptiveField,
    card_beside,
    element_problems,
)
from lmpdrive.architectures.sevennet import checkpoint
from lmpdrive.architectures.sevennet.evaluator import edge_evaluator
from lmpdrive.environments import Interpreter, Recipe
from lmpdrive.errors import ModelError, did_you_mean

LINK = "model.pth"
"""Name of the checkpoint in a run directory."""


class SevenNet(PackageCalculator):
    """SevenNet checkpoints, pretrained or your own."""

    title: ClassVar[str] = "SevenNet through fix external"
    precision: ClassVar[str] = "float32"
    python_module: ClassVar[str | None] = "sevenn"
    environment: ClassVar[Recipe | None] = Recipe(
        family="sevennet",
        requirements=("sevenn==0.13.0", "vesin>=0.3", "dftd3>=1.7", "torch-pme>=0.5"),
        torch="torch==2.13.0",
        size_GB=2.0,
        cuda_size_GB=7.0,
        imports=("torch", "vesin", "sevenn.checkpoint"),
    )
    trial: ClassVar[dict[str, Any] | None] = {"model": "7net-0"}

    model: str
    """Name of a pretrained model (`7net-0`), or a checkpoint that `sevenn train` wrote."""
    modal: str | None = None
    """Level of theory of a multi-fidelity model, e.g. `mpa` or `omat24` of 7net-mf-ompa."""
    committee: list[str] = []
    """Further models, named like `model`; their deviation goes to `model_devi.out`."""

    @property
    def own_modules(self) -> tuple[str, ...]:
        """SevenNet's, and the neighbour list of its evaluator."""
        return ("sevenn", "vesin")

    @property
    def _is_name(self) -> bool:
        return self.model.lower().startswith(checkpoint.PREFIXES) and not Path(self.model).exists()

    def resolve(self, folder: Path) -> SevenNet:
        """A copy with absolute checkpoints."""
        path = (folder / self.model).resolve()
        model = self.model if self._is_name and not path.exists() else str(path)
        return self.model_copy(update={"model": model, "committee": self.resolved_committee(folder)})

    def model_elements(self) -> Sequence[str] | None:
        """From the card if its hash fits, else from the checkpoint, where an interpreter has sevenn to read it."""
        card = self.card()
        if card and card.get("elements"):
            return tuple(card["elements"])
        contents = self._contents()
        return tuple(contents["elements"]) if contents else None

    def receptive_field(self) -> ReceptiveField | None:
        """Cutoff x convolution layers, from the checkpoint, where an interpreter has sevenn to read it."""
        contents = self._contents()
        return ReceptiveField.of(*contents["reach"]) if contents else None

    def _contents(self) -> dict[str, Any] | None:
        """Contents of the checkpoint; None where no interpreter has sevenn, or it would have to be downloaded."""
        if self._is_name and self.model.lower() not in checkpoint.IN_THE_PACKAGE:
            return None
        interpreter = self.interpreter()
        return None if interpreter.missing else _contents_of(interpreter, self.model)

    def model_problems(self, interface: Interface | None) -> list[Problem]:
        """A missing file or unknown name, a wrong `modal`, elements that the model does not know."""
        if self._is_name:
            if self.model.lower() not in checkpoint.NAMES:
                said = f"no pretrained model '{self.model}'{did_you_mean(self.model.lower(), checkpoint.NAMES) or '.'}"
                return [Problem("error", f"potential.model: {said} Names: {', '.join(checkpoint.NAMES)}")]
        elif not Path(self.model).is_file():
            return [
                Problem(
                    "error",
                    f"potential.model: there is no file {self.model}. Give a checkpoint that `sevenn train` wrote, or "
                    f"a pretrained model: {', '.join(checkpoint.NAMES)}",
                )
            ]
        try:
            contents = self._contents()
            if contents is not None:
                checkpoint.check_modal(contents["modals"], self.modal)
        except ModelError as error:
            return [Problem("error", str(error))]
        if interface is None or contents is None:
            return []
        return element_problems(interface.elements, contents["elements"], self.model)

    def model_files(self) -> dict[str, Path]:
        """The checkpoint, but for a pretrained one."""
        return {} if self._is_name else {LINK: Path(self.model)}

    def card(self) -> dict[str, Any] | None:
        """`card.yaml` beside the checkpoint, if it describes this very file."""
        return None if self._is_name else card_beside(Path(self.model))

    def first(self, run_dir: Path, device: str) -> Evaluator:
        """The model on edge vectors, in single precision as it was trained."""
        local = run_dir / LINK
        return edge_evaluator(str(local) if local.exists() else self.model, self.modal, device)

    def own_calculator(self) -> Any:
        """SevenNet's own ASE calculator, on the CPU."""
        from sevenn.calculator import SevenNetCalculator

        return SevenNetCalculator(self.model, device="cpu", modal=self.modal)


@cache
def _contents_of(interpreter: Interpreter, model: str) -> dict[str, Any]:
    """Read once per process: another interpreter takes seconds to answer."""
    return interpreter.call(f"{checkpoint.__name__}:contents", model)
