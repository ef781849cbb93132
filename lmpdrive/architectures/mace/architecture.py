"""MACE in the same process as LAMMPS, compiled where possible, or through `pair_style mliap unified`.

    potential:
      architecture: mace
      model: ./my.model             # or mace_mp:medium-mpa-0, mace_off:small

Batatia et al., NeurIPS 2022.  mace-torch 0.3.16.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from lmpdrive.architectures import (
    DOUBLE,
    MLIAP_PYTHON,
    SINGLE,
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
)
from lmpdrive.architectures.base.receptive_field import from_card
from lmpdrive.architectures.mace.evaluator import MaceEvaluator
from lmpdrive.architectures.mace.forms import SYMMETRIX, Model, alternatives
from lmpdrive.architectures.mace.inputs import LOCAL, Inputs, inputs_of, not_local
from lmpdrive.architectures.mace.mliap import CONVERTED, is_converted, read, write_for_lammps, write_with
from lmpdrive.architectures.mace.model import head_index, is_foundation, load
from lmpdrive.architectures.mace.one_rank import OneRank
from lmpdrive.architectures.mace.own_calculator import own_calculator
from lmpdrive.architectures.shared.added_terms import AddedTerms
from lmpdrive.architectures.shared.pytorch import torch_device
from lmpdrive.common import resources
from lmpdrive.common.atomic import write_atomically
from lmpdrive.common.hashing import sha256
from lmpdrive.common.manifest import ModelForm
from lmpdrive.common.run_files import MODEL_FORM
from lmpdrive.environments import CardWheels, Interpreter, Recipe
from lmpdrive.errors import ModelError, did_you_mean

LINK = "model.model"
"""Name of the model file in a run directory."""
FOR_LAMMPS = "model.mliap"
"""Name of the converted model in a run directory."""
FIRST_RIGHT_LAMMPS = 20251215
"""Older versions exchange features between images wrongly for some models (mace PR 1331, lammps PR 4808)."""


class Mace(HasCommittee, AddedTerms, ManyCouplings):
    """MACE models of mace-torch."""

    template: ClassVar[str] = "callback.lmp.j2"
    couplings: ClassVar = (
        Native(
            "mliap",
            needs=("ML-IAP", "PYTHON", MLIAP_PYTHON),
            for_gpus=True,
            template="mliap.lmp.j2",
            title="MACE through pair_style mliap unified",
        ),
        Callback(),
    )
    plugins: ClassVar[bool] = False
    title: ClassVar[str] = "MACE through fix external"
    python_module: ClassVar[str | None] = "mace"
    environment: ClassVar[Recipe | None] = Recipe(
        family="mace",
        # PolarMACE of this mace-torch needs this version of graph-longrange, no newer one
        requirements=(
            "mace-torch==0.3.16",
            "graph-longrange==0.4.0",
            "vesin>=0.3",
            "dftd3>=1.7",
            "torch-pme>=0.5",
            SYMMETRIX,
        ),
        torch="torch==2.13.0",
        size_GB=2.0,
        cuda_wheels=(
            CardWheels(
                "symmetrix-xl-cuda{cuda}-sm{card}==0.1.1",
                {12: (70, 80, 86, 89, 90, 100, 120), 13: (80, 86, 89, 90, 100, 120)},
            ),
        ),
        cuda_size_GB=7.0,
        imports=("mace", "vesin"),
    )
    trial: ClassVar[dict[str, Any] | None] = {"model": "pt-water-mace", "compile": "never"}
    made: ClassVar[tuple[str, ...]] = (FOR_LAMMPS,)
    build: ClassVar[str] = (
        "a LAMMPS with the packages KOKKOS, ML-IAP and PYTHON (docs/architectures/mace.md: how to build it)"
    )

    model: str
    """A `.model` file, the name of a shipped potential, a foundation model `family:name`, or a file converted for
    LAMMPS (`*-mliap_lammps.pt`, native coupling only)."""
    head: str | None = None
    """Head of a multi-head model; default: the only one, or the one called "default"."""
    dtype: Literal["float32", "float64"] = "float32"
    """Precision of the model; edge vectors are always made in double."""
    compile: Literal["auto", "always", "never"] = "auto"
    """Compile once per model and machine (one to two minutes, cached for the user); auto: on CPUs."""
    radial_table: Literal["auto", "never"] = "auto"
    """In the compiled model, tabulate the radial network; used only if forces agree within 2e-5 eV/Å."""
    symmetrix: Literal["auto", "always", "never"] = "auto"
    """symmetrix-xl's C++ evaluator; auto: on CPUs, where it is installed and faster; always: whether faster or not."""
    cuequivariance: Literal["auto", "always", "never"] = "auto"
    """NVIDIA's kernels; auto: on CUDA devices, where they are installed."""
    charge: int | None = Field(default=None, ge=-100, le=100)
    """Total charge [e], for a model that takes one; default: 0."""
    spin: int | None = Field(default=None, ge=1, le=100)
    """Spin multiplicity, for a model that takes one; default: 1."""
    committee: list[str] = []
    """Further models, named like `model`; their deviation goes to `model_devi.out`."""

    def resolve(self, folder: Path) -> Mace:
        """A copy with absolute model files."""
        return self.model_copy(
            update={"model": _find(self.model, folder), "committee": self.resolved_committee(folder)}
        )

    @property
    def modules(self) -> tuple[str, ...]:
        """MACE's, and those of added terms."""
        return ("mace", *self.term_modules)

    def model_elements(self) -> Sequence[str] | None:
        """From the card if its hash fits, else from the model, where an interpreter has mace."""
        card = self.card()
        if card and card.get("elements"):
            return tuple(card["elements"])
        interpreter = self.interpreter()
        if is_foundation(self.model) or interpreter.missing:
            return None
        return tuple(interpreter.call("lmpdrive.architectures.mace.mliap:elements_of_file", self.model))

    def receptive_field(self) -> ReceptiveField | None:
        """r_max x num_interactions, from the card if its hash fits, else from the model, if an interpreter has mace."""
        on_card = from_card(self.card(), "r_max", "num_interactions")
        if on_card or is_foundation(self.model):
            return on_card
        interpreter = self.interpreter()
        if interpreter.missing:
            return None
        if self._inputs().long_ranged:
            return ReceptiveField.unlimited()
        return ReceptiveField.of(*interpreter.call("lmpdrive.architectures.mace.mliap:reach_of_file", self.model))

    def problems(self, interface: Interface | None) -> list[Problem]:
        """Missing or wrong files, elements that a model or D3 does not know, D3 counted twice."""
        found = [*self._model_problems(interface), *self.committee_problems(interface)]
        if self.coupling == "native" or is_converted(self.model):
            for key in self.terms:
                found.append(Problem("error", f"potential.{key}: it is added in Python: it needs coupling: callback."))
        return [*found, *self.term_problems(interface)]

    def _model_problems(self, interface: Interface | None) -> list[Problem]:
        if is_foundation(self.model):
            return []
        path = Path(self.model)
        if not path.is_file():
            shipped = sorted(n for n, p in resources.shipped_models().items() if p.suffix == ".model")
            return [
                Problem(
                    "error",
                    f"potential.model: there is no file {path}{did_you_mean(path.name, shipped) or '.'} "
                    f"Shipped: {', '.join(shipped) or 'none'}; or give the path of a .model file, or a foundation "
                    "model such as mace_mp:medium-mpa-0.",
                )
            ]
        if is_converted(self.model):
            wrong = {"coupling: callback": self.coupling == "callback", "head": self.head is not None}
            for key in (key for key, is_wrong in wrong.items() if is_wrong):
                return [
                    Problem(
                        "error",
                        f"potential.{key}: {path.name} was converted for the native coupling, with one head. "
                        "Name the .model file it was made from, or leave the key out.",
                    )
                ]
        if interface is None:
            return []
        try:
            known, unsuitable = self.model_elements(), self._inputs_problem()
        except ModelError as error:
            return [Problem("error", str(error))]
        found = [] if known is None else element_problems(interface.elements, known, path.name)
        return [*found, *([Problem("error", unsuitable)] if unsuitable else [])]

    def _inputs_problem(self) -> str:
        inputs = self._inputs()
        if inputs.reason and (self.coupling == "native" or is_converted(self.model)):
            return not_local(inputs.reason, Path(self.model).name)
        return inputs.wrong_with(Path(self.model).name, charge=self.charge, spin=self.spin)

    def _inputs(self) -> Inputs:
        """What the model needs; those whose card says so need no more than neighbours, others may be unknown here."""
        interpreter = self.interpreter()
        settings = ((self.card() or {}).get("training") or {}).get("settings") or {}
        if settings.get("model") in LOCAL and "embedding_specs" not in settings:
            return Inputs()
        if is_foundation(self.model) or not Path(self.model).is_file() or interpreter.missing:
            return Inputs()
        return _inputs_of_file(interpreter, self.model)

    @property
    def total_charge_e(self) -> int | None:
        """The key `charge`."""
        return self.charge

    def files(self) -> dict[str, Path]:
        """The model files, but for those that come from a hub."""
        if is_foundation(self.model):
            return self.committee_files()
        name = f"model{CONVERTED}" if is_converted(self.model) else LINK
        return {name: Path(self.model)} | self.committee_files()

    def possible_couplings(self) -> tuple[Native | Callback, ...]:
        """A converted file is for LAMMPS only; terms are added, and a committee evaluated, in Python."""
        if is_converted(self.model):
            return self.couplings[:1]
        return self.couplings[1:] if self.terms or self.committee else self.couplings

    @property
    def instead(self) -> str:
        """The callback, which needs the file that was converted."""
        return "the .model file it was made from" if is_converted(self.model) else "coupling: callback"

    @property
    def single_rank(self) -> str | None:  # type: ignore[override]
        """Only KOKKOS exchanges features between ranks."""
        if isinstance(self.chosen, Native) and self.kokkos == "always":  # two ranks of a CPU hung: benchmarks/kokkos
            return None
        return "MACE runs on one rank unless its coupling is native with KOKKOS on GPUs"

    def lammps_problems(self, version: int) -> list[Problem]:
        """With KOKKOS, a LAMMPS version that is wrong for models with non-linear interactions."""
        if not self.lammps_arguments(1) or version >= FIRST_RIGHT_LAMMPS:
            return []
        message = (
            f"LAMMPS {version} is older than {FIRST_RIGHT_LAMMPS}: through ML-IAP it gives wrong energies and forces "
            "for MACE models with non-linear interaction blocks, such as mace-mh-1 (mace PR 1331)"
        )
        kinds = self._interactions()
        if any("NonLinear" in kind for kind in kinds):
            return [Problem("error", f"{message}, and this is one. Use a newer LAMMPS, or coupling: callback.")]
        doubt = "This model is of another kind" if kinds else "Whether this model has them is unknown here"
        return [Problem("warning", f"{message}. {doubt}; a newer LAMMPS is safer.")]

    def _interactions(self) -> list[str]:
        """Classes of the model's interaction blocks; none where the model cannot be read here."""
        interpreter = self.interpreter()
        if is_foundation(self.model) or interpreter.missing:
            return []
        return list(interpreter.call("lmpdrive.architectures.mace.mliap:interactions_of_file", self.model))

    def context(self, interface: Interface) -> dict[str, Any]:
        """The converted model, and the adapter of a LAMMPS without KOKKOS."""
        return {"model_file": FOR_LAMMPS, "one_rank": "" if self.with_kokkos else OneRank.__module__}

    def write_files(self, run_dir: Path) -> None:
        """The converted model, for the native coupling."""
        if not isinstance(self.chosen, Native):
            return
        interpreter = self.interpreter()
        if interpreter.missing:
            raise ModelError(
                "the native deck needs the model converted for LAMMPS, and no environment here has mace to do it. "
                "Make one with `lmpdrive env create mace`, or use coupling: callback."
            )
        what = (self.model, self.head, self.dtype, self.kokkos, str(run_dir / FOR_LAMMPS))
        if interpreter.here:
            write_for_lammps(*what)
        else:
            write_with(interpreter.python, *what)

    def card(self) -> dict[str, Any] | None:
        """`card.yaml` beside the model, if it describes this very file."""
        return None if is_foundation(self.model) else card_beside(Path(self.model))

    def evaluator(self, run_dir: Path, device: str) -> Evaluator:
        """The loaded model in its fastest form; prints which one it is (to worker.log in a run)."""
        loaded = self.load(run_dir, device)
        if inputs_of(loaded.module).reason:
            first: Evaluator = self._whole(loaded)
        else:
            kinds = alternatives(loaded, self.compile, self.radial_table, self.symmetrix, self.cuequivariance)
            first = MaceEvaluator(loaded, kinds, print, lambda form: _leave(form, run_dir))
        return self.with_terms(self.with_committee(first, run_dir, device))

    def _whole(self, loaded: Model) -> Evaluator:
        """Through MACE's own calculator."""
        inputs = inputs_of(loaded.module)
        if wrong := inputs.wrong_with(self.model, charge=self.charge, spin=self.spin):
            raise ModelError(wrong)
        print(f"MACE runs through its own calculator: the model {inputs.reason}")
        return AseEvaluator(self._calculator(loaded.module, loaded.device))

    def load(self, run_dir: Path, device: str) -> Model:
        """The model file of a run directory, or as given where there is none.

        Raises ModelError if it cannot be loaded.
        """
        import torch

        device = torch_device(device)
        local = run_dir / LINK
        source = str(local) if local.exists() else self.model
        module = load(source, getattr(torch, self.dtype), device)
        head = head_index(module, self.head)
        name = self.model if is_foundation(self.model) else sha256(Path(source))
        return Model(module, head, f"{name} {head} {self.dtype}", device)

    def limits(self) -> Limits:
        """Double precision only without radial tables."""
        tables = self.compile != "never" and self.radial_table == "auto" and isinstance(self.chosen, Callback)
        return DOUBLE if self.dtype == "float64" and not tables else SINGLE

    def make_calculator(self) -> Any:
        """MACE's own ASE calculator at the same precision, on the CPU, with those of added terms."""
        if is_converted(self.model):
            module = read(self.model).model.model
            return own_calculator(module, str(module.r_max.dtype).split(".")[1], "cpu", None)
        import torch

        own = self._calculator(load(self.model, getattr(torch, self.dtype), "cpu"), "cpu")
        return self.calculator_with_terms(own)

    def _calculator(self, module: Any, device: str) -> Any:
        return own_calculator(module, self.dtype, device, self.head, self.charge, self.spin)


@cache
def _inputs_of_file(interpreter: Interpreter, model: str) -> Inputs:
    """Read once per process: another interpreter takes seconds to answer."""
    return Inputs(**interpreter.call("lmpdrive.architectures.mace.mliap:inputs_of_file", model))


def _find(model: str, folder: Path) -> str:
    """A path relative to the YAML file, a shipped potential, or the name as it is."""
    foundation = is_foundation(model) and not (folder / model).is_file()
    return model if foundation else str(resources.find_model(Path(model), folder))


def _leave(form: ModelForm, run_dir: Path) -> None:
    """Write which form runs, for the manifest; nothing where this is no run directory."""
    if run_dir.is_dir():
        write_atomically(run_dir / MODEL_FORM, form.model_dump_json() + "\n")
