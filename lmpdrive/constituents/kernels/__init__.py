"""Inner loops of the search for bonds, compiled and in plain NumPy: `load("close")`."""

from __future__ import annotations

from types import ModuleType

from lmpdrive.common import compiled


def load(name: str) -> ModuleType:
    """The compiled module, or its plain twin."""
    return compiled.load(f"{__name__}.{name}")
