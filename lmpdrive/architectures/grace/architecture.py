"""GRACE (graph atomic cluster expansion): GRACE-1L, -2L, -3L and FS, in LAMMPS' own pair styles or in its process.

    potential:
      architecture: grace
      model: ./seed/1/final_model     # SavedModel folder; or .npz (KOKKOS), or .yaml (FS)

Bochkarev, Lysogorskiy, Drautz, Phys. Rev. X 14, 021036 (2024).  tensorpotential 0.6.2.1 (academic licence).

The pair styles and their keywords are those of `doc/src/pair_grace.rst` in the GRACE fork of LAMMPS, and of
https://gracemaker.readthedocs.io (quick start, "Usage in LAMMPS").
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import NonNegativeFloat, PositiveInt

from lmpdrive.architectures import (
    DOUBLE,
    AseEvaluator,
    Callback,
    Evaluator,
    HasCommittee,
    Interface,
    Limits,
    ManyCouplings,
    Native,
    Problem,
    ReceptiveField,
    card_beside,
    element_problems,
    kokkos_arguments,
)
from lmpdrive.architectures.grace.files import ModelFile, read
from lmpdrive.architectures.shared.uncertainty import UNCERTAINTY, RecordingEvaluator
from lmpdrive.common import resources
from lmpdrive.environments import Recipe
from lmpdrive.errors import ModelError

Style = Literal[
    "grace",
    "grace/1layer/chunk",
    "grace/2layer/chunk",
    "grace/fs",
    "grace/fs/kk",
    "grace/1l/kk",
    "grace/1l/cpu/kk",
    "grace/2l/kk",
    "grace/2l/cpu/kk",
    "grace/3l/kk",
]


def _native(style: Style, **options: Any) -> Native:
    return Native(style, template="grace.lmp.j2", title=f"GRACE through pair_style {style}", **options)


COUPLINGS: dict[tuple[str, int], tuple[Native | Callback, ...]] = {
    ("tensorflow", 1): (_native("grace"), _native("grace/1layer/chunk"), Callback()),
    ("tensorflow", 2): (_native("grace"), _native("grace/2layer/chunk"), Callback()),
    ("kokkos", 1): (_native("grace/1l/kk", for_gpus=True), _native("grace/1l/cpu/kk")),
    ("kokkos", 2): (_native("grace/2l/kk", for_gpus=True), _native("grace/2l/cpu/kk")),
    ("kokkos", 3): (_native("grace/3l/kk", for_gpus=True),),
    ("fs", 1): (_native("grace/fs/kk", for_gpus=True), _native("grace/fs")),
}
"""(kind of the model file, layers) -> ways into LAMMPS, preferred first."""


class Grace(HasCommittee, ManyCouplings):
    """GRACE models of gracemaker (tensorpotential)."""

    template: ClassVar[str] = "callback.lmp.j2"
    couplings: ClassVar = (_native("grace"), Callback())
    plugins: ClassVar[bool] = False
    title: ClassVar[str] = "GRACE through fix external"
    precision: ClassVar[str] = "that of the model file"
    python_module: ClassVar[str | None] = "tensorpotential"
    build: ClassVar[str] = "a LAMMPS with GRACE's pair styles (docs/architectures/grace.md: where to get one)"
    environment: ClassVar[Recipe | None] = Recipe(
        family="grace",
        # tensorpotential and tf_keras ask for the TensorFlow with CUDA, which overwrites tensorflow-cpu
        no_deps=("tensorpotential==0.6.2.1", "tf_keras==2.20.1"),
        requirements=("scikit-learn", "pandas<3", "matscipy", "sympy", "tqdm", "questionary", "requests"),
        cpu=("tensorflow-cpu==2.20.0",),
        cuda=("tensorflow[and-cuda]==2.20.0",),
        size_GB=2.6,
        cuda_size_GB=7.0,
        imports=("tensorpotential.calculator",),
        licence="tensorpotential: its own, for academic use",
    )

    model: Path
    """SavedModel folder of gracemaker, `.npz` exported for KOKKOS, FS `.yaml`, or the name of a shipped potential."""
    committee: list[Path] = []
    """Further SavedModels; their deviation goes to `model_devi.out` (callback only)."""
    active_set: Path | None = None
    """`.asi` file of an FS model, for its extrapolation grade γ."""
    pair_style: Style | Literal["auto"] = "auto"
    """Native style; auto: the first that suits the model and that LAMMPS has."""
    chunksize: PositiveInt = 4096
    """Atoms evaluated at once by the native styles but `grace`; fewer need less memory."""
    padding: NonNegativeFloat = 0.25
    """Room for more neighbours, as a fraction; whenever it is exceeded TensorFlow recompiles for seconds."""
    uncertainty_every: PositiveInt = 100
    """Steps between lines of `uncertainty.dat`, for γ, and of `model_devi.out`, for a committee."""

    def resolve(self, folder: Path) -> Grace:
        """A copy with absolute model files."""
        return self.model_copy(
            update={
                "model": resources.find_model(self.model, folder),
                "committee": self.resolved_committee(folder),
                "active_set": resources.find_model(self.active_set, folder) if self.active_set else None,
            }
        )

    def possible_couplings(self) -> tuple[Native | Callback, ...]:
        """Those for this kind of model file; with `pair_style` only that one."""
        try:
            about = read(self.model)
        except ModelError:  # `problems` reports it
            return self.couplings
        possible = COUPLINGS[about.kind, about.layers]
        if self.committee:
            return tuple(c for c in possible if isinstance(c, Callback)) or possible
        named = tuple(c for c in possible if isinstance(c, Native) and c.pair_style == self.pair_style)
        return named or possible

    def decided(self, coupling: Native | Callback, kokkos: bool) -> Grace:
        """A copy that says which pair style runs."""
        copy = super().decided(coupling, kokkos)
        return copy.model_copy(update={"pair_style": coupling.pair_style if isinstance(coupling, Native) else "auto"})

    def takes(self, coupling: Native | Callback) -> str:
        """A native coupling is named by its pair style."""
        return f"pair_style: {coupling.pair_style}" if isinstance(coupling, Native) else super().takes(coupling)

    def environment_problems(self) -> list[Problem]:
        """The pair styles need no Python module, only the interpreter's LAMMPS."""
        return [] if isinstance(self.chosen, Native) else super().environment_problems()

    @property
    def instead(self) -> str:
        """What works without the pair styles."""
        return "the SavedModel it was exported from" if self.model.is_file() else "coupling: callback"

    @property
    def single_rank(self) -> str | None:  # type: ignore[override]
        """Models with two layers exchange features between atoms, which `pair_style grace` does not do across ranks."""
        if not isinstance(self.chosen, Native):
            return "GRACE through fix external runs on one rank"
        two = self.chosen.pair_style == "grace" and self._layers() == 2
        return "pair_style grace runs GRACE-2L on one rank; grace/2layer/chunk takes more" if two else None

    def lammps_arguments(self, ranks: int, threads: int = 1) -> list[str]:
        """KOKKOS for the styles that need it: one GPU for each rank, or threads; FS takes one."""
        if not isinstance(self.chosen, Native) or not self.chosen.pair_style.endswith("/kk"):
            return []
        if "/cpu/" in self.chosen.pair_style or self.kokkos == "threads":
            return kokkos_arguments("t", 1 if self.chosen.pair_style == "grace/fs/kk" else threads)
        return kokkos_arguments("g", ranks)

    def model_elements(self) -> Sequence[str] | None:
        """From the model's own metadata.  Raises ModelError if it has none."""
        return read(self.model).elements

    def receptive_field(self) -> ReceptiveField:
        """Cutoff x layers, from the model's own metadata."""
        about = read(self.model)
        return ReceptiveField.of(about.cutoff_A, about.layers)

    def problems(self, interface: Interface | None) -> list[Problem]:
        """Files that are not models, keys that do not fit them, unknown elements."""
        try:
            about, members = read(self.model), [read(path) for path in self.committee]
        except ModelError as error:
            return [Problem("error", f"potential.model: {error}")]
        wrong = self._wrong_keys(about, members)
        found = [Problem("error", message) for message in wrong]
        return found if interface is None else found + element_problems(interface.elements, about.elements, self._name)

    def _wrong_keys(self, about: ModelFile, members: list[ModelFile]) -> list[str]:
        possible = COUPLINGS[about.kind, about.layers]
        styles = [c.pair_style for c in possible if isinstance(c, Native)]
        wrong = []
        if self.pair_style not in ("auto", *styles):
            wrong.append(f"pair_style: {self.pair_style} does not read {self._name}; it is for {' or '.join(styles)}")
        if self.coupling == "callback" and self.pair_style != "auto":
            wrong.append(f"pair_style: {self.pair_style} is native; leave it out with coupling: callback")
        if self.coupling == "callback" and about.kind != "tensorflow":
            wrong.append(f"coupling: callback needs the SavedModel that {self._name} was exported from")
        if self.committee and (self.coupling in ("native", "ase") or self.pair_style != "auto"):
            wrong.append("committee: only coupling: callback runs one, and no pair style; leave out both keys")
        if self.active_set and about.kind != "fs":
            wrong.append(f"active_set is for FS models, which {self._name} is not. Leave it out")
        elif self.active_set and not self.active_set.is_file():
            wrong.append(f"active_set: no such file: {self.active_set}. pace_activeset of python-ace makes it")
        if members and {m.kind for m in (about, *members)} != {"tensorflow"}:
            wrong.append("committee: all members must be SavedModel folders")
        if any(m.elements != about.elements for m in members):
            wrong.append("committee: the members know different elements, or in another order")
        return [f"potential.{message}." for message in wrong]

    def files(self) -> dict[str, Path]:
        """`model`, `model.npz` or `model.yaml` with `model.asi`; the committee's as `model_2`, ..."""
        return (
            {f"model{self.model.suffix if self.model.is_file() else ''}": self.model}
            | ({"model.asi": self.active_set} if self.active_set else {})
            | self.committee_files()
        )

    def context(self, interface: Interface) -> dict[str, Any]:
        """The model's name in the run directory and the style's keywords."""
        if not isinstance(self.chosen, Native):
            return {}
        style = self.chosen.pair_style
        tensorflow = [] if style.endswith("/kk") or style.startswith("grace/fs") else [f"padding {self.padding:g}"]
        # without pair_forces there is no virial; its default changed between versions of the fork
        own = "pair_forces" if style == "grace" else f"chunksize {self.chunksize}"
        extrapolation = ["extrapolation"] if self.active_set else []
        gamma = self.active_set or (read(self.model).has_uq and not style.endswith("chunk"))
        return {
            "style": style,
            "keywords": " ".join([*tensorflow, *extrapolation, own]),
            "model_files": [name for name in self.files() if name.startswith("model")],
            "gamma_file": UNCERTAINTY if gamma else "",
        }

    def uncertainty_files(self) -> dict[str, str]:
        """Also γ, of an active set or of the Gaussian mixtures in the model file."""
        grade = self.active_set or read(self.model).has_uq
        return super().uncertainty_files() | ({"extrapolation_grade": UNCERTAINTY} if grade else {})

    def evaluator(self, run_dir: Path, device: str) -> Evaluator:
        """tensorpotential's calculator; raises ModelError if it cannot load the model."""
        local = run_dir / next(iter(self.files()))
        calculator = self._loaded(local if local.exists() else self.model)
        return self.with_committee(RecordingEvaluator(calculator, self.uncertainty_every, run_dir), run_dir, device)

    def alone(self, device: str) -> Evaluator:
        """Without the record of γ, which is the first model's."""
        return AseEvaluator(self._loaded(self.model))

    def make_calculator(self) -> Any:
        """tensorpotential's ASE calculator of the first model; None for exports, which it does not read."""
        return self._calculator(self.model) if self.model.is_dir() else None

    def _loaded(self, model: Path) -> Any:
        try:
            return self._calculator(model)
        except Exception as error:  # TensorFlow raises many kinds
            first = (str(error) or type(error).__name__).splitlines()[0]
            raise ModelError(f"tensorpotential cannot load {model.name}: {first}") from error

    def _calculator(self, model: Path) -> Any:
        from tensorpotential.calculator import TPCalculator

        return TPCalculator(str(model), pad_neighbors_fraction=self.padding)

    def limits(self) -> Limits:
        """Geometry and energies are in double precision."""
        return DOUBLE

    def card(self) -> dict[str, Any] | None:
        """`card.yaml` beside the model, if it describes this very file."""
        return card_beside(self.model)

    @property
    def _name(self) -> str:
        return self.model.name

    def _layers(self) -> int:
        return read(self.model).layers
