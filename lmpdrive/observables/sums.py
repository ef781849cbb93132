"""Running sums that one class turns into several columns, each with its error: distributions, g(r), maps."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np

from lmpdrive.observables.base import Array, Observable, Settings, sampling_warnings
from lmpdrive.observables.blocks import jackknife_error, left_out
from lmpdrive.observables.tables import Scalar, Table


class Sums(Observable):
    """A table of variables and values, both computed from sums at the end.

    A subclass calls `count` in `update`, adds its own sums in `merge` and to `frame_sums`, and names its columns in
    `variables` and `values`.  The first of the values gets the column σ, further ones `σ_<symbol>`.
    """

    kind: ClassVar[str] = "histogram"
    n_variables: ClassVar[int] = 1
    frame_sums: ClassVar[tuple[str, ...]] = ("n_frames",)

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._series: list[Array] = []

    def count(self, series: Array) -> None:
        """Note the frames of a chunk by a per-frame quantity that stands for the sampling."""
        self._series.append(series)
        self.n_frames += len(series)

    def merge(self, other: Self) -> None:
        """Add the frames that `other` saw."""
        self._series += other._series
        self.n_frames += other.n_frames

    def sampled(self) -> Array | None:
        """The per-frame series given to `count`."""
        return np.concatenate(self._series) if self._series else None

    @abstractmethod
    def variables(self) -> dict[str, Array]:
        """Columns before the value, by header."""

    @abstractmethod
    def values(self, part: Self) -> dict[str, Array]:
        """Value columns of the frames that `part` (self or a block) saw, on the bins of self."""

    def result(self) -> dict[str, Array]:
        """Variables and values."""
        self._need_frames()
        return self.variables() | self.values(self)

    def table(self, blocks: Sequence[Self]) -> Table:
        """The columns with σ from the same columns without each block."""
        import pandas as pd

        self._need_frames()
        columns = self.variables()
        rests = left_out(blocks)
        of_rests = [self.values(rest) for rest in rests]
        for i, (header, value) in enumerate(self.values(self).items()):
            symbol, _, unit = header.partition(" [")
            columns[header] = value
            error = jackknife_error(np.array([values[header] for values in of_rests]).reshape(-1, len(value)))
            columns[f"σ [{unit}" if i == 0 else f"σ_{symbol} [{unit}"] = error
        inefficiency, warnings = sampling_warnings(np.concatenate(self._series), len(blocks))
        return Table(
            self.name,
            self.title,
            self.kind,
            pd.DataFrame(columns),
            self.equation,
            notes=self.notes(),
            warnings=warnings + self.alarms(),
            n_blocks=len(blocks) if len(blocks) > 1 else 0,
            n_frames=self.n_frames,
            statistical_inefficiency=inefficiency,
            scalars=self.scalars(rests),
            n_variables=self.n_variables,
        )

    def notes(self) -> tuple[str, ...]:
        """Assumptions."""
        return ()

    def alarms(self) -> tuple[str, ...]:
        """What the reader must know."""
        return ()

    def scalars(self, rests: Sequence[Self]) -> dict[str, Scalar]:
        """Numbers for the summary; `rests` are what is left without each block (docs/analysis.md)."""
        return {}
