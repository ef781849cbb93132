"""What an architecture is: a section of the YAML, a template, and what it can say before a run.

An architecture knows its own model files and nothing of LAMMPS' inner life: the deck comes from its
template, the coupling from the engine.  Example, the whole of a new one:

    class Toy(Architecture):
        \"\"\"Lennard-Jones for everything.\"\"\"
        template = "toy.lmp.j2"
        couplings = (Native("lj/cut"),)
        epsilon_eV: float = 0.01
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self

from lmpdrive.architectures.base.evaluator import Evaluator
from lmpdrive.architectures.base.limits import SINGLE, Limits
from lmpdrive.architectures.base.receptive_field import ReceptiveField
from lmpdrive.common.hashing import sha256
from lmpdrive.common.values import Values
from lmpdrive.environments import Interpreter, Recipe, choose
from lmpdrive.errors import ConfigError, InstallError

DATA_FORMATS = (".yaml", ".yml", ".json", ".npz", ".safetensors")
"""Formats of text and numbers: reading them runs nothing (NumPy refuses pickles unless told otherwise)."""

MLIAP_PYTHON = "ML-IAP's Python interface"
"""What a LAMMPS has that was built with ML-IAP, PYTHON and `MLIAP_ENABLE_PYTHON`."""


@dataclass(frozen=True, kw_only=True)
class _Coupling:
    """What the ways from LAMMPS to a model have in common."""

    template: str = ""
    """Deck template, where it is not the architecture's."""
    title: str = ""
    """Name for reports, where it is not the architecture's."""


@dataclass(frozen=True)
class Native(_Coupling):
    """Coupling through a `pair_style` of LAMMPS itself; the deck runs with plain `lmp -in`."""

    name: ClassVar = "native"
    pair_style: str
    needs: tuple[str, ...] = ()
    """What LAMMPS must be built with (its packages), for the message when it is absent."""
    for_gpus: bool = False
    """`coupling: auto` takes it only where KOKKOS runs on a GPU: elsewhere another coupling is faster."""

    def __str__(self) -> str:
        return f"native (pair_style {self.pair_style})"

    @property
    def runs_python(self) -> bool:
        """Whether the model is Python that ML-IAP calls."""
        return MLIAP_PYTHON in self.needs


@dataclass(frozen=True)
class Callback(_Coupling):
    """Coupling through `fix external pf/callback`: the model runs in the same process."""

    name: ClassVar = "callback"

    def __str__(self) -> str:
        return "callback (fix external)"


@dataclass(frozen=True)
class Integrated(_Coupling):
    """No LAMMPS: ASE integrates with the model's own calculator."""

    name: ClassVar = "ase"
    template: str = "ase.lmp.j2"

    def __str__(self) -> str:
        return "ase (ASE integrates, without LAMMPS)"


@dataclass(frozen=True)
class Problem:
    """Something `lmpdrive check` found.  Errors stop a run; warnings and notes do not."""

    level: Literal["error", "warning", "note"]
    message: str


class Interface(Protocol):
    """The part of a built system that architectures may look at."""

    @property
    def elements(self) -> Sequence[str]:
        """Elements in the order of the LAMMPS types."""

    @property
    def species(self) -> Sequence[str]:
        """Element of each atom, in the order of the atom ids."""

    @property
    def groups(self) -> Mapping[str, Any]:
        """Group name -> 0-based atom indices."""

    @property
    def two_sided(self) -> bool:
        """Whether both faces of the slab are wet."""


class Architecture(Values):
    """Base of all architectures: a frozen section of the YAML (`potential:`) with its template."""

    template: ClassVar[str]
    """File name of the deck template, `<name>.lmp.j2`."""
    couplings: ClassVar[tuple[Native | Callback, ...]]
    """Preferred first."""
    atom_style: ClassVar[Literal["atomic", "full"]] = "atomic"
    """`full` where the potential needs molecules, bonds and charges in the data file."""
    title: ClassVar[str] = ""
    """Name for reports."""
    precision: ClassVar[str] = ""
    """Of the model's numbers, for reports, where the section has no `dtype`."""
    plugins: ClassVar[bool] = True
    """Whether LAMMPS loads the plugins of installed packages (deepmd-kit's costs seven seconds)."""
    python_module: ClassVar[str | None] = None
    """Python package that must be importable for a run."""
    environment: ClassVar[Recipe | None] = None
    """Packages of the isolated environment that `lmpdrive env create` makes; None if the core is enough."""
    trial: ClassVar[dict[str, Any] | None] = None
    """Rest of a `potential:` section that `lmpdrive doctor` tries on Pt and water; None if no model is at hand."""
    forces_only: ClassVar[bool] = False
    """Whether the model has neither energy nor pressure: no minimisation, no NPT, no conserved quantity."""
    reactive: ClassVar[bool] = True
    """Whether water can break in it as in nature; where it cannot, a broken molecule is an instability."""
    single_rank: ClassVar[str | None] = None
    """Reason why more than one MPI rank is impossible, if so."""
    made: ClassVar[tuple[str, ...]] = ()
    """Names of the model files that `write_files` makes in a run directory."""

    architecture: str
    """Name of a shipped or installed architecture, or `./file.py`."""

    @property
    def modules(self) -> tuple[str, ...]:
        """Python modules that a run needs."""
        return (self.python_module,) if self.python_module else ()

    def interpreter(self) -> Interpreter:
        """The Python that runs this: here if it has the modules, else that of the family's environment.

        Raises InstallError or ConfigError as `environments.choose` does.
        """
        return choose(self.environment.family if self.environment else Path(self.architecture).stem, self.modules)

    def environment_problems(self) -> list[Problem]:
        """Modules that the interpreter of a run lacks, each with its cure."""
        try:
            interpreter = self.interpreter()
        except (InstallError, ConfigError) as error:
            return [Problem("error", str(error))]
        if interpreter.origin == "settings" or self.environment is None:
            cure = "Install the package that has it there"
        elif interpreter.origin == "environment" and not self.environment.named_by_user:
            cure = f"Make it again: lmpdrive env remove {interpreter.family}, then {self.environment.command}"
        else:
            cure = f"Add it with: {self.environment.command}"
        return [
            Problem(
                "error",
                f"{self.architecture} needs the Python module '{module}'; there is no module '{module}' in "
                f"{interpreter.describe()}. {cure}",
            )
            for module in interpreter.missing
        ]

    def styles(self) -> dict[str, list[str]]:
        """LAMMPS styles the deck uses, e.g. `{"pair": ["deepmd"]}`."""
        if isinstance(self.chosen, Native):
            return {"pair": [self.chosen.pair_style]}
        if isinstance(self.chosen, Integrated):
            return {}
        return {"pair": ["zero"], "fix": ["external"]}

    def resolve(self, folder: Path) -> Architecture:
        """A copy with file names made absolute, relative ones counting from `folder` (the YAML's)."""
        return self

    def model_elements(self) -> Sequence[str] | None:
        """Elements the model knows, in its own order; None where it cannot be said."""
        return None

    def receptive_field(self) -> ReceptiveField | None:
        """How far the model sees from an atom, read from its own files; None where it cannot be said.

        May load the model, and raise ModelError if it cannot be read.
        """
        return None

    @property
    def conserves(self) -> bool:
        """Whether LAMMPS' conserved quantity counts all work that is done on the atoms."""
        return True

    @property
    def total_charge_e(self) -> int | None:
        """Charge of the whole cell [e] that the model is told; None for models that take none."""
        return None

    def problems(self, interface: Interface | None) -> list[Problem]:
        """Everything wrong that can be known before running; `interface` is None if not built."""
        return []

    def files(self) -> dict[str, Path]:
        """Files the deck reads: name in the run directory -> source."""
        return {}

    def runs_code(self, file: Path) -> bool:
        """Whether loading a model file can run code that is in it, as with pickles; the user must accept it first.

        All but `DATA_FORMATS`; a class whose loader reads only text and numbers from its files returns False.
        """
        return file.suffix not in DATA_FORMATS

    def programs(self, run_dir: Path | None = None) -> list[Path]:
        """The model files there are that can run code; in a run directory also what lies there under their names."""
        local = [run_dir / name for name in (*self.files(), *self.made)] if run_dir else []
        return [file for file in (*self.files().values(), *local) if file.exists() and self.runs_code(file)]

    def prepare(self, run_dir: Path) -> str | None:
        """Last step before the worker starts, in the run directory; returns a line for the log."""
        return None

    @property
    def chosen(self) -> Native | Callback | Integrated:
        """The coupling that the deck is written for."""
        return self.couplings[0]

    def write_files(self, run_dir: Path) -> None:
        """Make files that the deck reads and that are no links, in a run directory being written.

        Raises ModelError if they cannot be made here.
        """

    def lammps_arguments(self, ranks: int) -> list[str]:
        """Arguments of LAMMPS' command line that the deck needs, e.g. those of an accelerator package."""
        return []

    def evaluator(self, run_dir: Path, device: str) -> Evaluator:
        """The loaded model, for couplings through a callback; called in the worker, in the run directory.

        Raises ModelError if it cannot be loaded.
        """
        raise NotImplementedError(f"{type(self).__name__} has no callback coupling")

    def make_calculator(self) -> Any:
        """The model's own ASE calculator (energy, forces, stress), to compare LAMMPS with; None if there is none."""
        return None

    def as_run(self, run_dir: Path) -> Architecture:
        """A copy that names the files which LAMMPS reads in `run_dir`, where `prepare` may have replaced some."""
        return self

    def limits(self) -> Limits:
        """What counts as equal to that calculator; the default suits single precision."""
        return SINGLE

    def charges_e(self, interface: Interface) -> Sequence[float] | None:
        """Fixed charges [e] per atom, where the potential has them."""
        return None

    def context(self, interface: Interface) -> dict[str, Any]:
        """Extra variables for the template."""
        return {}

    def card(self) -> dict[str, Any] | None:
        """The model card that lies beside the model (`card.yaml`), if any."""
        return None


class PythonModel(Architecture):
    """Base of architectures that are Python only: in LAMMPS' process, or without LAMMPS."""

    coupling: Literal["callback", "ase"] = "callback"
    """`callback`: LAMMPS integrates and asks the model; `ase`: ASE integrates, without LAMMPS."""

    @property
    def chosen(self) -> Native | Callback | Integrated:
        """The coupling named."""
        return Integrated() if self.coupling == "ase" else self.couplings[0]


class ManyCouplings(Architecture):
    """Base of architectures with more than one coupling: the keys that choose, decided when a deck is written."""

    build: ClassVar[str]
    """The LAMMPS that has the native couplings, in words, for messages."""

    coupling: Literal["auto", "native", "callback", "ase"] = "auto"
    """How the model reaches LAMMPS; auto: the best that the LAMMPS at hand supports; `ase`: ASE integrates instead."""
    kokkos: Literal["auto", "always", "never"] = "auto"
    """Native coupling with LAMMPS' KOKKOS package on GPUs; auto: where both are there."""

    def possible_couplings(self) -> tuple[Native | Callback, ...]:
        """Those of `couplings` that this model file allows, preferred first."""
        return self.couplings

    @property
    def chosen(self) -> Native | Callback | Integrated:
        """The coupling named; before `auto` is decided the last one, which needs least."""
        if self.coupling == "ase":
            return Integrated()
        possible = self.possible_couplings()
        return next((c for c in possible if c.name == self.coupling), possible[-1])

    def decided(self, coupling: Native | Callback, kokkos: bool) -> Self:
        """A copy that says which coupling runs, and whether with KOKKOS on GPUs."""
        return self.model_copy(update={"coupling": coupling.name, "kokkos": "always" if kokkos else "never"})

    def takes(self, coupling: Native | Callback) -> str:
        """The key and value that choose a coupling."""
        return f"coupling: {coupling.name}"

    @property
    def instead(self) -> str:
        """What to use where the LAMMPS at hand lacks the coupling that was chosen."""
        return "coupling: callback"

    def lammps_problems(self, version: int) -> list[Problem]:
        """What is wrong with this version of LAMMPS (yyyymmdd) for the decided coupling."""
        return []

    def lammps_arguments(self, ranks: int) -> list[str]:
        """KOKKOS on one GPU for each rank, where that was decided."""
        if not isinstance(self.chosen, Native) or self.kokkos != "always":
            return []
        return ["-k", "on", "g", str(ranks), "-sf", "kk", "-pk", "kokkos", "newton", "on", "neigh", "half"]


def card_beside(model: Path) -> dict[str, Any] | None:
    """`card.yaml` beside a model, if it describes this very file (by its sha256)."""
    import yaml

    path = model.parent / "card.yaml"
    if not path.is_file() or not model.exists():
        return None
    card = yaml.safe_load(path.read_text())
    return card if isinstance(card, dict) and card.get("sha256") == sha256(model) else None


def element_problems(elements: Sequence[str], known: Sequence[str], model: str) -> list[Problem]:
    """One error per element of the system that the model does not know."""
    return [
        Problem(
            "error",
            f"the model {model} does not know {e}; it knows {', '.join(known)}. "
            f"Use another model, or a system without {e}.",
        )
        for e in elements
        if e not in known
    ]
