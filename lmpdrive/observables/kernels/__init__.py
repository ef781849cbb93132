"""The inner loops of an analysis: compiled (`waters`, `surfaces`, `bins`), each with a NumPy twin.

    from lmpdrive.observables.kernels import load
    load("waters").find_waters(...)

The twins (`waters_numpy`, ...) have the same functions with the same arguments.  They serve where numba cannot be
imported, and where `LMPDRIVE_KERNELS=numpy` asks for them; tests compare the two.
"""

from __future__ import annotations

import os
import warnings
from functools import cache
from importlib import import_module
from types import ModuleType


@cache
def load(name: str) -> ModuleType:
    """The compiled module of this name, or its NumPy twin."""
    twin = f"{__name__}.{name}_numpy"
    if os.environ.get("LMPDRIVE_KERNELS") == "numpy":
        return import_module(twin)
    try:
        return import_module(f"{__name__}.{name}")
    except ImportError as error:
        warnings.warn(f"numba cannot be imported ({error}): the analysis takes the slower NumPy way", stacklevel=2)
        return import_module(twin)
