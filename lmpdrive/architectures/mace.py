"""MACE in the same process as LAMMPS, compiled where possible.

    potential:
      architecture: mace
      model: ./my.model             # or mace_mp:medium-mpa-0, mace_off:small, mace_omol:extra_large

Batatia et al., NeurIPS 2022.  mace-torch 0.3.16.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from lmpdrive import resources
from lmpdrive.architectures._dispersion import Dispersion
from lmpdrive.architectures._evaluator import Evaluator
from lmpdrive.architectures._mace.model import is_foundation
from lmpdrive.architectures.base import Architecture, Callback, Interface, Problem, card_beside, element_problems
from lmpdrive.errors import ModelError, did_you_mean
from lmpdrive.hashing import sha256

LINK = "model.model"
"""Name of the model file in a run directory."""


class Mace(Architecture):
    """MACE models of mace-torch."""

    template: ClassVar[str] = "callback.lmp.j2"
    couplings: ClassVar = (Callback(),)
    plugins: ClassVar[bool] = False
    title: ClassVar[str] = "MACE through fix external"
    python_module: ClassVar[str | None] = "mace"
    install: ClassVar[str] = 'pip install "mace-torch==0.3.16" vesin'
    single_rank: ClassVar[str | None] = "a model in the same process runs on one rank"

    model: str
    """A `.model` file, the name of a shipped potential, or a foundation model `family:name`."""
    head: str | None = None
    """Head of a multi-head model; default: the only one, or the one called "default"."""
    dtype: Literal["float32", "float64"] = "float32"
    """Precision of the model; edge vectors are always made in double."""
    compile: Literal["auto", "always", "never"] = "auto"
    """Compile once per model and machine (one to two minutes, kept in the user's cache); auto: on CPUs."""
    radial_table: Literal["auto", "never"] = "auto"
    """In the compiled model, tabulate the radial network; used only while forces stay within 2e-5 eV/Å."""

    cuequivariance: Literal["auto", "always", "never"] = "auto"
    """NVIDIA's kernels; auto: on CUDA devices, where they are installed."""
    dispersion: Dispersion | None = None
    """Add D3 to the model."""

    def resolve(self, folder: Path) -> Mace:
        """A copy with an absolute model file."""
        return self.model_copy(update={"model": _find(self.model, folder)})

    def model_elements(self) -> Sequence[str] | None:
        """From the card if its hash fits, else from the model, if mace is here to read it."""
        card = self.card()
        if card and card.get("elements"):
            return tuple(card["elements"])
        if is_foundation(self.model) or importlib.util.find_spec("mace") is None:
            return None
        import torch

        from lmpdrive.architectures._mace.model import elements, load

        return tuple(elements(load(self.model, torch.float64, "cpu")))

    def problems(self, interface: Interface | None) -> list[Problem]:
        """A missing or wrong file, elements that the model or D3 does not know, D3 counted twice."""
        d3 = self.dispersion.problems(interface, self.card()) if self.dispersion else []
        return [*self._model_problems(interface), *d3]

    def _model_problems(self, interface: Interface | None) -> list[Problem]:
        if is_foundation(self.model):
            return []
        path = Path(self.model)
        if not path.is_file():
            shipped = sorted(p.parent.name for p in resources.potentials().glob("*/*.model"))
            return [
                Problem(
                    "error",
                    f"potential.model: there is no file {path}{did_you_mean(path.name, shipped) or '.'} "
                    f"Shipped: {', '.join(shipped) or 'none'}; or give the path of a .model file, or a foundation "
                    "model such as mace_mp:medium-mpa-0.",
                )
            ]
        if interface is None:
            return []
        try:
            known = self.model_elements()
        except ModelError as error:
            return [Problem("error", str(error))]
        return [] if known is None else element_problems(interface.elements, known, path.name)

    def files(self) -> dict[str, Path]:
        """The model file, unless it comes from a hub."""
        return {} if is_foundation(self.model) else {LINK: Path(self.model)}

    def styles(self) -> dict[str, list[str]]:
        """LAMMPS styles the deck uses."""
        return {"pair": ["zero"], "fix": ["external"]}

    def card(self) -> dict[str, Any] | None:
        """`card.yaml` beside the model, if it describes this very file."""
        return None if is_foundation(self.model) else card_beside(Path(self.model))

    def evaluator(self, run_dir: Path, device: str) -> Evaluator:
        """The loaded model in its fastest form; what it decides is printed (to worker.log in a run)."""
        import torch

        from lmpdrive.architectures._mace.evaluator import MaceEvaluator, forms
        from lmpdrive.architectures._mace.model import head_index, load
        from lmpdrive.architectures._torch import pick

        device = pick(device)
        local = run_dir / LINK
        source = str(local) if local.exists() else self.model
        module = load(source, getattr(torch, self.dtype), device)
        head = head_index(module, self.head)
        name = self.model if is_foundation(self.model) else sha256(Path(source))
        key = f"{name} {head} {self.dtype}"
        candidates, reasons = forms(module, head, key, device, self.compile, self.radial_table, self.cuequivariance)
        model = MaceEvaluator(module, head, candidates, reasons, device, print)
        return self.dispersion.added_to(model) if self.dispersion else model

    def make_calculator(self) -> Any:
        """MACE's own ASE calculator at the same precision, on the CPU; with dftd3's added where D3 is asked for."""
        import torch
        from mace.calculators import MACECalculator

        from lmpdrive.architectures._mace.model import load

        module = load(self.model, getattr(torch, self.dtype), "cpu")
        head = {} if self.head is None else {"head": self.head}
        own = MACECalculator(models=module, device="cpu", default_dtype=self.dtype, **head)
        return self.dispersion.calculator(own) if self.dispersion else own


def _find(model: str, folder: Path) -> str:
    """A path relative to the YAML file, a shipped potential, or the name as it is."""
    path = folder / model
    if path.is_file():
        return str(path.resolve())
    if is_foundation(model):
        return model
    shipped = sorted((resources.potentials() / model).glob("*.model")) if "/" not in model else []
    return str(shipped[0]) if shipped else str(path.resolve())
