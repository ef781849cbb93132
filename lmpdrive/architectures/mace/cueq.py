"""A MACE model on NVIDIA's cuEquivariance kernels.

mace-torch converts the model; the caller compares the result with the unchanged model.
https://docs.nvidia.com/cuda/cuequivariance
"""

from __future__ import annotations

import importlib.util
from typing import Any

INSTALL = "pip install cuequivariance-torch cuequivariance-ops-torch-cu12 (cu13 for a torch of CUDA 13)"


def missing(device: str) -> str | None:
    """Why the kernels cannot be used on `device`, or None.

    Without the ops package cuequivariance-torch runs on any device, but no faster.
    """
    wanted = ["cuequivariance_torch"]
    if device.startswith("cuda"):
        wanted.append("cuequivariance_ops_torch")
    absent = [name for name in wanted if importlib.util.find_spec(name) is None]
    return f"no {' and no '.join(absent)} for cuEquivariance: {INSTALL}" if absent else None


def convert(module: Any, device: str) -> Any:
    """A copy of the model on cuEquivariance.

    Raises whatever mace's converter raises for models that it does not know.
    """
    import torch
    from mace.cli.convert_e3nn_cueq import run

    default = torch.get_default_dtype()
    try:  # it sets torch's default precision for good
        converted = run(module, device=device, return_model=True)
    finally:
        torch.set_default_dtype(default)
    converted = converted.to(device=device, dtype=module.r_max.dtype)
    for parameter in converted.parameters():
        parameter.requires_grad_(False)
    return converted.eval()
