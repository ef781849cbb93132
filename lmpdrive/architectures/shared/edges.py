"""Edges of a configuration and the evaluator that feeds them to a model.

A model here is a function of edge vectors: (v, edge_index, species) -> (node energies, forces, virial), with

    v_ij = r_j - r_i (+ image),   F_i = Σ_j ∂E/∂v_ij - Σ_j ∂E/∂v_ji,   W = -Σ_ij v_ij ⊗ ∂E/∂v_ij

so forces and virial come from one gradient.  Units: Å, eV, eV/Å.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from ase.data import chemical_symbols

from lmpdrive.architectures import Configuration, Evaluation
from lmpdrive.architectures.shared.verlet import neighbours_within
from lmpdrive.errors import ModelError

EdgeFunction = Callable[[Any, Any, Any], tuple[Any, Any, Any]]
"""(E, 3) vectors, (2, E) indices, (n,) species -> (n,) energies, (n, 3) forces, (3, 3) virial; torch tensors."""


def forces_and_virial(vectors: Any, index: Any, gradient: Any, n: int) -> tuple[Any, Any]:
    """(n, 3) forces and (3, 3) virial, in double precision, from the gradient ∂E/∂v of the edge vectors."""
    import torch

    gradient = gradient.double()
    forces = torch.zeros((n, 3), dtype=torch.float64, device=vectors.device)
    forces.index_add_(0, index[0], gradient)
    forces.index_add_(0, index[1], gradient, alpha=-1)
    return forces, -(vectors.detach().double().t() @ gradient)


class EdgeEvaluator:
    """A torch model of edge vectors as an `Evaluator`.

    numbers : atomic numbers in the model's own order.
    dtype : of the model; vectors are made in double precision and rounded afterwards.
    """

    def __init__(
        self, function: EdgeFunction, numbers: Sequence[int], cutoff_A: float, dtype: Any, device: str = "cpu"
    ) -> None:
        self.function, self.dtype, self.device = function, dtype, device
        self._neighbours = neighbours_within(cutoff_A)
        self._index = np.full(120, -1)
        self._index[list(numbers)] = np.arange(len(numbers))
        self.edge_count = 0
        """Number of edges of the last configuration."""

    def edges(self, configuration: Configuration) -> tuple[Any, Any, Any]:
        """Edge vectors, edge indices and species as tensors.

        Raises ModelError for an element that the model does not know.
        """
        import torch

        self.edge_count = 0
        species = self._index[configuration.numbers]
        if (species < 0).any():
            unknown = sorted({chemical_symbols[z] for z in configuration.numbers[species < 0]})
            raise ModelError(f"the model does not know {', '.join(unknown)}")
        pairs = self._neighbours.pairs(configuration)
        # models sum over the edges that end at an atom, which is faster where these are contiguous in memory: the pairs
        # are sorted by i, so each is taken from j to i
        index = np.stack((pairs.j, pairs.i)).astype(np.int64)
        self.edge_count = len(pairs.i)
        return (
            torch.from_numpy(-pairs.vectors).to(self.device, self.dtype),
            torch.from_numpy(index).to(self.device),
            torch.from_numpy(species).to(self.device),
        )

    def __call__(self, configuration: Configuration) -> Evaluation:
        """Energy, forces, virial and per-atom energies."""
        energies, forces, virial = self.function(*self.edges(configuration))
        energies = energies.detach().double().cpu().numpy()
        return Evaluation(
            float(energies.sum()),
            forces.detach().double().cpu().numpy(),
            virial.detach().double().cpu().numpy(),
            energies,
        )
