"""What `nequip` and `allegro` share: compiled models of the NequIP framework.

`nequip-compile` compiles for a target: a pair style of LAMMPS, or ASE.  The file says which, in its metadata, which are
read here without torch.  nequip 0.19, nequip-allegro 0.8.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from lmpdrive.architectures import (
    DOUBLE,
    SINGLE,
    Callback,
    Evaluator,
    Limits,
    Native,
    Problem,
    StyleOrCallback,
    element_symbols,
)
from lmpdrive.environments import Recipe
from lmpdrive.errors import ModelError

PT2, PTH = ".nequip.pt2", ".nequip.pth"
"""AOT Inductor, and TorchScript, which nothing has written since torch 2.10."""
BUILD = (
    "build LAMMPS with pair_nequip_allegro, https://github.com/mir-group/pair_nequip_allegro, which patches LAMMPS of "
    "10 Sep 2025 or newer and links libtorch; then name the Python that has it: docs/environments.md"
)
INSTRUCTIONS = {"AVX2": "avx2", "AVX512": "avx512f", "AVX512_VNNI": "avx512_vnni", "AMX": "amx_tile"}
"""torch's name of an instruction set -> Linux' flag."""


class NequipFramework(StyleOrCallback):
    """A compiled model: through its pair style if compiled for that, in LAMMPS' process if compiled for ASE."""

    template: ClassVar[str] = "nequip.lmp.j2"
    build: ClassVar[str] = BUILD
    python_module: ClassVar[str | None] = "nequip"
    environment: ClassVar[Recipe | None] = Recipe(
        family="nequip",
        requirements=("nequip==0.19.1", "nequip-allegro==0.8.3", "e3nn>=0.6,<0.7"),
        torch="torch==2.13.0",
        size_GB=1.9,
        cuda_size_GB=7.0,
        imports=("torch", "nequip.integrations.ase", "allegro"),
    )
    pair_target: ClassVar[str]
    """`nequip-compile`'s target for the pair style."""

    def runs_code(self, file: Path) -> bool:
        """Yes: a compiled model is a program."""
        return True

    @property
    def precision(self) -> str:  # type: ignore[override]
        """As the model says."""
        return self._said().get("model_dtype", "")

    def limits(self) -> Limits:
        """By the model's precision."""
        return DOUBLE if self.precision == "float64" else SINGLE

    def elements_of_file(self) -> tuple[str, ...]:
        """`type_names` of the compiled model."""
        return element_symbols(metadata(self.model)["type_names"].split(), self.model)

    @property
    def target(self) -> str | None:
        """What the model was compiled for; None where the file does not say."""
        return target_of(self._said())

    def couplings_of_file(self) -> tuple[Native | Callback, ...]:
        """The one that the model was compiled for."""
        native, callback = self.couplings
        if self.target == "ase":
            return (callback,)
        return (native,) if self.target or self.model.name.endswith(PTH) else (native, callback)

    @property
    def instead(self) -> str:
        """Where LAMMPS lacks the pair style: another file, since this one is for LAMMPS."""
        return "a file compiled with `--target ase`"

    def file_problems(self) -> list[Problem]:
        """Names that the loaders refuse, and a target that does not fit the architecture or the coupling."""
        if not self.model.name.endswith((PT2, PTH)):
            raise ModelError(
                f"{self.model.name}: compiled models are named *{PT2}, older ones *{PTH}. Compile the checkpoint with "
                f"`nequip-compile --mode aotinductor --target ase`, or with `--target {self.pair_target}` for LAMMPS."
            )
        if cure := self._cure():
            was = f"was compiled for the target {self.target}" if self.target else "is TorchScript"
            raise ModelError(f"{self.model.name} {was}: {cure}")
        return []

    def _cure(self) -> str:
        """What to do about the target; "" if it fits."""
        compile_ = "compile it with `nequip-compile --mode aotinductor --target {}`".format
        if self.target in OTHER and self.target != self.pair_target:
            return f"use architecture: {OTHER[self.target]}, or {compile_(self.pair_target)}"
        if self.target == "batch":
            return f"{compile_('ase')}, or with the target {self.pair_target}"
        if self.coupling == "native" and self.target == "ase":
            return f"leave coupling: native out, or {compile_(self.pair_target)}"
        in_python = self.coupling in ("callback", "ase")
        if in_python and (self.target == self.pair_target or self.model.name.endswith(PTH)):
            return f"coupling: {self.coupling} needs another, {compile_('ase')}"
        return ""

    def environment_problems(self) -> list[Problem]:
        """Modules that are missing; a model compiled for another processor than this machine has."""
        found = super().environment_problems()
        if not isinstance(self.chosen, Native) and (wrong := wrong_machine(self._said())):
            found.append(Problem("error", f"potential.model: {self.model.name} {wrong}"))
        return found

    def model_files(self) -> dict[str, Path]:
        """`model.nequip.pt2`, or `model.nequip.pth`."""
        suffix = next((s for s in (PT2, PTH) if self.model.name.endswith(s)), self.model.suffix)
        return {f"model{suffix}": self.model}

    def evaluator(self, run_dir: Path, device: str) -> Evaluator:
        """nequip's calculator, on the device that the model was compiled for.

        Raises ModelError if `device` is another one, or the model cannot be loaded.
        """
        own = self._said().get("AOTI_DEVICE_KEY", "cpu")
        if device not in ("auto", own):
            raise ModelError(
                f"{self.model.name} was compiled for {own}, and run.device is {device}: set run.device: {own}, or "
                f"compile it with `nequip-compile --device {device}`"
            )
        return super().evaluator(run_dir, device)

    def calculator(self, files: Mapping[str, Path]) -> Any:
        """NequIPCalculator; types are named by their elements."""
        from nequip.integrations.ase import NequIPCalculator

        (model,) = files.values()
        return NequIPCalculator.from_compiled_model(
            str(model),
            device=self._said().get("AOTI_DEVICE_KEY", "cpu"),
            chemical_species_to_atom_type_map=True,
        )

    def _said(self) -> dict[str, str]:
        """The metadata; empty for a file that cannot be read, which `problems` reports."""
        try:
            return metadata(self.model)
        except ModelError:
            return {}


OTHER = {"pair_nequip": "nequip", "pair_allegro": "allegro"}
"""Target -> architecture that has its pair style."""
DAMAGED = (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, KeyError, RuntimeError)
"""What `zipfile` raises for files that are not archives, or have flipped bits."""


def metadata(path: Path) -> dict[str, str]:
    """What a compiled model says about itself: `type_names`, `r_max` [Å], `model_dtype`, the names of its inputs, ...

    Raises ModelError for another file.
    """
    try:
        status = path.stat()
        return dict(_metadata(path, status.st_mtime_ns, status.st_size))
    except DAMAGED as error:
        raise ModelError(f"{path.name} is not a compiled model: {error}. Make it with `nequip-compile`.") from None


@cache
def _metadata(path: Path, _changed: int, _size: int) -> dict[str, str]:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        for name in (n for n in names if n.endswith("metadata.json")):
            about = json.loads(archive.read(name))
            if isinstance(about, dict) and "type_names" in about:
                return {key: str(value) for key, value in about.items()}
        extra = {n.rpartition("/extra/")[2]: n for n in names if "/extra/" in n}
        if "type_names" in extra:
            return {key: archive.read(name).decode() for key, name in extra.items()}
    raise ModelError(f"{path.name} has no type_names: compile the checkpoint with `nequip-compile`.")


def target_of(about: Mapping[str, str]) -> str | None:
    """The target of `nequip-compile`, from the names of inputs and outputs; nequip before 0.17 names none."""
    inputs, outputs = about.get("nequip_aoti_inputs", "").split(), about.get("nequip_aoti_outputs", "").split()
    if not inputs:
        return None
    if "batch" in inputs:
        return "batch"
    if "stress" in outputs:
        return "ase"
    return "pair_nequip" if "edge_cell_shift" in inputs else "pair_allegro"


def wrong_machine(about: Mapping[str, str]) -> str:
    """Why a compiled model cannot run on this machine, in words, or ""."""
    if about.get("AOTI_DEVICE_KEY") == "cuda" and not Path("/proc/driver/nvidia").exists():
        return "was compiled for a GPU, and this machine has no NVIDIA driver. Compile it with `--device cpu`."
    try:
        flags = set(Path("/proc/cpuinfo").read_text().split())
    except OSError:
        return ""
    wanted = about.get("AOTI_CPU_ISA", "").split() if about.get("AOTI_DEVICE_KEY") == "cpu" else []
    lacking = [name for name in wanted if name in INSTRUCTIONS and INSTRUCTIONS[name] not in flags]
    if lacking and "flags" in flags:
        return f"was compiled for processors with {', '.join(lacking)}, which this one lacks. Compile it here."
    return ""
