"""Load checkpoints of sevenn 0.13, and say what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ase.data import chemical_symbols

from lmpdrive.errors import ModelError, did_you_mean

PREFIXES = ("7net-", "sevennet-")
IN_THE_PACKAGE = ("7net-0", "7net-0_22may2024", "7net-l3i5", "7net-mf-0")
"""Pretrained models whose weights are in the wheel."""
NAMES = (*IN_THE_PACKAGE, "7net-mf-ompa", "7net-omat", "7net-omni", "7net-omni-i8", "7net-omni-i12")
"""The others are downloaded by sevenn from its GitHub releases when first used."""


def load(model: str) -> Any:
    """What sevenn calls a checkpoint: configuration and weights.

    A checkpoint is a pickle: loading it runs code.  Raises ModelError if it cannot be read.
    """
    from sevenn.util import load_checkpoint

    try:
        found = load_checkpoint(model)
        _ = found.config["_type_map"]  # sevenn reads the file when it is first asked for something
    except Exception as error:  # unpickling and downloading may raise anything
        raise ModelError(
            f"cannot read the SevenNet model {model}: {type(error).__name__}: {error}. Give the checkpoint (.pth) "
            f"that `sevenn train` writes, not a deployed model. In the package: {', '.join(IN_THE_PACKAGE)}; the other "
            "pretrained ones are downloaded from github.com/MDIL-SNU/SevenNet/releases: without a connection, download "
            "the file elsewhere and name it: model: ./checkpoint.pth"
        ) from None
    return found


def contents(model: str) -> dict[str, Any]:
    """What a checkpoint says about itself: its `elements` by atomic number, its levels of theory, `modals`, and its
    `reach`: cutoff [Å] and number of convolution layers.

    Raises ModelError as `load` does.
    """
    config = load(model).config
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
