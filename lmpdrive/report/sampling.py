"""How long each of several runs is, and how many independent samples are behind its tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lmpdrive.report.analysed import Analysed

MUCH_LONGER = 2.0
"""Runs whose lengths differ by more than this factor get a caution."""


@dataclass(frozen=True)
class Sampling:
    """How a run was sampled.

    length_ps : analysed time; NaN if not known.
    n_frames : analysed frames; None if not known.
    independent : table -> number of independent samples behind it, where known.
    """

    label: str
    length_ps: float
    n_frames: int | None
    independent: dict[str, float]

    @property
    def length(self) -> str:
        """ "50 ps", or that it is not known."""
        return f"{self.length_ps:.4g} ps" if np.isfinite(self.length_ps) else "length not known"

    @property
    def samples(self) -> str:
        """The range over the tables, and which table has the fewest."""
        if not self.independent:
            return "independent samples not known"
        fewest = min(self.independent, key=lambda name: self.independent[name])
        few, many = self.independent[fewest], max(self.independent.values())
        numbers = f"{few:.3g}" if f"{few:.3g}" == f"{many:.3g}" else f"{few:.3g} to {many:.3g}"
        return f"{numbers} independent samples (fewest: {fewest})"


def sampling_of(run: Analysed) -> Sampling:
    """Length, frames and independent samples as the analysis recorded them."""
    times = run.about.get("times_ps")
    independent = {
        name: float(table.n_effective)
        for name, table in run.tables.items()
        if table.kind != "summary" and np.isfinite(table.n_effective)
    }
    length = float(times[1] - times[0]) if times else float("nan")
    return Sampling(run.label, length, run.about.get("n_frames"), independent)


def unequal_lengths(sampled: Sequence[Sampling]) -> list[str]:
    """A caution for each run that is much shorter or longer than the first."""
    first, found = sampled[0], []
    for other in sampled[1:]:
        short, long = sorted((first, other), key=lambda one: one.length_ps)
        if short.length_ps > 0 and long.length_ps > MUCH_LONGER * short.length_ps:
            found.append(
                f"Different lengths: {long.label} {long.length}, {short.label} {short.length}. What is slow may not "
                f"have been sampled in {short.label}, and its errors are then too small: run it longer"
            )
    return found
