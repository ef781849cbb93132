"""A MACE model in the format of symmetrix, a file of JSON that its C++ evaluator reads without torch.

symmetrix-xl extracts models whose products are of correlation order 3.  Here the polynomials of the products are made
from the model's own coupling tensors, of any order,

    P_lm(A) = Σ_ν Σ_η W_ην U_lmη,l₁m₁...l_νm_ν A_l₁m₁ ... A_l_νm_ν          Batatia et al., NeurIPS 2022, eqs. 10, 11

with one coefficient for each set {l₁m₁, ..., l_νm_ν}, and only terms that the model has.
"""

from __future__ import annotations

import copy
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lmpdrive.architectures.mace.inputs import needed

SPLINE_POINTS = 1024
"""Of the radial functions: forces differ from the model by 2e-6 eV/Å (by 1e-4 with symmetrix's own default, 256)."""
EXTRACTED_ORDER = 3
LAYOUT = 1
"""Version of what `write` makes: files of another version are not used."""

Polynomials = dict[int, tuple[list[list[int]], np.ndarray]]
"""Component lm of the product -> its terms, and their coefficients (elements, channels, terms)."""


def write(module: Any, head: int, numbers: Sequence[int], file: Path) -> None:
    """Write the model for the elements with these atomic numbers.

    Raises whatever symmetrix raises for models that it does not know, ValueError for those it would get wrong.
    """
    from symmetrix.extract_mace_data import extract_mace_data

    if needed(module):
        raise ValueError(f"the model {needed(module)}")
    model = one_head(copy.deepcopy(module).cpu().double(), head)
    products = [polynomials(product, model, numbers) for product in model.products]
    for product in model.products:
        _take_order(product, model)
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder, "one_head.model")
        _save(model, saved)
        data = extract_mace_data(str(saved), species=[int(z) for z in numbers], num_spline_points=SPLINE_POINTS)
    if not {"M0_weights", "M1_weights"} <= set(data):
        raise ValueError(f"symmetrix has another kind of model for it: {data.get('model_type')}")
    _insert(data, *products)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"partial-{os.getpid()}-{file.name}")
    partial.write_text(json.dumps(data, separators=(",", ":")))
    partial.replace(file)


def one_head(model: Any, head: int) -> Any:
    """The model with only this head, in double precision."""
    heads = list(getattr(model, "heads", None) or ["Default"])
    if len(heads) == 1:
        return model
    import torch
    from mace.tools.scripts_utils import remove_pt_head

    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        return remove_pt_head(model, heads[head]).double()
    finally:
        torch.set_default_dtype(default)


def _save(model: Any, file: Path) -> None:
    import torch

    torch.save(model, file)


def polynomials(product: Any, model: Any, numbers: Sequence[int]) -> Polynomials:
    """Polynomials of all components of a product, for the elements with these atomic numbers."""
    rows = [model.atomic_numbers.tolist().index(z) for z in numbers]
    contraction = product.symmetric_contractions
    found: Polynomials = {}
    for part, irrep in zip(contraction.contractions, contraction.irreps_out, strict=True):
        degree = irrep.ir.l
        sums: list[dict[tuple[int, ...], np.ndarray]] = [{} for _ in range(2 * degree + 1)]
        for order in range(1, part.correlation + 1):
            weights = part.weights_max if order == part.correlation else part.weights[part.correlation - 1 - order]
            if weights.numel():
                coupling = part.U_tensors(order).numpy(force=True)
                _add(sums, coupling if degree else coupling[None], weights.numpy(force=True)[rows])
        for m, terms in enumerate(sums):
            names = sorted(terms, key=lambda term: (len(term), term))
            found[degree * degree + m] = ([list(n) for n in names], np.stack([terms[n] for n in names], axis=-1))
    return found


def _add(sums: list[dict[tuple[int, ...], np.ndarray]], coupling: np.ndarray, weights: np.ndarray) -> None:
    """Add one order.  coupling : (2l+1, lm, ..., lm, η); weights : (elements, η, channels)."""
    for m, tensor in enumerate(coupling):
        places = np.argwhere((np.abs(tensor) > 1e-12).any(axis=-1))
        sets, which = np.unique(np.sort(places, axis=1), axis=0, return_inverse=True)
        per_set = np.zeros((len(sets), tensor.shape[-1]))
        np.add.at(per_set, which.reshape(-1), tensor[tuple(places.T)])
        coefficients = np.einsum("tp,epc->tec", per_set, weights)
        sums[m] |= {tuple(int(i) for i in s): c for s, c in zip(sets, coefficients, strict=True)}


def _take_order(product: Any, model: Any) -> None:
    """Give a product the weights of the order that symmetrix extracts; their values are replaced afterwards."""
    import torch
    from mace.tools.cg import U_matrix_real

    contraction = product.symmetric_contractions
    inputs = contraction.contractions[0].coupling_irreps
    for part, irrep in zip(contraction.contractions, contraction.irreps_out, strict=True):
        elements, channels = part.weights_max.shape[0], part.num_features
        reduced = bool(getattr(model, "use_reduced_cg", False))
        paths = [
            U_matrix_real(inputs, [irrep.ir], order, use_cueq_cg=reduced)[-1].shape[-1]
            for order in range(1, EXTRACTED_ORDER + 1)
        ]
        empty = [torch.nn.Parameter(torch.zeros(elements, n, channels, dtype=torch.float64)) for n in paths]
        part.weights_max, part.weights = empty[-1], torch.nn.ParameterList(empty[-2::-1])
        part.correlation = EXTRACTED_ORDER


def _insert(data: dict[str, Any], first: Polynomials, second: Polynomials) -> None:
    """Replace the polynomials of both products, and what depends on them."""
    data["M0_monomials"] = {lm: terms for lm, (terms, _) in first.items()}
    data["M0_weights"] = {
        element: {lm: _by_channel(coefficients[element]) for lm, (_, coefficients) in first.items()}
        for element in range(len(data["atomic_numbers"]))
    }
    terms, coefficients = second[0]
    data["M1_monomials"] = terms
    data["M1_weights"] = {e: _by_channel(coefficients[e]) for e in range(len(data["atomic_numbers"]))}
    # the contract of the first product describes the terms just replaced; only the memory-saving mode needs it
    data.get("execution_contracts", {}).pop("M0", None)


def _by_channel(coefficients: np.ndarray) -> dict[int, list[float]]:
    return {channel: row.tolist() for channel, row in enumerate(coefficients)}
