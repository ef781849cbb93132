"""What `scalar` needs of a MACE model.

The matrices are read off the model's own modules by giving them unit vectors, so that none of e3nn's normalisations is
repeated here; the tables have the tensor product's factors and the number of neighbours in them.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive.architectures.mace import compiled, extraction
from lmpdrive.architectures.mace.inputs import needed
from lmpdrive.architectures.mace.repulsion import Repulsion as TorchRepulsion
from lmpdrive.architectures.mace.scalar_kernels import COMPONENTS, Polynomials, Repulsion, Table

Array = NDArray[Any]


@dataclass(frozen=True)
class Layer:
    """up : U (K, K); mixing : M (4, K, K) by l; down : V (K, K); skip : S (elements, K, K); all from the left."""

    table: Table
    polynomials: Polynomials
    up: Array
    mixing: Array
    down: Array
    skip: Array


@dataclass(frozen=True)
class Parameters:
    """A model of two layers.

    embedding : features of the elements, (elements, K).
    linear : first readout, (K,); hidden, gate, out : second readout, (K, H), factor of its SiLU, (H,).
    free_atoms : (elements,) eV; scale, shift : of the interaction energy.
    """

    numbers: list[int]
    cutoff_A: float
    embedding: Array
    layers: tuple[Layer, Layer]
    linear: Array
    hidden: Array
    gate: float
    out: Array
    free_atoms: Array
    scale: float
    shift: float
    zbl: Repulsion | None


def unsuited(module: Any) -> str:
    """Why a model is of another kind; empty if it is of this."""
    from e3nn.o3 import Irreps
    from mace.modules.blocks import LinearReadoutBlock, NonLinearReadoutBlock, RealAgnosticResidualInteractionBlock

    if reason := needed(module):
        return reason
    blocks = [type(b) for b in (*module.interactions, *module.readouts)]
    interaction, readouts = RealAgnosticResidualInteractionBlock, [LinearReadoutBlock, NonLinearReadoutBlock]
    if blocks != [interaction, interaction, *readouts] or not all(p.use_sc for p in module.products):
        return "it has not two residual layers with a linear and a non-linear readout"
    if any(irrep.ir.l for block in module.interactions for irrep in Irreps(str(block.hidden_irreps))):
        return "its atoms exchange more than scalars"
    if Irreps(str(module.spherical_harmonics.irreps_out)).lmax != 3 or not compiled.can_tabulate(module):
        return "its harmonics end before l = 3, or its radial functions depend on the elements"
    return ""


def read(module: Any, head: int, dtype: Any) -> Parameters:
    """Read them off a model.

    dtype : `float32` or `float64`, of the evaluation; tables are made in double precision.
    """
    import torch

    model = extraction.one_head(copy.deepcopy(module).cpu().double(), head)
    kinds = len(model.atomic_numbers)
    numbers = [int(z) for z in model.atomic_numbers]
    with torch.no_grad():
        attributes = torch.eye(kinds, dtype=torch.float64)
        embedding = model.node_embedding(attributes)
        layers = [_layer(model, n, attributes, numbers, dtype) for n in range(2)]
        first, second = model.readouts
        units = torch.eye(embedding.shape[1], dtype=torch.float64)
        scaled = hasattr(model, "scale_shift")
        return Parameters(
            numbers,
            float(model.r_max),
            _numpy(embedding, dtype),
            (layers[0], layers[1]),
            _numpy(first.linear(units)[:, 0], dtype),
            _numpy(second.linear_1(units), dtype),
            float(second.non_linearity.acts[0].cst),
            _numpy(second.linear_2(torch.eye(second.linear_1(units).shape[1], dtype=torch.float64))[:, 0], dtype),
            _numpy(model.atomic_energies_fn(attributes)[:, 0], np.float64),
            float(model.scale_shift.scale) if scaled else 1.0,
            float(model.scale_shift.shift) if scaled else 0.0,
            _zbl(model) if hasattr(model, "pair_repulsion") else None,
        )


def _layer(model: Any, number: int, attributes: Any, numbers: list[int], dtype: Any) -> Layer:
    import torch

    interaction, product = model.interactions[number], model.products[number]
    channels = model.node_embedding.linear.irreps_out.dim
    units = torch.eye(channels, dtype=torch.float64)
    skip = torch.stack([interaction.skip_tp(units, row.expand(channels, -1)) for row in attributes])
    terms, coefficients = extraction.polynomials(product, model, numbers)[0]
    factors = np.full((len(terms), max(map(len, terms))), -1)
    for row, term in zip(factors, terms, strict=True):
        row[: len(term)] = term
    return Layer(
        _table(model, interaction, channels, dtype),
        Polynomials(factors, np.ascontiguousarray(coefficients.transpose(0, 2, 1), dtype)),
        _numpy(interaction.linear_up(units), dtype),
        _mixing(interaction, channels, dtype),
        _numpy(product.linear(units), dtype),
        _numpy(skip, dtype),
    )


def _mixing(interaction: Any, channels: int, dtype: Any) -> Array:
    """What the linear layer after the sum over neighbours does to the channels of each l."""
    import torch

    irreps = interaction.linear.irreps_in
    found = np.zeros((4, channels, channels), dtype)
    for place, (count, irrep) in zip(irreps.slices(), irreps, strict=True):
        units = torch.zeros(count, irreps.dim, dtype=torch.float64)
        units[range(count), range(place.start, place.stop, irrep.dim)] = 1.0  # m = -l of each channel
        found[irrep.l] = interaction.reshape(interaction.linear(units))[:, :, irrep.l**2].numpy()
    return found


def _table(model: Any, interaction: Any, channels: int, dtype: Any) -> Table:
    """Cubic Hermite pieces of the radial functions, times what the tensor product multiplies them with."""
    import torch

    start, end, count = compiled.TABLE_START_A, float(model.r_max), compiled.TABLE_KNOTS
    with torch.enable_grad():
        values, slopes = compiled.radial_knots(model, interaction, start, end, count)
    ones = torch.ones(1, channels, dtype=torch.float64)
    product = interaction.conv_tp(ones, ones.new_ones(1, COMPONENTS), ones.new_ones(1, 4 * channels))
    irreps = interaction.conv_tp.irreps_out
    factors = np.zeros((4, channels))
    for place, (_, irrep) in zip(irreps.slices(), irreps, strict=True):
        factors[irrep.l] = product[0, place].reshape(channels, irrep.dim)[:, 0].numpy()
    by = torch.from_numpy(factors.reshape(-1)) / float(interaction.avg_num_neighbors)
    step = (end - start) / count
    pieces = compiled.hermite(values * by, slopes * by, step)
    return Table(_numpy(pieces, dtype), start, step)


def _zbl(model: Any) -> Repulsion:
    own, kinds = TorchRepulsion(model.pair_repulsion_fn, model.atomic_numbers), len(model.atomic_numbers)

    def pairs(values: Any) -> Array:
        return values.double().numpy().reshape(kinds, kinds)

    return Repulsion(pairs(own.charges), pairs(own.screening), pairs(own.ends), own.c.double().numpy(), own.power)


def _numpy(values: Any, dtype: Any) -> Array:
    return np.ascontiguousarray(values.detach().numpy(), dtype)
