"""The fastest form of a MACE model that equals the model on the structure at hand.

Order of preference: compiled with radial tables, compiled, as it is.  The first configuration of every run is
evaluated by the model as it is too, and a form whose forces differ by more than its limit is not used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lmpdrive.architectures._evaluator import Configuration, Evaluation
from lmpdrive.architectures._mace import compiled
from lmpdrive.architectures._mace.edges import EdgeEvaluator, EdgeFunction
from lmpdrive.architectures._mace.model import eager

TABLE_LIMIT_EV_PER_A = 2e-5
LIMITS_EV_PER_A = {"float32": 1e-4, "float64": 1e-8}


@dataclass(frozen=True)
class Form:
    """One way to evaluate the model: its package is built when it is first needed."""

    name: str
    package: Path
    table: bool
    limit_eV_per_A: float


def forms(module: Any, key: str, device: str, compile_mode: str, table: str) -> tuple[list[Form], str]:
    """Compiled forms to try, best first, and why there is none.

    key : what identifies model, head and precision.
    compile_mode : "auto" (on CPUs, where a compiler is), "always" or "never".
    table : "auto" or "never".
    """
    if compile_mode == "never":
        return [], "potential.compile: never"
    if compile_mode == "auto" and device != "cpu":
        return [], "potential.compile: auto compiles on CPUs only"
    if type(module).__name__ not in ("MACE", "ScaleShiftMACE") or hasattr(module, "joint_embedding"):
        return [], f"a {type(module).__name__} of this kind cannot be compiled by lmpdrive"
    if compiled.compiler() is None:
        return [], "there is no C++ compiler (g++): install one, and runs are 2 to 5 times faster"
    precision = str(module.r_max.dtype).removeprefix("torch.")
    plain = Form("compiled", compiled.cached(f"{key} plain", device), False, LIMITS_EV_PER_A[precision])
    if table == "never" or not compiled.can_tabulate(module):
        return [plain], ""
    tabled = Form("compiled with radial tables", compiled.cached(f"{key} table", device), True, TABLE_LIMIT_EV_PER_A)
    return [tabled, plain], ""


class MaceEvaluator:
    """Chooses its form at the first configuration; `note` then says which, and how equal it is."""

    def __init__(
        self, module: Any, head: int, candidates: list[Form], reason: str, device: str, say: Callable[[str], object]
    ) -> None:
        self.module, self.head, self.device, self.say = module, head, device, say
        self.candidates, self.reason = candidates, reason
        self._as_it_is = self._on_edges(eager(module, head))
        self._chosen: EdgeEvaluator | None = None

    def _on_edges(self, function: EdgeFunction) -> EdgeEvaluator:
        numbers = [int(z) for z in self.module.atomic_numbers]
        return EdgeEvaluator(function, numbers, float(self.module.r_max), self.module.r_max.dtype, self.device)

    def __call__(self, configuration: Configuration) -> Evaluation:
        """Energy, forces, virial, per-atom energies."""
        if self._chosen is None:
            self._chosen = self._choose(configuration)
        return self._chosen(configuration)

    def _choose(self, configuration: Configuration) -> EdgeEvaluator:
        reference = self._as_it_is(configuration)
        reasons = [self.reason] if self.reason else []
        for form in self.candidates:
            try:
                if not form.package.is_file():
                    self.say(f"compiling the MACE model ({form.name}), once for this machine: one to two minutes")
                    edges = self._as_it_is.edges(configuration)
                    compiled.build(self.module, self.head, form.table, edges, form.package)
                candidate = self._on_edges(compiled.load(form.package))
                answer = candidate(configuration)
            except Exception as error:  # a compiler, a loader or a cache folder may fail in any way
                reasons.append(
                    f"{form.name}: {type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}"
                )
                continue
            difference = float(np.abs(answer.forces - reference.forces).max())
            if difference <= form.limit_eV_per_A:
                self.say(f"MACE runs {form.name}; largest force difference from the model {difference:.1e} eV/Å")
                return candidate
            reasons.append(f"{form.name} would change forces by {difference:.1e} eV/Å")
        self.say(f"MACE runs as it is ({'; '.join(reasons)})")
        return self._as_it_is
