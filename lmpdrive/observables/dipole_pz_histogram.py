"""Distribution of the film's dipole P_z = Σ cos θ_i over the frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from lmpdrive.observables.base import Array, Observable, Settings, sampling_warnings
from lmpdrive.observables.blocks import jackknife_error, left_out
from lmpdrive.observables.dipole_pz import film_dipole
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.profile import Bins
from lmpdrive.observables.tables import Table
from lmpdrive.trajectory.frames import Chunk

BIN_WIDTH = 0.5
"""P_z of a film of 100 waters spreads over several units."""


class DipolePzHistogram(Observable):
    """Probability density of P_z: counts/(frames x width), integral 1."""

    name = "dipole_pz_histogram"
    title = "Distribution of the film's dipole"
    non_negative = ("p(P_z) [1]",)
    frame_sums = ("n_frames", "bins")
    equation = "p(P_z) = ⟨N(P_z, P_z + 0.5)⟩ / (N_frames · 0.5), P_z = Σ_i cos θ_i"

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.bins = Bins(BIN_WIDTH)
        self._series: list[Array] = []

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """Only where there is O and H."""
        return [cls(settings)] if interface.may_have_water else []

    def update(self, chunk: Chunk, interface: InterfaceFrames) -> None:
        """One count per frame."""
        dipole = film_dipole(interface)
        self.bins.add(dipole, np.ones(len(dipole)))
        self._series.append(dipole)
        self.n_frames += len(dipole)

    def merge(self, other: Self) -> None:
        """Add the frames that `other` saw."""
        self.bins.merge(other.bins)
        self._series += other._series
        self.n_frames += other.n_frames

    def _density(self, low: int, high: int) -> Array:
        return self.bins.within(low, high) / (self.n_frames * BIN_WIDTH)

    def result(self) -> dict[str, Array]:
        """P_z (middle of the bin) and its probability density."""
        self._need_frames()
        limits = self.bins.start, self.bins.stop
        return {"P_z [1]": self.bins.centres(*limits), "p(P_z) [1]": self._density(*limits)}

    def table(self, blocks: Sequence[Self]) -> Table:
        """The distribution with σ from the blocks."""
        import pandas as pd

        data = pd.DataFrame(self.result())
        values = np.array([rest._density(self.bins.start, self.bins.stop) for rest in left_out(blocks)])
        data["σ [1]"] = jackknife_error(values.reshape(-1, len(data)))
        inefficiency, warnings = sampling_warnings(np.concatenate(self._series), len(blocks))
        return Table(
            self.name,
            self.title,
            "histogram",
            data,
            self.equation,
            warnings=warnings,
            n_blocks=len(blocks) if len(blocks) > 1 else 0,
            n_frames=self.n_frames,
            statistical_inefficiency=inefficiency,
            needs_same="atoms",
        )
