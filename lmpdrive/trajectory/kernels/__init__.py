"""Inner loops of readers: `dump_text` (compiled) and its plain twin `dump_text_numpy`."""

from __future__ import annotations

from types import ModuleType

from lmpdrive.common import compiled


def load(name: str) -> ModuleType:
    """The compiled module of this name, or its twin where there is no numba."""
    return compiled.load(f"{__name__}.{name}")
