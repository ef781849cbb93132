"""`AnalysisOptions`: what can be chosen for an analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lmpdrive.errors import TrajectoryError
from lmpdrive.observables.convergence import RELATIVE_TARGET


@dataclass(frozen=True)
class AnalysisOptions:
    """What `analyse` computes, and how.

    bin_width_A : Δz of the profiles [Å]; edges are k Δz.
    n_blocks : contiguous blocks for the errors.
    names : only these tables, or all tables of an observable's file (the summary then has only theirs).
    options : observable (its file's name) -> its options.
    extra : Python files with observables of your own.
    target : a profile is converged when its 95 % band is below this fraction of its largest value.
    targets : table -> wanted 95 % band, in the unit of its values; wins over `target`.
    find_equilibration : look for a start that is not equilibrated.
    parallel : number of processes that share the blocks.
    slab : the atoms of the slab, where it is not as found: see `examine`.
    surface : auto, lower, upper, both (their mean), each (apart): see `views`.
    normal : x, y or z, the cell vector that leaves the slab; None: found.

    Raises TrajectoryError if the bin width, the number of blocks or of processes is out of range.
    """

    bin_width_A: float = 0.1
    n_blocks: int = 10
    names: Sequence[str] | None = None
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    extra: Sequence[str | Path] = ()
    target: float = RELATIVE_TARGET
    targets: Mapping[str, float] = field(default_factory=dict)
    find_equilibration: bool = False
    parallel: int = 1
    slab: str | Mapping[str, Any] | None = None
    surface: str = "auto"
    normal: str | None = None

    def __post_init__(self) -> None:
        if not 0 < self.bin_width_A < float("inf"):
            raise TrajectoryError(f"bin_width_A is {self.bin_width_A}; want a positive width in Å, e.g. 0.1")
        if self.n_blocks < 2:
            raise TrajectoryError(f"n_blocks is {self.n_blocks}; errors need at least 2 blocks (default 10)")
        if self.parallel < 1:
            raise TrajectoryError(f"parallel is {self.parallel}; want the number of processes, at least 1")
