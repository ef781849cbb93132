"""A MACE model in C++, by symmetrix-xl: no torch in the step, and code generated for this very model.

https://pypi.org/project/symmetrix-xl (MIT licence)
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import numpy as np

from lmpdrive.architectures import AseEvaluator, Configuration, Evaluation
from lmpdrive.architectures.shared import float_environment
from lmpdrive.architectures.shared.verlet import neighbours_within
from lmpdrive.errors import ModelError


class NativeEvaluator:
    """The model in a file that `extraction.write` made, behind LAMMPS' neighbours."""

    def __init__(self, file: Path, dtype: str) -> None:
        # symmetrix links its code with -ffast-math
        with float_environment.kept():
            self._model = _symmetrix()(str(file), dtype=dtype, streamed_edges="direct", execution_profile="speed")
        evaluator = self._model.evaluator
        self._list = neighbours_within(float(evaluator.r_cut))
        self._kind = np.full(120, -1, np.int32)
        self._kind[list(evaluator.atomic_numbers)] = np.arange(len(evaluator.atomic_numbers), dtype=np.int32)
        self.edge_count = 0

    def __call__(self, configuration: Configuration) -> Evaluation:
        """Energy, forces, virial, per-atom energies."""
        n, model = len(configuration.numbers), self._model.evaluator
        types = self._kind[configuration.numbers]
        if (types < 0).any():
            raise ModelError("the file for symmetrix lacks an element of this configuration")
        i, j, vectors, lengths = self._list.pairs(configuration)
        self.edge_count = len(i)
        neighbours = np.bincount(i, minlength=n).astype(np.int32)
        graph = model._prepare_factorized_graph(n, types, neighbours, j, types[j])
        flat = vectors.reshape(-1)
        model._compute_prepared_factorized(graph, flat, lengths)
        forces = np.asarray(model._reduce_atom_forces(n, i, j, graph), float).reshape(n, 3)
        virial = -np.asarray(model._reduce_stress(1.0, flat, graph), float).reshape(3, 3)
        energies = np.array(model.node_energies, float)
        return Evaluation(float(energies.sum()), forces, virial, energies)


class OnGpu(AseEvaluator):
    """The same on a GPU, by a wheel of symmetrix-xl for the card, through its ASE calculator."""

    edge_count = 0

    def __init__(self, file: Path, dtype: str) -> None:
        super().__init__(_symmetrix()(str(file), dtype=dtype, streamed_edges="direct", execution_profile="speed"))


def _symmetrix() -> Any:
    """The class, imported without what it says about packages that are not used here."""
    os.environ.setdefault("SYMMETRIX_HOST_WORKER_BLAS", "off")  # with it each call waits 11 ms for a thread
    os.environ.setdefault("OMP_PROC_BIND", "false")  # as it is without; Kokkos asks for some value
    logging.disable(logging.WARNING)
    try:
        from symmetrix import Symmetrix
    finally:
        logging.disable(logging.NOTSET)
    return Symmetrix
