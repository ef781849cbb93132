"""GRACE model files, read without TensorFlow: their kind, elements, cutoff and layers.

| kind | file | made by |
|---|---|---|
| tensorflow | SavedModel folder with `metadata.yaml` | `gracemaker` (`seed/1/final_model`) |
| kokkos | `.npz` | `grace_utils ... export_kokkos` |
| fs | `.yaml` | `gracemaker -r -s -sf` |
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml

from lmpdrive.errors import ModelError

Kind = Literal["tensorflow", "kokkos", "fs"]

DAMAGED = (
    *(LookupError, TypeError, ValueError, AttributeError, OSError, EOFError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error),
)
"""What reading a damaged or truncated file raises."""
EXPORT = "Export it with `gracemaker -r -s` in the folder of its input.yaml."


@dataclass(frozen=True)
class ModelFile:
    """What a model file says about itself.

    elements : in the model's order.
    layers : of message passing; 1 for FS.
    has_uq : whether it provides the extrapolation grade γ.
    """

    kind: Kind
    elements: tuple[str, ...]
    cutoff_A: float
    layers: int
    has_uq: bool = False


def read(path: Path) -> ModelFile:
    """Read what a model file says.  Raises ModelError, with the cure, for anything that is not one."""
    if not path.exists():
        raise ModelError(f"there is no file {path}. Give gracemaker's SavedModel folder, or its .npz or FS .yaml.")
    try:
        if path.is_dir():
            return _saved_model(path)
        if path.suffix == ".npz":
            return _npz(path)
        if path.suffix in (".yaml", ".yml"):
            return _fs(path)
    except DAMAGED as error:
        raise ModelError(f"{path} is not a GRACE model: {type(error).__name__}: {error}. {EXPORT}") from None
    what = "a checkpoint" if "checkpoint" in path.name else f"a {path.suffix or 'nameless'} file"
    raise ModelError(f"{path.name} is {what}; a GRACE model is a SavedModel folder, a .npz or an FS .yaml. {EXPORT}")


def _saved_model(path: Path) -> ModelFile:
    if not (path / "saved_model.pb").is_file():
        inside = [p.parent for p in sorted(path.glob("**/saved_model.pb"))]
        hint = f"Did you mean {inside[0]}?" if inside else EXPORT
        raise ModelError(f"the folder {path} is no TensorFlow SavedModel: it has no saved_model.pb. {hint}")
    if not (path / "metadata.yaml").is_file():
        raise ModelError(
            f"{path} is of an old tensorpotential: it has no metadata.yaml, which lists elements and layers. {EXPORT}"
        )
    about = _yaml((path / "metadata.yaml").read_text())
    # it lists the features that the first layer passes to a second
    layers = 2 if "parallel_communication" in about else 1
    return ModelFile(
        "tensorflow", tuple(about["chemical_symbols"]), float(about["cutoff"]), layers, bool(about.get("has_uq"))
    )


def _npz(path: Path) -> ModelFile:
    with np.load(path) as weights:  # no pickles
        elements = tuple(name.decode() for name in weights["element_names"].tolist())
        if "spbf_names" in weights.files:  # the export of three layers lists the basis of each
            layers = len(weights["spbf_names"])
            if layers != 3:
                raise ModelError(f"{path.name} is an export of GRACE-3L with {layers} layers: no pair style reads it")
        else:
            layers = 2 if any(name.startswith("I_nl_LN") for name in weights.files) else 1
        return ModelFile(
            "kokkos", elements, float(weights["rcut"][0]), layers, has_uq="uq_schema_version" in weights.files
        )


def _fs(path: Path) -> ModelFile:
    # the functions follow, in megabytes
    head = []
    with path.open() as stream:
        for line in stream:
            if line.startswith("functions:"):
                break
            head.append(line)
        else:
            raise ModelError(
                f"{path.name} has no functions: gracemaker's model.yaml is the shape of a model without its weights. "
                "Export an FS model with `gracemaker -r -s -sf`."
            )
    about = _yaml("".join(head))
    return ModelFile("fs", tuple(about["elements"]), float(about["radial_basis"]["cutoff"]), 1)


def _yaml(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error).splitlines()[0]) from None
