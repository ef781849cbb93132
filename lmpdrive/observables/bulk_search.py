"""Where the bulk of a trajectory is, from some of its frames: before the pass in which observables select by it.

One region for all observables, and for all blocks of their errors.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from lmpdrive.observables.blocks import block_edges
from lmpdrive.observables.bulk import BIN_A, Bulk, find_bulk
from lmpdrive.observables.geometry import Array
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.trajectory.frames import Trajectory

MOST_FRAMES = 500
"""Evenly spread over the run; density does not change faster than that."""
MOST_ATOM_FRAMES = 20_000_000
N_BLOCKS = 10


def bulk_of(trajectory: Trajectory, interface: Interface) -> Bulk:
    """The bulk of the water, from at most 500 frames."""
    if not interface.may_have_water:
        return Bulk.none("there is no water")
    most = max(2 * N_BLOCKS, min(MOST_FRAMES, MOST_ATOM_FRAMES // interface.topology.n_atoms))
    seen = [interface.frames(chunk) for chunk in trajectory.spread(most)]
    n = max(1, round(float(np.concatenate([frames.gap for frames in seen]).mean()) / BIN_A))
    each = np.concatenate([_densities(frames, n) for frames in seen])
    edges = block_edges(len(each), min(N_BLOCKS, len(each)))
    blocks = np.array([each[start:stop].mean(axis=0) for start, stop in pairwise(edges)])
    return find_bulk(blocks, has_surface=interface.has_surface, both_faces=interface.two_sided)


def _densities(frames: InterfaceFrames, n: int) -> Array:
    """(F, n) waters per volume [1/Å^3] in bins of 0.1 Å from the surface, the mean over both if there are two."""
    place = np.floor(frames.water_distances / BIN_A).astype(np.int64)
    inside = (place >= 0) & (place < n)
    flat = (frames.water.frame * n + place)[inside]
    weights = np.broadcast_to(frames.water_weights / BIN_A, place.shape)[inside]
    n_frames = len(frames.areas)
    return np.asarray(np.bincount(flat, weights, minlength=n_frames * n), dtype=float).reshape(n_frames, n)
