"""What an exported metatomic model says about itself, and its calculator.  metatomic-torch 0.1, metatomic-ase 0.1."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ase.data import chemical_symbols

from lmpdrive.architectures import ReceptiveField
from lmpdrive.errors import ModelError, did_you_mean

ENERGY = "energy"
"""Name of the output; variants of it, such as levels of theory, are `energy/<variant>`."""


def contents(model: str, extensions: str | None = None) -> dict[str, Any]:
    """What a model file says about itself.

    - `elements`: chemical symbols, in the model's order;
    - `range_A`: how far the energy of an atom depends on others, None if without limit;
    - `cutoffs_A`: of the neighbour lists that it asks for;
    - `variants`: of its energy, "" for the one without a name;
    - `inputs`: what it asks for besides the structure;
    - `dtype`, and the `devices` that it runs on, preferred first.

    Loading a model runs code.  Raises ModelError if it cannot be read.
    """
    found = _load(model, extensions)
    about = found.capabilities()
    types = [int(z) for z in about.atomic_types]
    if strange := [z for z in types if not 0 < z < len(chemical_symbols)]:
        raise ModelError(f"{os.path.basename(model)} has atom types that are no atomic numbers: {strange}")
    reach = about.engine_interaction_range("angstrom")
    lists = found.requested_neighbor_lists()
    return {
        "elements": [chemical_symbols[z] for z in types],
        "range_A": float(reach) if reach < float("inf") else None,
        "cutoffs_A": sorted(float(options.engine_cutoff("angstrom")) for options in lists),
        "variants": sorted(n[len(ENERGY) :].lstrip("/") for n in about.outputs if n.partition("/")[0] == ENERGY),
        "inputs": sorted(found.requested_inputs(use_new_names=True)),
        "dtype": about.dtype,
        "devices": list(about.supported_devices),
    }


def reach(contents: Mapping[str, Any]) -> ReceptiveField:
    """The model's interaction range, as layers of its cutoff where it is a multiple of that."""
    range_A, cutoff = contents["range_A"], max(contents["cutoffs_A"], default=0.0)
    if range_A is None:
        return ReceptiveField.unlimited()
    layers = round(range_A / cutoff) if cutoff else 1
    whole = layers > 1 and abs(layers * cutoff - range_A) < 1e-6
    return ReceptiveField.of(cutoff, layers) if whole else ReceptiveField.of(range_A)


def wrong_variant(known: Sequence[str], variant: str | None) -> str:
    """What is wrong with the choice of an energy, in one sentence, or ""."""
    named = [name for name in known if name]
    if not known:
        return "potential.model: the model has no energy, so it cannot drive a simulation"
    if variant is None and "" not in known:
        return f"potential.variant: the model has several energies: name one of {', '.join(named)}"
    if variant is not None and variant not in named:
        has = f"Choices: {', '.join(named)}" if named else "The model has one energy: leave the key out."
        return f"potential.variant: no '{variant}'{did_you_mean(variant, named) or '.'} {has}"
    return ""


def calculator(model: str, extensions: str | None, variant: str | None, device: str | None) -> Any:
    """metatomic's own ASE calculator; forces and stress are derivatives of the energy.

    device : None: the first of the model's that is here.

    Raises ModelError if the model cannot be read.
    """
    from metatomic_ase import MetatomicCalculator

    return MetatomicCalculator(
        _load(model, extensions),
        device=device,
        variants={ENERGY: variant} if variant else None,
        uncertainty_threshold=None,  # it would cost time in each step, and only warn
    )


def _load(model: str, extensions: str | None) -> Any:
    """The model, with what it needs from the folder of its extensions."""
    from metatomic.torch import load_atomistic_model

    try:
        return load_atomistic_model(model, extensions_directory=extensions)
    except Exception as error:  # TorchScript raises anything
        first = (str(error).strip() or type(error).__name__).splitlines()[0].split(". ")[0]
        raise ModelError(
            f"cannot read the metatomic model {model}: {first}. Give the file that `mtt export` or "
            "AtomisticModel.save wrote (.pt), not a checkpoint (.ckpt)."
        ) from error
