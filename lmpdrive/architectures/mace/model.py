"""Load a MACE model and express it as a function of edge vectors.

Batatia et al., NeurIPS 2022 (MACE); models are those of mace-torch 0.3.16.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ase.data import chemical_symbols

from lmpdrive.architectures.shared.edges import EdgeFunction, forces_and_virial
from lmpdrive.errors import ModelError, did_you_mean

FOUNDATIONS = ("mace_mp", "mace_off", "mace_omol", "mace_polar", "mace_anicc")
"""Functions of mace.calculators that load a foundation model, e.g. `mace_mp:medium-mpa-0`."""


def load(model: str, dtype: Any, device: str) -> Any:
    """The torch module of a `.model` file, or of a foundation model `family:name`.

    Raises ModelError if it cannot be read, or the hub cannot be reached.
    """
    os.environ.setdefault("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    import torch

    if is_foundation(model):
        module = _foundation(model, device)
    else:
        try:
            module = torch.load(model, map_location=device, weights_only=False)
        except ModuleNotFoundError as error:
            raise ModelError(
                f"cannot read the MACE model {model}: it needs the package '{error.name}', which is not installed in "
                "this environment. Install it there"
            ) from None
        except Exception as error:  # unpickling runs code and may raise anything
            raise ModelError(
                f"cannot read the MACE model {model}: {type(error).__name__}: {error}. Give the .model file that "
                "mace_run_train writes (not a checkpoint and not the _compiled one), of this version of mace-torch."
            ) from None
    if not hasattr(module, "interactions") or not hasattr(module, "r_max"):
        raise ModelError(f"{model} is not a MACE model: it is a {type(module).__name__}")
    module = module.to(device=device, dtype=dtype)
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    return module.eval()


def is_foundation(model: str) -> bool:
    """Whether `model` is `family:name` and not a file."""
    return ":" in model and not Path(model).exists()


def _foundation(model: str, device: str) -> Any:
    family, _, name = model.partition(":")
    if family not in FOUNDATIONS:
        raise ModelError(
            f"potential.model: no family of foundation models '{family}'{did_you_mean(family, FOUNDATIONS) or '.'} "
            f"Families: {', '.join(FOUNDATIONS)}"
        )
    import mace.calculators as calculators

    arguments = {} if family == "mace_anicc" else {"model": name}
    try:
        return getattr(calculators, family)(**arguments, device=device, return_raw_model=True)
    except Exception as error:  # network and unpickling errors of many kinds
        raise ModelError(
            f"the foundation model {model} could not be loaded: {type(error).__name__}: {error}. Where the hub cannot "
            "be reached, download its file elsewhere and name the file: model: ./file.model"
        ) from None


def head_index(module: Any, head: str | None) -> int:
    """Number of a head by name; without a name the only one, or the one called "default", as in MACECalculator.

    Raises ModelError with the model's heads.
    """
    heads = list(getattr(module, "heads", None) or ["Default"])
    if head is None and len(heads) == 1:
        return 0
    chosen = [i for i, name in enumerate(heads) if name == head or (head is None and name.lower() == "default")]
    if not chosen:
        asked = (
            f"no head '{head}'{did_you_mean(head, heads) or '.'}" if head else "the model has several heads: name one."
        )
        raise ModelError(f"potential.head: {asked} Heads: {', '.join(heads)}")
    return chosen[0]


def elements(module: Any) -> list[str]:
    """Elements of a model in its own order."""
    return [chemical_symbols[int(z)] for z in module.atomic_numbers]


def eager(module: Any, head: int) -> EdgeFunction:
    """The unchanged model, through the entry that its own LAMMPS interface uses."""
    import torch

    kinds = len(module.atomic_numbers)

    def function(vectors: Any, index: Any, species: Any) -> tuple[Any, Any, Any]:
        n = len(species)
        answer = module(
            {
                "vectors": vectors,
                "node_attrs": torch.nn.functional.one_hot(species, kinds).to(vectors.dtype),
                "edge_index": index,
                "batch": torch.zeros_like(species),
                "head": torch.tensor([head], device=species.device),
                "lammps_class": None,
                "natoms": (n, 0),
            },
            compute_force=False,
            compute_edge_forces=True,
            lammps_mliap=True,
        )
        # "edge_forces" is MACE's name for +dE/dv
        return answer["node_energy"], *forces_and_virial(vectors, index, answer["edge_forces"], n)

    return function
