"""Where a water is: in the first layer, in the bulk of the film, between two distances.  Units: Å.

With two surfaces a molecule near the one and the same molecule near the other are distinguished (rows of `inside`),
so that leaving one region is never hidden by entering the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmpdrive.observables.interface import InterfaceFrames
from lmpdrive.observables.peaks import FROM_SURFACE_A
from lmpdrive.observables.profile import FIRST_LAYER_A

INTERFACE_A = (0.0, FIRST_LAYER_A)
"""0 < z <= 4.5 Å (design, part 2)."""

SIDES = 2
"""Surfaces at most: a molecule at one of them has the key `oxygen * SIDES + side`."""

FILM_QUANTILE, FROM_QUANTILE_A = 0.95, 4.0
"""The bulk of a film with a vacuum ends 4 Å below the distance within which 95 % of its water is: about 5 Å below
its outer edge, found in each frame, and not moved by a molecule that evaporates."""


@dataclass(frozen=True)
class Region:
    """low < z <= high from a surface plane; `high` None: the bulk of the film, from `low` on."""

    name: str
    low: float
    high: float | None

    def __str__(self) -> str:
        if self.high is not None:
            return f"{self.low:g} < z <= {self.high:g} Å"
        return (
            f"z > {self.low:g} Å, {FROM_QUANTILE_A:g} Å below the distance within which {FILM_QUANTILE:.0%} of the "
            f"water is, and {FROM_SURFACE_A:g} Å from another surface"
        )

    def inside(self, interface: InterfaceFrames, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(S, len(rows)) which of these waters are in the region, seen from each surface.

        The bulk is one place, not one for each surface: it has one row.
        """
        distances = interface.water_distances[:, rows]
        if self.high is not None:
            return (distances > self.low) & (distances <= self.high)
        if not interface.has_surface:
            return np.ones((1, len(rows)), dtype=bool)
        frame = interface.water.frame[rows]
        high = interface.gap[frame] - FROM_SURFACE_A
        if len(distances) == 1:
            high = np.minimum(high, _quantile(distances[0], frame)[frame] - FROM_QUANTILE_A)
        return ((distances[0] > self.low) & (distances[0] <= high))[None]


def _quantile(distances: np.ndarray, frame: NDArray[np.int64]) -> np.ndarray:
    """(last frame + 1,) 95 % quantile of the distances in each frame; frames without water are 0."""
    if not len(frame):
        return np.zeros(0)
    count = np.bincount(frame)
    start = np.cumsum(count) - count
    ordered = distances[np.lexsort((distances, frame))]
    last = np.minimum(start + (FILM_QUANTILE * (count - 1)).astype(np.int64), len(ordered) - 1)
    return np.where(count > 0, ordered[last], 0.0)


def sampled_waters(interface: InterfaceFrames, picks: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of `interface.water` in the frames `picks`, and the sample each belongs to."""
    frames = interface.water.frame
    if len(picks) == len(interface.areas):
        return np.arange(len(frames)), frames
    sample = np.full(len(interface.areas), -1)
    sample[picks] = np.arange(len(picks))
    rows = np.flatnonzero(sample[frames] >= 0)
    return rows, sample[frames[rows]]
