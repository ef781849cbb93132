"""Models in the metatomic format in the same process as LAMMPS: PET-MAD, and all that metatrain exports.

    potential:
      architecture: metatomic
      model: ./pet-mad.pt

Mazitov et al., Nat. Commun. 16, 10653 (2025) (PET-MAD).  https://docs.metatensor.org/metatomic
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from lmpdrive.architectures import (
    DOUBLE,
    SINGLE,
    AseEvaluator,
    Evaluator,
    Interface,
    Limits,
    PackageCalculator,
    Problem,
    ReceptiveField,
    card_beside,
    element_problems,
)
from lmpdrive.architectures.metatomic import model as exported
from lmpdrive.common.hashing import sha256
from lmpdrive.environments import Interpreter, Recipe
from lmpdrive.errors import ConfigError, InstallError, ModelError

LINK = "model.pt"
"""Name of the model in a run directory."""


class Metatomic(PackageCalculator):
    """An exported model, whatever architecture it has inside."""

    title: ClassVar[str] = "metatomic through fix external"
    environment: ClassVar[Recipe | None] = Recipe(
        family="metatomic",
        requirements=("metatomic-torch==0.1.19", "metatomic-ase==0.1.4", "dftd3>=1.7", "torch-pme>=0.5", "vesin>=0.3"),
        torch="torch==2.13.0",
        size_GB=1.9,
        cuda_size_GB=7.0,
        imports=("torch", "metatomic_ase"),
    )

    model: Path
    """Exported model, `.pt`."""
    variant: str | None = None
    """Which of its energies, where it has several (levels of theory); default: the one without a name."""
    extensions: Path | None = None
    """Folder of the TorchScript extensions that were collected when it was exported."""
    committee: list[Path] = []
    """Further models, files like `model`; their deviation goes to `model_devi.out`."""

    @property
    def own_modules(self) -> tuple[str, ...]:
        """metatomic's."""
        return ("metatomic.torch", "metatomic_ase")

    @property
    def precision(self) -> str:  # type: ignore[override]
        """As the model says; "" where it cannot be asked."""
        try:
            contents = self._contents()
        except (ModelError, InstallError, ConfigError):
            contents = None
        return contents["dtype"] if contents else ""

    def resolve(self, folder: Path) -> Metatomic:
        """A copy with absolute file names."""
        extensions = (folder / self.extensions).resolve() if self.extensions else None
        update = {"model": (folder / self.model).resolve(), "committee": self.resolved_committee(folder)}
        return self.model_copy(update=update | {"extensions": extensions})

    def model_elements(self) -> Sequence[str] | None:
        """From the model, where an interpreter has metatomic to read it."""
        contents = self._contents()
        return tuple(contents["elements"]) if contents else None

    def receptive_field(self) -> ReceptiveField | None:
        """The model's interaction range, where an interpreter has metatomic to read it."""
        contents = self._contents()
        return exported.reach(contents) if contents else None

    def _contents(self) -> dict[str, Any] | None:
        """What the model says; None where no interpreter has metatomic."""
        interpreter = self.interpreter()
        if interpreter.missing:
            return None
        extensions = str(self.extensions) if self.extensions else None
        return _contents_of(interpreter, str(self.model), extensions, sha256(self.model))

    def model_problems(self, interface: Interface | None) -> list[Problem]:
        """A missing file, a wrong variant, inputs that a run does not have, elements that the model does not know."""
        missing = [path for path in (self.model, self.extensions) if path is not None and not path.exists()]
        if missing:
            return [Problem("error", f"potential: there is no file {path}") for path in missing]
        try:
            contents = self._contents()
        except ModelError as error:
            return [Problem("error", f"potential.model: {error}")]
        if contents is None:
            return []
        found = []
        if wrong := exported.wrong_variant(contents["variants"], self.variant):
            found.append(Problem("error", wrong))
        if contents["inputs"]:
            asks = ", ".join(contents["inputs"])
            text = f"potential.model: {self.model.name} asks for {asks}, which lmpdrive does not pass to it."
            found.append(Problem("error", f"{text} Export it without, or use another model."))
        if interface is not None:
            found += element_problems(interface.elements, contents["elements"], self.model.name)
        return found

    def model_files(self) -> dict[str, Path]:
        """The model, and its extensions if it has any."""
        return {LINK: self.model} | ({"extensions": self.extensions} if self.extensions else {})

    def card(self) -> dict[str, Any] | None:
        """`card.yaml` beside the model, if it describes this very file."""
        return card_beside(self.model)

    def limits(self) -> Limits:
        """By the model's precision."""
        return DOUBLE if self.precision == "float64" else SINGLE

    def first(self, run_dir: Path, device: str) -> Evaluator:
        """metatomic's calculator.  Raises ModelError if the model cannot be read."""
        return AseEvaluator(self._calculator_in(run_dir, None if device == "auto" else device))

    def own_calculator(self) -> Any:
        """metatomic's ASE calculator, on the CPU."""
        return self._calculator_in(Path("/nonexistent"), "cpu")

    def _calculator_in(self, run_dir: Path, device: str | None) -> Any:
        here = {n: local if (local := run_dir / n).exists() else path for n, path in self.model_files().items()}
        extensions = str(here["extensions"]) if "extensions" in here else None
        return exported.calculator(str(here[LINK]), extensions, self.variant, device)


@cache
def _contents_of(interpreter: Interpreter, model: str, extensions: str | None, _digest: str) -> dict[str, Any]:
    """Read once per process and file content: another interpreter takes seconds to answer."""
    return interpreter.call(f"{exported.__name__}:contents", model, extensions)
