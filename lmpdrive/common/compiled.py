"""`compiled`: a Python function on arrays -> machine code (numba), kept on disk between processes.

The machine code lies beside the source, or in the user's cache folder if that cannot be written, or nowhere if
neither can (then each process compiles anew, some seconds).  `NUMBA_CACHE_DIR` names another folder.  Every module
of compiled functions has a plain twin (`<name>_numpy`) with the same functions and arguments: it serves where numba
cannot be imported and where `LMPDRIVE_KERNELS=numpy` asks for it, and the tests compare the two.

A compiled function calls only functions of its own file: numba checks no other file to see whether its copy on
disk is out of date.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from lmpdrive.common.patience import Heartbeat
from lmpdrive.common.say import Say, silent

COMPILING = "compiling the kernels of the analysis for this machine, once: about a minute"


def compiled(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """Compile at the first call for given types; division by zero gives inf or nan, as in NumPy."""
    import numba

    options = {"nogil": True, "error_model": "numpy", **options}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # "no locator available": no folder for the cache can be written
        return numba.njit(**options)(function)


def compiled_fast(function: Callable[..., Any]) -> Callable[..., Any]:
    """As `compiled`, and sums may be taken in any order, which makes vector code; nan and inf stay what they are."""
    return compiled(function, fastmath={"reassoc", "contract", "arcp", "nsz"})


@cache
def load(module: str) -> ModuleType:
    """The compiled module of this full name, or its plain twin.  Imports numba (0.3 s), so call it late."""
    if os.environ.get("LMPDRIVE_KERNELS") == "numpy":
        return import_module(f"{module}_numpy")
    try:
        return import_module(module)
    except ImportError as error:
        warnings.warn(f"{error}: the analysis takes the slower way without numba", stacklevel=2)
        return import_module(f"{module}_numpy")


@contextmanager
def announced(say: Say) -> Iterator[None]:
    """Within this context, say so before the first function is compiled; copies from the disk are not worth a word."""
    if os.environ.get("LMPDRIVE_KERNELS") == "numpy":
        yield
        return
    try:
        from numba.core import event
    except ImportError:
        yield
        return

    class Announcement(event.Listener):
        """One function compiles others: a heartbeat for the outermost."""

        said, depth = False, 0
        heartbeat: Heartbeat | None = None

        def on_start(self, event: Any) -> None:
            if not self.said:
                self.said = True
                say(COMPILING)
            if self.depth == 0 and say is not silent:
                self.heartbeat = Heartbeat(say, None, 0.0)
                self.heartbeat.start()
            self.depth += 1

        def on_end(self, event: Any) -> None:
            self.depth -= 1
            if self.depth == 0:
                self.stop()

        def stop(self) -> None:
            if self.heartbeat is not None:
                self.heartbeat.stop()
            self.heartbeat = None

    announcement = Announcement()
    try:
        with event.install_listener("numba:compile", announcement):
            yield
    finally:
        announcement.stop()
