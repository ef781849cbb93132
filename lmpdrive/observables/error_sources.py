"""What the errors from contiguous blocks rest on, in words, and whether they are only lower bounds.

With blocks of few statistical inefficiencies g, σ is too small, because neighbouring blocks are correlated: for an
exponentially decaying correlation by 5 % at five g, by 16 % at two.  g itself is read off the same run and, where that
is short, up to twice too small: blocks of fewer than ten g give a lower bound (docs/analysis.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lmpdrive.observables.tables import Scalar, Table

SAFE_TIMES = 10
"""Statistical inefficiencies in a block whose σ is not called a lower bound."""


@dataclass(frozen=True)
class BlockSampling:
    """What blocks rest on.

    n_frames : frames or log rows; n_blocks : 0 if no error could be given.
    inefficiency : frames per independent sample, NaN if not known.
    interval_ps : time between frames; NaN if not known.
    of : what is averaged, "frames" or "log rows".
    """

    n_frames: int
    n_blocks: int
    inefficiency: float
    interval_ps: float = float("nan")
    of: str = "frames"

    @property
    def short(self) -> bool:
        """A block holds fewer than ten independent samples."""
        return bool(self.n_blocks and self.n_frames / self.n_blocks < SAFE_TIMES * self.inefficiency)

    @property
    def words(self) -> str:
        """`10 blocks of 2 ps`, or why there are none."""
        if not self.n_blocks:
            return f"fewer {self.of} than blocks"
        length = self.n_frames / self.n_blocks
        each = f"{length * self.interval_ps:.3g} ps" if np.isfinite(self.interval_ps) else f"{length:.3g} {self.of}"
        text = f"{self.n_blocks} blocks of {each}"
        if self.short:
            text += f", shorter than {SAFE_TIMES} statistical inefficiencies of {self.inefficiency:.3g} {self.of}"
        return text

    def behind(self, scalar: Scalar) -> Scalar:
        """The number, saying what its σ rests on."""
        if np.isnan(scalar.error) and np.isfinite(scalar.value) and self.n_blocks:
            return replace(scalar, source="the quantity is not defined without one of the blocks")
        return replace(scalar, source=self.words, lower_bound=self.short and not np.isnan(scalar.error))


def is_lower_bound(table: Table) -> bool:
    """Whether the errors of its bins are too small, as those of numbers that say so."""
    return _sampling(table).short


def _sampling(table: Table, interval_ps: float = float("nan")) -> BlockSampling:
    return BlockSampling(table.n_frames, table.n_blocks, table.statistical_inefficiency, interval_ps)


def with_sources(table: Table, interval_ps: float) -> Table:
    """The table, its numbers from blocks saying what their errors rest on.

    interval_ps : time between frames; NaN if not known.
    """
    if table.source:
        return table
    sampling = _sampling(table, interval_ps)
    scalars = {name: scalar if scalar.source else sampling.behind(scalar) for name, scalar in table.scalars.items()}
    return replace(table, source=sampling.words, scalars=scalars)
