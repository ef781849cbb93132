"""Committees that are known on paper: a model, and the same with its last linear layer times 1 + δ.

The energy is linear in δ, whatever the model is: E(δ) = E(0) + δ E_scaled.  A function for each family gives the
`potential:` section without a committee, and the members' entries, one for each δ.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lmpdrive.architectures import find
from tests.architectures.grace_models import model as grace_model
from tests.conftest import ROOT

DATA = ROOT / "tests" / "architectures" / "data"
Family = tuple[dict[str, Any], list[Any]]

SCALE_GRAPH = """
import sys
import tensorflow as tf
graph = tf.compat.v1.GraphDef()
graph.ParseFromString(open(sys.argv[1], "rb").read())
kernels = [n for n in graph.node if n.op == "Const" and n.name.startswith("final_layer") and n.name.endswith("matrix")]
original = [tf.make_ndarray(node.attr["value"].tensor) for node in kernels]
for path, change in zip(sys.argv[2::2], map(float, sys.argv[3::2])):
    for node, array in zip(kernels, original):
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(array * (1 + change)))
    open(path, "wb").write(graph.SerializeToString())
"""

SCALE_VARIABLES = """
import sys
import tensorflow as tf
prefix, last = sys.argv[1] + "/variables/variables", "_variables_to_train/4/.ATTRIBUTES/VARIABLE_VALUE"
content = tf.train.load_checkpoint(prefix)
names = sorted(content.get_variable_to_shape_map())
for folder, change in zip(sys.argv[2::2], map(float, sys.argv[3::2])):
    arrays = [content.get_tensor(name) for name in names]
    arrays[names.index(last)] = arrays[names.index(last)] * (1 + change)
    tf.raw_ops.SaveV2(prefix=folder + "/variables/variables", tensor_names=names, shape_and_slices=[""] * len(names),
                      tensors=arrays)
"""


def _by_tensorflow(python: Path | str, script: str, model: Path, members: Sequence[Path], deltas: Sequence[float]):
    pairs = [word for pair in zip(map(str, members), map(str, deltas), strict=True) for word in pair]
    subprocess.run([python, "-c", script, model, *pairs], check=True, capture_output=True)


def deepmd(folder: Path, deltas: Sequence[float]) -> Family:
    """The matrices of the last layers in TensorFlow's graph."""
    model = DATA / "dp-float64.pb"
    section = {"architecture": "deepmd", "model": str(model), "compress": "never"}
    members = [folder / f"dp{number}.pb" for number in range(len(deltas))]
    python = find("deepmd").model_validate(section).interpreter().python
    _by_tensorflow(python, SCALE_GRAPH, model, members, deltas)
    return section, [str(member) for member in members]


def mace(folder: Path, deltas: Sequence[float]) -> Family:
    """The scale of the interaction energy."""
    import torch

    section = {"architecture": "mace", "model": str(DATA / "mace-tiny.model"), "dtype": "float64", "compile": "never"}
    members = []
    for number, change in enumerate(deltas):
        model = torch.load(DATA / "mace-tiny.model", weights_only=False, map_location="cpu")
        model.scale_shift.scale *= 1 + change
        torch.save(model, folder / f"mace{number}.model")
        members.append(str(folder / f"mace{number}.model"))
    return section, members


def grace(folder: Path, deltas: Sequence[float]) -> Family:
    """The last layer of the network, among the variables of a SavedModel."""
    section = {"architecture": "grace", "model": str(grace_model("1l"))}
    members = [Path(shutil.copytree(grace_model("1l"), folder / f"grace{n}")) for n in range(len(deltas))]
    python = find("grace").model_validate(section).interpreter().python
    _by_tensorflow(python, SCALE_VARIABLES, grace_model("1l"), members, deltas)
    return section, [str(member) for member in members]


def ase(folder: Path, deltas: Sequence[float]) -> Family:
    """The depth of shallow wells, by 10 δ."""
    own = {"sigma": 0.8, "epsilon": 0.02, "rc": 3.0, "smooth": True}
    section = {"architecture": "ase", "calculator": "ase.calculators.lj:LennardJones", "kwargs": own}
    return section, [{"epsilon": own["epsilon"] * (1 + 10 * change)} for change in deltas]
