"""What a Deep Potential says about itself, read by deepmd in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from lmpdrive.errors import ModelError

SUFFIXES = {".pb": "tensorflow", ".savedmodel": "jax", ".pth": "pytorch", ".pt2": "pytorch"}
"""Suffix of a model file -> backend that reads it."""


def call_deepmd(python: Path, code: str, *args: object, cwd: Path | None = None) -> dict[str, Any]:
    """Run `code` in a process of its own, which keeps TensorFlow out of ours; its last line of output is JSON.

    Raises ModelError with its last error message.
    """
    env = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [python, "-c", code, *map(str, args)], capture_output=True, text=True, cwd=cwd, env=env, check=False
    )
    if done.returncode:
        raise ModelError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "deepmd failed")
    return json.loads(done.stdout.strip().splitlines()[-1])


def cutoffs_of(descriptor: Mapping[str, Any]) -> tuple[float, ...]:
    """Cutoff of each layer [Å], from a training's `descriptor` section; empty for an unknown kind.

    DPA-3 passes messages `nlayers` times over edges within `e_rcut`; DPA-2 gathers once within `repinit.rcut`, then
    passes messages `nlayers` times within `repformer.rcut`.  `hybrid` descriptors see as far as their farthest part.
    """
    kind = str(descriptor.get("type", ""))
    if kind.startswith(("se_", "loc_frame")):
        return (float(descriptor["rcut"]),)
    if kind == "dpa3":
        flow = descriptor["repflow"]
        return (float(flow["e_rcut"]),) * int(flow.get("nlayers", 6))
    if kind == "dpa2":
        former = descriptor["repformer"]
        return (float(descriptor["repinit"]["rcut"]), *[float(former["rcut"])] * int(former.get("nlayers", 3)))
    if kind == "dpa1":
        return (float(descriptor["rcut"]),)
    return max((cutoffs_of(part) for part in descriptor.get("list", ())), key=sum, default=())


@cache
def read_model(python: Path, model: Path) -> dict[str, Any]:
    """Its `type_map` and `descriptor`, read once per process: deepmd takes seconds to start.

    Raises ModelError.
    """
    code = (
        "import sys, json\nfrom deepmd.infer import DeepPot\np = DeepPot(sys.argv[1])\n"
        # not every format stores its script
        "try:\n    script = p.get_model_def_script()\nexcept Exception:\n    script = {}\n"
        "print(json.dumps({'type_map': p.get_type_map(), 'descriptor': script.get('descriptor', {})}))"
    )
    try:
        return call_deepmd(python, code, model)
    except ModelError as error:
        raise ModelError(f"deepmd cannot read {model}: {error}. Freeze it again with `dp freeze`.") from None
