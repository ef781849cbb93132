"""The frames that 3Dmol.js shows: some of the trajectory, spread over it, as one XYZ text."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from lmpdrive.report.picture.snapshot import whole_in_cell

if TYPE_CHECKING:
    from lmpdrive.trajectory import Trajectory

MOST_FRAMES = 100
MOST_ATOMS = 60_000
"""Of all frames together: 2 MB of text, and as much as a browser draws at ease."""


@dataclass(frozen=True)
class Movie:
    """xyz : all frames; times : of each, in words; edges : of the first frame's cell, pairs of corners [Å]."""

    xyz: str
    times: tuple[str, ...]
    edges: list[Any]
    n_atoms: int
    n_frames: int


def movie_of(frames: Trajectory) -> Movie | None:
    """At most 100 frames; None where one frame alone has too many atoms."""
    most = min(MOST_FRAMES, MOST_ATOMS // frames.n_atoms)
    if most == 0:
        return None
    elements = frames.topology.elements
    texts: list[str] = []
    times: list[str] = []
    cell = np.zeros((3, 3))
    for chunk in frames.spread(most):
        for k in range(len(chunk)):
            cell = cell if texts else chunk.cells[k]
            positions = whole_in_cell(elements, chunk.positions[k] - chunk.origins[k], chunk.cells[k], frames.periodic)
            known = np.isfinite(chunk.times_ps[k])
            times.append(f"{chunk.times_ps[k]:.4g} ps" if known else f"step {chunk.steps[k]}")
            rows = (f"{element} {x:.2f} {y:.2f} {z:.2f}" for element, (x, y, z) in zip(elements, positions.tolist()))
            texts.append("\n".join([str(frames.n_atoms), times[-1], *rows]))
    return Movie("\n".join(texts) + "\n", tuple(times), _edges(cell), frames.n_atoms, frames.n_frames)


def _edges(cell: np.ndarray) -> list[Any]:
    corners = np.array(list(product((0, 1), repeat=3)))
    pairs = [(a, b) for a in range(8) for b in range(a) if np.abs(corners[a] - corners[b]).sum() == 1]
    return [[np.round(corners[end] @ cell, 3).tolist() for end in pair] for pair in pairs]
