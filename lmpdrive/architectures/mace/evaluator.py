"""The fastest form of a MACE model that agrees with the model itself on the structure at hand.

Order of preference: compiled with radial tables, compiled, cuEquivariance, unchanged; which are tried depends on the
device and the options.  The first configuration of every run is evaluated by the unchanged model too, and a form
whose forces differ by more than its limit is not used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from lmpdrive.architectures import Configuration, Evaluation
from lmpdrive.architectures.mace import compiled, cueq
from lmpdrive.architectures.mace.model import eager
from lmpdrive.architectures.shared import pytorch
from lmpdrive.architectures.shared.edges import EdgeEvaluator, EdgeFunction
from lmpdrive.errors import ModelError

TABLE_LIMIT_EV_PER_A = 2e-5
LIMITS_EV_PER_A = {"float32": 1e-4, "float64": 1e-8}
COMPARED_ATOMS = 1000
"""For larger structures a cluster of this size is compared, which bounds the memory of the unchanged model."""

Option = Literal["auto", "always", "never"]


@dataclass(frozen=True)
class Form:
    """One way to evaluate the model.

    make : edges of a configuration -> the form as a function of edges; slow the first time.
    """

    name: str
    limit_eV_per_A: float
    make: Callable[[tuple[Any, Any, Any], Callable[[str], object]], EdgeFunction]


def candidate_forms(
    module: Any, head: int, key: str, device: str, compile_mode: Option, table: str, cuequivariance: Option
) -> tuple[list[Form], list[str]]:
    """Forms to try, best first, and why others are left out.

    key : identifies model, head and precision.
    compile_mode : "auto" (on CPUs with a compiler), "always" or "never".
    table : "auto" or "never".
    cuequivariance : "auto" (on NVIDIA GPUs with its kernels), "always" or "never".
    """
    kernels, no_kernels = _kernel_forms(module, head, device, cuequivariance)
    packages, no_packages = _compiled_forms(module, head, key, device, compile_mode, table)
    found = [*kernels, *packages] if cuequivariance == "always" else [*packages, *kernels]
    return found, [reason for reason in (no_packages, no_kernels) if reason]


def _kernel_forms(module: Any, head: int, device: str, mode: Option) -> tuple[list[Form], str]:
    if mode == "never" or (mode == "auto" and not device.startswith("cuda")):
        return [], ""
    reason = cueq.missing(device)
    if reason is not None:
        return [], reason

    def make(_: Any, __: Any) -> EdgeFunction:
        return eager(cueq.convert(module, device), head)

    return [Form("on cuEquivariance kernels", LIMITS_EV_PER_A[_precision(module)], make)], ""


def _compiled_forms(module: Any, head: int, key: str, device: str, mode: Option, table: str) -> tuple[list[Form], str]:
    if mode == "never":
        return [], "potential.compile: never"
    if mode == "auto" and device != "cpu":
        return [], "potential.compile: auto compiles on CPUs only"
    if compiled.compiler() is None:
        return [], "there is no C++ compiler (g++): install one, and runs are 2 to 6 times faster"

    def form(name: str, tabled: bool, limit_eV_per_A: float) -> Form:
        package = compiled.cached(f"{key} {'table' if tabled else 'plain'}", device)

        def make(edges: tuple[Any, Any, Any], say: Callable[[str], object]) -> EdgeFunction:
            if not package.is_file():
                say(f"compiling the MACE model ({name}), once for this machine: one to two minutes")
                compiled.build(module, head, tabled, edges, package)
            return compiled.load(package)

        return Form(name, limit_eV_per_A, make)

    plain = form("compiled", False, LIMITS_EV_PER_A[_precision(module)])
    if table == "never" or not compiled.can_tabulate(module):
        return [plain], ""
    return [form("compiled with radial tables", True, TABLE_LIMIT_EV_PER_A), plain], ""


def _precision(module: Any) -> str:
    return str(module.r_max.dtype).removeprefix("torch.")


class MaceEvaluator:
    """Chooses its form at the first configuration; `say` then reports which, and its deviation from the model."""

    def __init__(
        self,
        module: Any,
        head: int,
        candidates: list[Form],
        reasons: list[str],
        device: str,
        say: Callable[[str], object],
    ) -> None:
        self.module, self.device, self.say = module, device, say
        self.candidates, self.reasons = candidates, reasons
        self._unchanged = self._on_edges(eager(module, head))
        self._chosen: EdgeEvaluator | None = None
        self._use: pytorch.MemoryUse | None = None
        """Memory of an evaluation that succeeded."""

    def _on_edges(self, function: EdgeFunction) -> EdgeEvaluator:
        numbers = [int(z) for z in self.module.atomic_numbers]
        return EdgeEvaluator(function, numbers, float(self.module.r_max), self.module.r_max.dtype, self.device)

    def __call__(self, configuration: Configuration) -> Evaluation:
        """Energy, forces, virial, per-atom energies.

        Raises ModelError with an estimate of how many atoms fit if memory runs out.
        """
        evaluator = self._chosen or self._unchanged
        try:
            if self._chosen is not None:
                return self._chosen(configuration)
            evaluator = self._chosen = self._choose(_cluster(configuration))
            answer, self._use = self._measured(evaluator, configuration)
        except (RuntimeError, MemoryError) as error:
            if not pytorch.is_out_of_memory(error):
                raise
            raise ModelError(self._out_of_memory(error, configuration, evaluator)) from error
        if self._use is not None:
            self.say(f"MACE takes {self._use}")
        return answer

    def _measured(
        self, evaluator: EdgeEvaluator, configuration: Configuration
    ) -> tuple[Evaluation, pytorch.MemoryUse | None]:
        pytorch.reset_peak_memory(self.device)
        answer = evaluator(configuration)
        return answer, pytorch.peak_memory(self.device, len(configuration.numbers), evaluator.edge_count)

    def _choose(self, configuration: Configuration) -> EdgeEvaluator:
        reference, self._use = self._measured(self._unchanged, configuration)
        reasons = list(self.reasons)
        for form in self.candidates:
            try:
                candidate = self._on_edges(form.make(self._unchanged.edges(configuration), self.say))
                answer, use = self._measured(candidate, configuration)
            except Exception as error:  # a compiler, a converter, a loader or a cache folder may fail in any way
                reasons.append(
                    f"{form.name}: {type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}"
                )
                continue
            difference = float(np.abs(answer.forces - reference.forces).max())
            if difference <= form.limit_eV_per_A:
                self.say(f"MACE runs {form.name}; largest force difference from the model {difference:.1e} eV/Å")
                self._use = use
                return candidate
            reasons.append(f"{form.name} would change forces by {difference:.1e} eV/Å")
        self.say(f"MACE runs unchanged ({'; '.join(reasons)})")
        return self._unchanged

    def _out_of_memory(self, error: BaseException, configuration: Configuration, evaluator: EdgeEvaluator) -> str:
        cures = ["Take a smaller cell"]
        if _precision(self.module) == "float64":
            cures.append("dtype: float32 (half the memory)")
        if self.device.startswith("cuda"):
            if cueq.missing(self.device):
                cures.append(f"cuEquivariance kernels ({cueq.INSTALL})")
            cures.append("the native coupling with KOKKOS on several GPUs")
        return pytorch.out_of_memory(
            error,
            self.device,
            len(configuration.numbers),
            evaluator.edge_count,
            self._use,
            " or ".join([", ".join(cures[:-1]), cures[-1]] if len(cures) > 1 else cures) + ".",
        )


def _cluster(configuration: Configuration) -> Configuration:
    """The atoms nearest to the first one without their images, where there are more than `COMPARED_ATOMS`."""
    if len(configuration.numbers) <= COMPARED_ATOMS:
        return configuration
    positions = configuration.positions
    near = np.argsort(np.linalg.norm(positions - positions[0], axis=1))[:COMPARED_ATOMS]
    return replace(
        configuration,
        numbers=configuration.numbers[near],
        positions=positions[near],
        pbc=(False, False, False),
    )
