"""`compiled`: a Python function on arrays -> machine code (numba), kept on disk between processes.

The machine code lies beside the source, or in the user's cache folder if that cannot be written, or nowhere if
neither can (then each process compiles anew, some seconds).  `NUMBA_CACHE_DIR` names another folder.  Every
compiled function has a plain NumPy twin that the tests compare it with.

Importing this module imports numba (0.3 s), so import it where frames are analysed, not at the top of a command.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile at the first call for given types; division by zero gives inf or nan, as in NumPy."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # "no locator available": no folder for the cache can be written
        return numba.njit(**options)(function)
