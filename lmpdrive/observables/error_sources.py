"""What the errors from contiguous blocks rest on, in words, and whether they are only lower bounds.

With blocks of fewer than five statistical inefficiencies g, σ is too small, because neighbouring blocks are
correlated: for an exponentially decaying correlation by 5 % at five g, by 16 % at two (docs/uncertainty.md).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lmpdrive.observables.convergence import CORRELATION_TIMES
from lmpdrive.observables.tables import Scalar, Table


def with_sources(table: Table, interval_ps: float) -> Table:
    """The table, its numbers from blocks saying what their errors rest on.

    interval_ps : time between frames or log rows; NaN if not known.
    """
    if table.source:
        return table
    source, few = words(table, interval_ps), blocks_are_short(table)
    if few:
        g = table.statistical_inefficiency
        source += f", shorter than {CORRELATION_TIMES} statistical inefficiencies of {g:.3g} frames"
    scalars = {name: _with(scalar, source, few) for name, scalar in table.scalars.items()}
    return replace(table, source=source, scalars=scalars)


def words(table: Table, interval_ps: float) -> str:
    """`10 blocks of 2 ps`, or why there are none."""
    if not table.n_blocks:
        return "fewer frames than blocks"
    length = table.n_frames / table.n_blocks
    each = f"{length * interval_ps:.3g} ps" if np.isfinite(interval_ps) else f"{length:.3g} frames"
    return f"{table.n_blocks} blocks of {each}"


def blocks_are_short(table: Table) -> bool:
    """A block holds fewer than five independent samples."""
    g = table.statistical_inefficiency
    return bool(table.n_blocks and np.isfinite(g) and table.n_frames / table.n_blocks < CORRELATION_TIMES * g)


def _with(scalar: Scalar, source: str, few: bool) -> Scalar:
    if scalar.source:
        return scalar
    if np.isnan(scalar.error) and np.isfinite(scalar.value) and "blocks of" in source:
        return replace(scalar, source="the quantity is not defined without one of the blocks")
    return replace(scalar, source=source, lower_bound=few and not np.isnan(scalar.error))
