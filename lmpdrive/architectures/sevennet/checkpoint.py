"""Load a SevenNet checkpoint and express it as a function of edge vectors.

Models are those of sevenn 0.13, in single precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ase.data import chemical_symbols

from lmpdrive.architectures.shared.edges import EdgeEvaluator, EdgeFunction, forces_and_virial
from lmpdrive.architectures.shared.pytorch import pick
from lmpdrive.errors import ModelError, did_you_mean

PREFIXES = ("7net-", "sevennet-")
IN_THE_PACKAGE = ("7net-0", "7net-0_22may2024", "7net-l3i5", "7net-mf-0")
"""Pretrained models whose weights are in the wheel."""
NAMES = (*IN_THE_PACKAGE, "7net-mf-ompa", "7net-omat", "7net-omni", "7net-omni-i8", "7net-omni-i12")
"""The others are downloaded by sevenn from its GitHub releases when first used."""


def checkpoint(model: str) -> Any:
    """What sevenn calls a checkpoint: configuration and weights.

    A checkpoint is a pickle: loading it runs code.  Raises ModelError if it cannot be read.
    """
    from sevenn.util import load_checkpoint

    try:
        found = load_checkpoint(model)
        _ = found.config["_type_map"]  # sevenn reads the file when it is first asked for something
    except Exception as error:  # unpickling and downloading may raise anything
        raise ModelError(
            f"cannot read the SevenNet model {model}: {type(error).__name__}: {error}. It wants the checkpoint (.pth) "
            f"that `sevenn train` writes, not a deployed model. In the package: {', '.join(IN_THE_PACKAGE)}; the other "
            "pretrained ones are downloaded from github.com/MDIL-SNU/SevenNet/releases: without a connection, download "
            "the file elsewhere and name it: model: ./checkpoint.pth"
        ) from None
    return found


def contents(model: str) -> dict[str, Any]:
    """What a checkpoint says of itself: its `elements` by atomic number, its levels of theory, `modals`, and its
    `reach`: cutoff [Å] and number of convolution layers.

    Raises ModelError as `checkpoint` does.
    """
    config = checkpoint(model).config
    return {
        "elements": [chemical_symbols[z] for z in sorted(config["_type_map"])],
        "modals": list(config.get("_modal_map") or ()),
        "reach": [float(config["cutoff"]), int(config["num_convolution_layer"])],
    }


def check_modal(choices: Sequence[str], modal: str | None) -> None:
    """Raise ModelError with the choices unless `modal` is one of them, or there is none and none is given."""
    if modal is None and choices:
        raise ModelError(f"potential.modal: the model has several levels of theory: name one of {', '.join(choices)}")
    if modal is not None and modal not in choices:
        has = f"Choices: {', '.join(choices)}" if choices else "The model has one level of theory: leave the key out."
        raise ModelError(f"potential.modal: no '{modal}'{did_you_mean(modal, choices) or '.'} {has}")


def evaluator(model: str, modal: str | None, device: str) -> EdgeEvaluator:
    """The loaded model.

    Raises ModelError if it cannot be loaded.
    """
    import torch

    device = pick(device)
    found = checkpoint(model)
    check_modal(list(found.config.get("_modal_map") or ()), modal)
    numbers = sorted(found.config["_type_map"])
    function = _on_edges(found, numbers, modal, device)
    return EdgeEvaluator(function, numbers, float(found.config["cutoff"]), torch.float32, device)


def _on_edges(found: Any, numbers: list[int], modal: str | None, device: str) -> EdgeFunction:
    """As in sevenn's own interface to ML-IAP: everything but the last module, which would make forces."""
    import sevenn._keys as key
    import torch

    module = found.build_model()
    module.set_is_batch_data(False)
    if modal is not None:
        module.prepare_modal_deploy(modal)
    module.delete_module_by_key("force_output")
    module = module.to(device).eval()
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    atomic_number = torch.tensor(numbers, device=device)

    def function(vectors: Any, index: Any, species: Any) -> tuple[Any, Any, Any]:
        vectors.requires_grad_(True)
        answer = module(
            {
                key.EDGE_IDX: index,
                key.EDGE_VEC: vectors,
                key.ATOMIC_NUMBERS: atomic_number[species],
                key.NUM_ATOMS: torch.tensor(len(species), device=device),
            }
        )
        energies = answer[key.ATOMIC_ENERGY].view(-1)
        (gradient,) = torch.autograd.grad(energies.sum(), vectors)
        return energies, *forces_and_virial(vectors, index, gradient, len(species))

    return function
