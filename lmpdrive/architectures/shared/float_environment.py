"""Floating-point rules of this process, kept while a library is loaded that changes them.

Code linked with `-ffast-math` (by GCC before 13) switches denormal numbers off for the thread that loads it, and all
threads started after: LAMMPS, NumPy and every other model of the process would silently compute with other rules.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Iterator
from contextlib import contextmanager

_ROOM = 256
"""Bytes, more than any platform's `fenv_t` (glibc on x86-64: 32)."""


@contextmanager
def kept() -> Iterator[None]:
    """Rounding, denormals and exceptions of this thread are afterwards as they were (C's fegetenv, fesetenv)."""
    library = ctypes.util.find_library("m")
    if library is None:  # no C library to ask, so nothing that is linked that way either
        yield
        return
    c = ctypes.CDLL(library)
    before = ctypes.create_string_buffer(_ROOM)
    c.fegetenv(before)
    try:
        yield
    finally:
        c.fesetenv(before)
