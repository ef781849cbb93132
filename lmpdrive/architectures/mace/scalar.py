"""MACE models whose atoms exchange scalars only (`hidden_irreps: Kx0e`), in compiled loops without torch.

For such a model a layer is (Batatia et al., NeurIPS 2022, eqs. 8 to 13)

    A_i,lm,k = Σ_j R_lk(r_ij) Y_lm(r_ij) (U h_j)_k,   B_ik = P_z(M A_i),   h'_i = V B_i + S_z h_i

with cubic tables for R.
"""

from __future__ import annotations

import numpy as np

from lmpdrive.architectures import Configuration, Evaluation
from lmpdrive.architectures.mace.scalar_kernels import (
    COMPONENTS,
    assemble,
    messages,
    messages_reverse,
    products,
    products_reverse,
    repulsion,
)
from lmpdrive.architectures.mace.scalar_parameters import Array, Layer, Parameters
from lmpdrive.architectures.shared.pairs_numpy import Pairs
from lmpdrive.architectures.shared.verlet import neighbours_within
from lmpdrive.errors import ModelError


class ScalarEvaluator:
    """The model behind LAMMPS' neighbours."""

    def __init__(self, model: Parameters) -> None:
        self.model = model
        self._list = neighbours_within(model.cutoff_A)
        self._kind = np.full(120, -1, np.int32)
        self._kind[model.numbers] = np.arange(len(model.numbers), dtype=np.int32)
        self.edge_count = 0

    def __call__(self, configuration: Configuration) -> Evaluation:
        """Energy, forces, virial, per-atom energies."""
        model, kinds = self.model, self._kind[configuration.numbers]
        if (kinds < 0).any():
            raise ModelError("the model does not know an element of this configuration")
        pairs = self._list.pairs(configuration)
        self.edge_count = len(pairs.i)
        edges = pairs._replace(vectors=-pairs.vectors)
        forward = _Forward(model, kinds, edges)
        energies, gradient = forward.energies(), np.zeros((len(edges.i), 3))
        if model.zbl is not None:
            repulsion(edges, kinds, model.zbl, model.scale, energies, gradient)
        forward.reverse(gradient)
        n = len(kinds)
        forces, virial = np.zeros((n, 3)), np.zeros((3, 3))
        assemble(edges, gradient, forces, virial)
        return Evaluation(float(energies.sum()), forces, virial, energies)


class _Forward:
    """One evaluation: what the way back needs is kept."""

    def __init__(self, model: Parameters, kinds: Array, edges: Pairs) -> None:
        self.model, self.kinds, self.edges = model, kinds, edges
        self.members = [np.flatnonzero(kinds == z) for z in range(len(model.numbers))]
        first, second = model.layers
        self.up_1 = (model.embedding @ first.up)[kinds]
        self.sums_1, product = self._layer(first, self.up_1)
        start = np.stack([h @ s for h, s in zip(model.embedding, first.skip, strict=True)])
        self.h_1 = product @ first.down + start[kinds]
        self.up_2 = self.h_1 @ second.up
        self.sums_2, product = self._layer(second, self.up_2)
        self.h_2 = product @ second.down + self._by_element(self.h_1, second.skip)
        self.before = self.h_2 @ model.hidden
        self.sigmoid = 1 / (1 + np.exp(-self.before))

    def energies(self) -> Array:
        """(N,) eV."""
        model = self.model
        second = (self.before * self.sigmoid) @ (model.gate * model.out)
        own = (self.h_1 @ model.linear).astype(np.float64) + second
        return model.free_atoms[self.kinds] + model.scale * own + model.shift

    def reverse(self, gradient: Array) -> None:
        """Add ∂E/∂v (E, 3)."""
        model, (first, second) = self.model, self.model.layers
        slope = self.sigmoid * (1 + self.before * (1 - self.sigmoid))
        of_h2 = (slope * (model.scale * model.gate * model.out).astype(slope.dtype)) @ model.hidden.T
        of_up = np.zeros_like(self.up_2)
        self._layer_reverse(second, self.sums_2, self.up_2, of_h2, gradient, of_up)
        of_h1 = of_up @ second.up.T + self._by_element(of_h2, second.skip.transpose(0, 2, 1))
        of_h1 += (model.scale * model.linear).astype(of_h1.dtype)
        self._layer_reverse(first, self.sums_1, self.up_1, of_h1, gradient, of_up)

    def _layer(self, layer: Layer, up: Array) -> tuple[Array, Array]:
        n, channels = up.shape
        sums = np.zeros((COMPONENTS, n, channels), up.dtype)
        messages(self.edges, layer.table, up, sums)
        mixed, product = _mixed(sums, layer.mixing), np.empty_like(up)
        products(layer.polynomials, self.kinds, mixed, product)
        return mixed, product

    def _layer_reverse(self, layer: Layer, mixed: Array, up: Array, of_h: Array, gradient: Array, of_up: Array) -> None:
        of_sums = np.zeros_like(mixed)
        products_reverse(layer.polynomials, self.kinds, mixed, np.ascontiguousarray(of_h @ layer.down.T), of_sums)
        of_sums = _mixed(of_sums, np.ascontiguousarray(layer.mixing.transpose(0, 2, 1)))
        messages_reverse(self.edges, layer.table, up, of_sums, gradient, of_up)

    def _by_element(self, features: Array, matrices: Array) -> Array:
        """Each atom's features times the matrix of its element."""
        out = np.empty_like(features)
        for atoms, matrix in zip(self.members, matrices, strict=True):
            out[atoms] = features[atoms] @ matrix
        return out


def _mixed(sums: Array, mixing: Array) -> Array:
    """Components (16, N, K) of each l times its matrix."""
    _, n, channels = sums.shape
    blocks = (sums[degree**2 : (degree + 1) ** 2].reshape(-1, channels) for degree in range(4))
    return np.concatenate([(b @ matrix).reshape(-1, n, channels) for b, matrix in zip(blocks, mixing, strict=True)])
