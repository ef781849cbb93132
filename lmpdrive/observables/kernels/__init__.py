"""The inner loops of an analysis: compiled (`waters`, `surfaces`, `bins`), each with a NumPy twin (`waters_numpy`).

from lmpdrive.observables.kernels import load
load("waters").find_waters(...)
"""

from __future__ import annotations

from types import ModuleType

from lmpdrive.common import compiled


def load(name: str) -> ModuleType:
    """The compiled module of this name, or its NumPy twin where there is no numba."""
    return compiled.load(f"{__name__}.{name}")
