"""Which form of a model is fastest here: measured in turns, and remembered per model, size and machine."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from math import log2
from pathlib import Path

import numpy as np

from lmpdrive.architectures import Configuration
from lmpdrive.architectures.mace import cache
from lmpdrive.architectures.mace.forms import Loaded
from lmpdrive.common.atomic import write_atomically

STEP_A = 0.003
"""How far atoms move in 0.5 fs at 300 K."""
ROUNDS = 7
MOST_S = 5.0
"""No further round is begun after so long."""


def measure(forms: Mapping[str, Loaded], configuration: Configuration) -> dict[str, float]:
    """Shortest time of an evaluation [ms] by each form.

    The forms take turns, so that a change of the machine's load meets all, on the structure a little displaced.
    """
    rng = np.random.default_rng(0)
    times: dict[str, list[float]] = {name: [] for name in forms}
    began = time.perf_counter()
    for number in range(ROUNDS + 1):  # the first evaluations of a form are slow
        moved = configuration.positions + rng.normal(scale=STEP_A, size=configuration.positions.shape)
        for name, form in forms.items():
            started = time.perf_counter()
            form(replace(configuration, positions=moved))
            times[name].append(1e3 * (time.perf_counter() - started))
        if number >= 2 and time.perf_counter() - began > MOST_S:
            break
    return {name: min(each[1:]) for name, each in times.items()}


class Memory:
    """What was measured, in the user's cache folder.

    key : model, head, precision and forms that were compared; the machine is added here, and the size: systems within
    a factor of 1.4 count as one.
    """

    def __init__(self, key: str, device: str, atoms: int) -> None:
        size = round(2 * log2(max(atoms, 1)))
        self.path: Path = cache.of_machine(f"{key} {size}", device, ".fastest.json")

    def read(self) -> dict[str, float]:
        """Form -> ms per evaluation; empty if nothing was measured."""
        try:
            found = json.loads(self.path.read_text())
            return {str(name): float(ms) for name, ms in found["ms"].items()}
        except (OSError, ValueError, KeyError, AttributeError):
            return {}

    def write(self, ms: Mapping[str, float], atoms: int) -> None:
        """Remember; where the cache cannot be written the next run measures again."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path, json.dumps({"ms": dict(ms), "atoms": atoms}) + "\n")
        except OSError:
            return
