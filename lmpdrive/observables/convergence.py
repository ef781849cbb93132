"""Is a profile's error small enough, and if not, how much longer to run?

The 95 % band 2σ varies along a profile; what counts is the value that nine of ten bins stay below.  Bins that never
saw anything do not count.  σ falls as 1/√T, so from T and a band b the target b* takes T (b/b*)²: about that, for σ
from ten blocks is itself uncertain by a quarter.
"""

from __future__ import annotations

import math

import numpy as np

from lmpdrive.observables.base import SHORT_OF_LAGS, TOO_SHORT
from lmpdrive.observables.tables import Convergence, Table

ASSESSED = ("profile", "histogram", "correlation")
RELATIVE_TARGET = 0.05
QUANTILE = 0.9
FEWEST_FRAMES = 50
CORRELATION_TIMES = 5
"""Blocks of fewer statistical inefficiencies give a lower bound of the time still needed.  On the reference run the
bands of the first 3.75 ps were 1.4 to 2.2 times smaller than those of 30 ps scaled by 1/√T, of the first 15 ps 1.0
to 1.6 times."""


def assess(
    table: Table, frame_interval_ps: float, relative: float, absolute: float | None = None
) -> Convergence | None:
    """The verdict; None for kinds of table that get none, and where there is no error.

    Parameters
    ----------
    frame_interval_ps : time between frames [ps]; NaN if not known.
    relative : wanted 2σ over the largest |value| of the table.
    absolute : wanted 2σ in the value's unit; wins over `relative`.
    """
    if table.kind not in ASSESSED or not table.n_blocks:
        return None
    value, error = table.value, table.error
    counted = np.isfinite(value) & np.isfinite(error) & ((value != 0) | (error != 0))
    if not counted.any():
        return None
    band = float(np.quantile(2 * error[counted], QUANTILE))
    largest = float(np.abs(value[counted]).max())
    unit, target = _unit(table), absolute
    if absolute is None:
        if largest == 0:
            return None
        band, target, unit = band / largest, relative, "1"
    assert target is not None
    time_ps = table.n_frames * frame_interval_ps
    factor = (band / target) ** 2
    # a block of few correlation times does not average them out: σ is too small still, and the time a lower bound
    few = table.n_frames / table.n_blocks < CORRELATION_TIMES * table.statistical_inefficiency
    why_short = _why_short(table)
    too_short = bool(why_short)
    at_least = "at least " if few or too_short else "about "
    if too_short:
        # the band is too small as it stands: blocks must hold a correlation time before it can be believed
        samples = table.statistical_inefficiency * table.n_blocks
        needed = samples if math.isfinite(samples) else 2.0 * table.n_frames
        factor = max(factor, needed / table.n_frames, FEWEST_FRAMES / table.n_frames)
    if not too_short and band <= target:
        more = 0.0
    else:
        more = two_digits((factor - 1) * time_ps) if math.isfinite(time_ps) else math.nan
    longer = f"{more:g} ps more" if math.isfinite(more) else f"{factor:.2g} times as long"
    return Convergence(band, target, unit, more, _words(band, target, unit, at_least + longer, why_short))


def _why_short(table: Table) -> str:
    """Why the band cannot be believed yet; empty if it can."""
    if any(warning.startswith(TOO_SHORT) for warning in table.warnings):
        return "blocks are shorter than the correlation time"
    if any(warning.startswith(SHORT_OF_LAGS) for warning in table.warnings):
        return "the run is shorter than the longest lag"
    if table.n_frames < FEWEST_FRAMES:
        return f"{table.n_frames} frames are too few to know the correlation time"
    return ""


def _words(band: float, target: float, unit: str, longer: str, why_short: str) -> str:
    def amount(x: float) -> str:
        return f"{100 * x:.2g} %" if unit == "1" else f"{x:.2g} {unit}"

    of = " of the largest value" if unit == "1" else ""
    now = f"95 % band {amount(band)}{of}"
    if band <= target and not why_short:
        return f"converged: {now} (target {amount(target)})"
    why = f", {why_short}" if why_short else ""
    return f"run {longer} for {amount(target)}: {now}{why}"


def _unit(table: Table) -> str:
    header = str(table.data.columns[table.n_variables])
    return header[header.rindex("[") + 1 : -1] if header.endswith("]") else ""


def two_digits(x: float) -> float:
    """An estimate, without digits that it does not know."""
    return float(f"{x:.2g}")
