"""MACE models as `pair_style mliap unified` reads them.

A `.model` file is converted without a GPU: mace-torch's class for LAMMPS is made from the model itself.  A file that
`mace_create_lammps_model` converted (`*-mliap_lammps.pt`) is used unchanged, with its head and precision.
https://docs.lammps.org/pair_mliap.html
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lmpdrive.architectures.mace.inputs import inputs_of, require_local
from lmpdrive.architectures.mace.model import elements, head_index, load
from lmpdrive.architectures.mace.one_rank import OneRank
from lmpdrive.common.lammps_module import import_lammps
from lmpdrive.errors import ModelError

CONVERTED = "-mliap_lammps.pt"
"""End of the names that `mace_create_lammps_model --format mliap` gives."""


def is_converted(model: str) -> bool:
    """Whether `model` was converted for LAMMPS already."""
    return model.endswith(CONVERTED)


def write_for_lammps(model: str, head: str | None, dtype: str, kokkos: str, path: str) -> None:
    """Write the file that the deck names: mace-torch's class for LAMMPS; without KOKKOS wrapped for one rank.

    kokkos : `always` (GPUs), `threads` (mace-torch's class refuses CPUs unless it is told so) or `never`.

    A plain pickle, whose name must not end in `.pt`: LAMMPS reads such files with torch's defaults, which refuse
    anything but tensors.  Raises ModelError as `convert` and `read` do.
    """
    unified = read(model) if is_converted(model) else convert(model, head, dtype)
    unified.config.allow_cpu = kokkos == "threads"
    partial = Path(f"{path}.{os.getpid()}")
    with partial.open("wb") as stream:
        pickle.dump(OneRank(unified) if kokkos == "never" else unified, stream)
    partial.replace(path)


def write_with(python: Path, *arguments: str | None) -> None:
    """`write_for_lammps` in another interpreter, one that has mace-torch.

    Raises ModelError with what went wrong there.
    """
    command = [str(python), "-m", "lmpdrive.architectures.mace.mliap", json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ModelError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "the conversion failed")


def convert(model: str, head: str | None, dtype: str) -> Any:
    """mace-torch's LAMMPS_MLIAP_MACE of a `.model` file or foundation model.

    Raises ModelError if the model cannot be read, has no such head, or needs more than LAMMPS gives it.
    """
    import torch

    module = load(model, getattr(torch, dtype), "cpu")
    require_local(module, model)
    number = head_index(module, head)
    kind = _class_for_lammps()
    heads = getattr(module, "heads", None)
    default = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, dtype))
    try:
        return kind(module, head=heads[number]) if heads else kind(module)
    finally:
        torch.set_default_dtype(default)


def read(model: str) -> Any:
    """The object in a `*-mliap_lammps.pt` file, on the CPU.

    Raises ModelError if it is something else or cannot be read.
    """
    _class_for_lammps()
    import torch

    try:
        found = torch.load(model, map_location="cpu", weights_only=False)
    except Exception as error:  # unpickling runs code and may raise anything
        raise ModelError(
            f"cannot read {model}: {type(error).__name__}: {error}. Give the file that "
            "mace_create_lammps_model --format mliap writes, of this version of mace-torch."
        ) from None
    if not hasattr(found, "compute_forces") or not hasattr(found, "element_types"):
        raise ModelError(f"{model} is not a model converted for ML-IAP: it is a {type(found).__name__}")
    return found


def elements_of_file(model: str) -> list[str]:
    """Elements of a model of either kind, in its own order.  Raises ModelError if it cannot be read."""
    return list(read(model).element_types) if is_converted(model) else elements(_module(model))


def interactions_of_file(model: str) -> list[str]:
    """Classes of its interaction blocks.  Raises ModelError if it cannot be read."""
    return [type(block).__name__ for block in _module(model).interactions]


def inputs_of_file(model: str) -> dict[str, Any]:
    """What it needs: the fields of an `inputs.Inputs`.  Raises ModelError if it cannot be read."""
    return asdict(inputs_of(_module(model)))


def reach_of_file(model: str) -> tuple[float, int]:
    """Cutoff [Å] and number of interaction layers.  Raises ModelError if it cannot be read."""
    module = _module(model)
    return float(module.r_max), len(module.interactions)


def _module(model: str) -> Any:
    import torch

    return read(model).model.model if is_converted(model) else load(model, torch.float64, "cpu")


def _class_for_lammps() -> Any:
    """LAMMPS_MLIAP_MACE; its base class comes from the `lammps` package, which `import_lammps` must import first."""
    with suppress(ImportError, OSError):  # mace-torch has a stand-in for the base class
        import_lammps(plugins=False)
    from mace.calculators.lammps_mliap_mace import LAMMPS_MLIAP_MACE

    return LAMMPS_MLIAP_MACE


if __name__ == "__main__":
    try:
        write_for_lammps(*json.loads(sys.argv[1]))
    except ModelError as error:
        sys.exit(str(error))
