"""Time series: one row per frame, with the error of the run's mean.

Units: ps, or steps where the timestep is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Self

import numpy as np

from lmpdrive.observables.base import Array, Observable, Settings, sampling_warnings
from lmpdrive.observables.blocks import block_error, statistical_inefficiency
from lmpdrive.observables.error_sources import with_sources
from lmpdrive.observables.tables import Scalar, Table
from lmpdrive.trajectory.frames import Chunk


class Series(Observable):
    """Per-frame values; `columns` are the headers, the first of them is the value with the error."""

    columns: tuple[str, ...]
    error_column: str
    frame_sums: ClassVar[tuple[str, ...]] = ("n_frames", "_rows")

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._times: list[Array] = []
        self._rows: list[Array] = []

    def append(self, chunk: Chunk, rows: Array) -> None:
        """Add (F, n_columns) values."""
        self._times.append(chunk.times_ps if self.settings.times_known else chunk.steps.astype(float))
        self._rows.append(rows)
        self.n_frames += len(rows)

    def merge(self, other: Self) -> None:
        """Add the frames that `other` saw."""
        self._times += other._times
        self._rows += other._rows
        self.n_frames += other.n_frames

    def sampled(self) -> Array | None:
        """The first column."""
        return np.concatenate(self._rows)[:, 0] if self._rows else None

    def result(self) -> dict[str, Array]:
        """Time (or step) and the values."""
        self._need_frames()
        time = "t [ps]" if self.settings.times_known else "step [1]"
        return {
            time: np.concatenate(self._times),
            **dict(zip(self.columns, np.concatenate(self._rows).T, strict=True)),
        }

    def table(self, blocks: Sequence[Self]) -> Table:
        """The series; σ is the block error of the mean over the run, the same in every row."""
        import pandas as pd

        data = pd.DataFrame(self.result())
        means = np.array([np.concatenate(block._rows).mean(axis=0) for block in blocks])
        errors = block_error(means) if len(blocks) > 1 else np.full(len(self.columns), np.nan)
        data.insert(2, self.error_column, errors[0])
        inefficiency, warnings = sampling_warnings(data.iloc[:, 1].to_numpy(), len(blocks))
        table = Table(
            self.name,
            self.title,
            "series",
            data,
            self.equation,
            notes=("σ is the block error of the mean over the run, the same in every row.", *self.notes()),
            warnings=warnings + self.alarms(),
            n_blocks=len(blocks) if len(blocks) > 1 else 0,
            n_frames=self.n_frames,
            statistical_inefficiency=inefficiency,
            scalars=self.scalars(errors),
        )
        # the slowest column decides whether blocks are long enough for the means
        slowest = max(
            inefficiency, *(statistical_inefficiency(data[header].to_numpy()) for header in self.columns[1:]), 0.0
        )
        flagged = with_sources(replace(table, statistical_inefficiency=slowest), self.settings.frame_interval_ps)
        return replace(table, scalars=flagged.scalars, source=flagged.source)

    def notes(self) -> tuple[str, ...]:
        """Assumptions."""
        return ()

    def alarms(self) -> tuple[str, ...]:
        """What the reader must know."""
        return ()

    def scalars(self, errors: Array) -> dict[str, Scalar]:
        """Numbers for the summary; `errors` are the errors of the columns' means."""
        return {}
