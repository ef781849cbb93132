"""A MACE model for `pair_style mliap unified` in a LAMMPS without KOKKOS.

MACE passes messages, so it needs the features of neighbours in periodic images.  With KOKKOS LAMMPS copies features to
images between the layers; without, it cannot.  On one rank no copies are needed: an image's features are those of the
atom with the same id, so every edge is redirected to that atom before the model is called.

Ids come through a handle to LAMMPS that the deck passes on:

    python remember input 1 SELF format p here "from lmpdrive.architectures.mace.one_rank import remember"
    python remember invoke

Instances of `OneRank` are pickled into run directories: keep the names in this file.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lmpdrive.common.lammps_module import import_lammps

_lammps: Any = None


def remember(pointer: Any) -> None:
    """Called by the deck with LAMMPS' own address (`SELF`)."""
    global _lammps
    _lammps = import_lammps(plugins=False)(ptr=pointer)


class OneRank:
    """A converted model (LAMMPS_MLIAP_MACE) that needs no exchange between images; CPU, one MPI rank."""

    def __init__(self, unified: Any) -> None:
        self.unified = unified
        self.interface: Any = None
        self.element_types = unified.element_types
        self.ndescriptors = unified.ndescriptors
        self.nparams = unified.nparams
        self.rcutfac = unified.rcutfac

    def compute_forces(self, data: Any) -> None:
        """Energies and pair forces of one step, from which LAMMPS makes forces and virial.

        Raises RuntimeError without the handle or with several ranks, FloatingPointError for numbers that are not
        finite.  LAMMPS stops with an error for any exception.
        """
        import torch

        n, unified = data.nlocal, self.unified
        owner = torch.from_numpy(_owners(data.ntotal, n))
        species = torch.from_numpy(data.elems[:n].astype(np.int64))
        neighbours = owner[torch.from_numpy(data.pair_j.astype(np.int64))]
        _, energies, pair_forces = unified.model(
            {
                "vectors": torch.from_numpy(data.rij.copy()).to(unified.dtype),
                "node_attrs": torch.nn.functional.one_hot(species, unified.num_species).to(unified.dtype),
                "edge_index": torch.stack((neighbours, torch.from_numpy(data.pair_i.astype(np.int64)))),
                "batch": torch.zeros_like(species),
                "lammps_class": None,
                "natoms": (n, 0),
            }
        )
        atoms = energies.detach().double().numpy()
        pairs = np.ascontiguousarray(pair_forces.detach().double().numpy())
        if not (np.isfinite(atoms).all() and np.isfinite(pairs).all()):
            step = _lammps.extract_global("ntimestep")
            raise FloatingPointError(f"the model gave an energy or force that is not finite at step {step}")
        data.eatoms = atoms
        data.energy = float(atoms.sum())
        if len(pairs):
            data.update_pair_forces(pairs)

    def compute_descriptors(self, data: Any) -> None:
        """Part of LAMMPS' interface; MACE has none."""

    def compute_gradients(self, data: Any) -> None:
        """Part of LAMMPS' interface; forces are made in compute_forces."""


def _owners(ntotal: int, nlocal: int) -> np.ndarray:
    """Index of the atom that each atom or image of LAMMPS' arrays is; nlocal atoms come first."""
    if _lammps is None:
        raise RuntimeError(
            "the deck lacks the two lines `python remember ...` before pair_style: without them it is unknown "
            "which atom a periodic image belongs to. Render the deck again."
        )
    if _lammps.extract_setting("world_size") != 1:
        raise RuntimeError(
            "without KOKKOS a MACE model runs on one MPI rank only; with several its energies would be wrong"
        )
    ids = _lammps.numpy.extract_atom("id", nelem=ntotal)
    index = np.empty(int(ids.max()) + 1, dtype=np.int64)
    index[ids[:nlocal]] = np.arange(nlocal)
    return index[ids]
