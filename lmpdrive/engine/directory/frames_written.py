"""Which frames of the production a run directory has, and which it should have.  In timesteps.

Only `traj.dcd` and its continuations count: the sparse text dump beside them does not stand in for them.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmpdrive.common.run_files import DATA
from lmpdrive.deck.commands import Deck
from lmpdrive.engine.restart.deck import plan
from lmpdrive.errors import TrajectoryError

FIRST = "traj.dcd"
OTHER_TIMES = {"every", "every/time", "delay", "skip"}
"""Keywords of `dump_modify` that change when frames are written."""


@dataclass(frozen=True)
class Expected:
    """The frames that a deck asks for: the first, and one every so many steps."""

    first: int
    every: int

    @classmethod
    def of(cls, deck: Deck) -> Expected | None:
        """From the deck's `dump ... dcd N traj.dcd`; None without one, or where templates of one's own change it."""
        timed = plan(deck)
        dumps = [one for one in timed if one.name == "dump" and one.words[3:4] == ("dcd",)]
        if len(dumps) != 1 or dumps[0].words[5:6] != (FIRST,) or not dumps[0].words[4].isdigit():
            return None
        name, every, before = dumps[0].words[1], int(dumps[0].words[4]), dumps[0].before
        others = [one.words for one in timed if one.name in ("dump_modify", "undump") and one.words[1:2] == (name,)]
        if before is None or not every or any(words[0] == "undump" or set(words) & OTHER_TIMES for words in others):
            return None
        return cls(-(-before // every) * every, every)


@dataclass(frozen=True)
class Written:
    """The steps of the frames that can be read, and what is wrong with the files."""

    steps: NDArray[np.int64]
    problems: tuple[str, ...]

    @classmethod
    def of(cls, folder: Path) -> Written:
        """Of a run directory."""
        files = sorted(folder.glob("traj*.dcd"), key=lambda path: (len(path.name), path.name))
        problems = [] if (folder / FIRST).exists() else [f"{FIRST} is not there"]
        steps: list[NDArray[np.int64]] = []
        for path in files:
            try:
                steps.append(_steps(path, folder / DATA))
            except TrajectoryError as error:
                problems.append(_short(path, str(error)))
        return cls(np.unique(np.concatenate([np.array([], dtype=np.int64), *steps])), tuple(problems))

    def missing(self, expected: Expected | None, begin: int, end: int) -> list[tuple[int, int]]:
        """First and last step of each stretch without frames, of those expected from `begin` to `end` (inclusive)."""
        if expected is None:
            return []
        wanted = np.arange(expected.first, end + 1, expected.every)
        absent = np.flatnonzero(~np.isin(wanted, self.steps) & (wanted >= begin))
        runs = np.split(absent, np.flatnonzero(np.diff(absent) > 1) + 1) if len(absent) else []
        return [(int(wanted[run[0]]), int(wanted[run[-1]])) for run in runs]

    def last_before(self, step: int) -> int | None:
        """The last frame before a step."""
        earlier = self.steps[self.steps < step]
        return int(earlier[-1]) if len(earlier) else None

    def why(self, stretches: list[tuple[int, int]]) -> str:
        """ "the frames of steps 100 to 500 are missing (traj.dcd is empty)"."""
        where = ", ".join(f"{a} to {b}" if a != b else str(a) for a, b in stretches[:5])
        more = f" and {len(stretches) - 5} more stretches" if len(stretches) > 5 else ""
        reason = f" ({'; '.join(self.problems)})" if self.problems else ""
        return f"the frames of steps {where}{more} are missing{reason}"


def _steps(path: Path, data: Path) -> NDArray[np.int64]:
    from lmpdrive.trajectory import open_trajectory

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return open_trajectory(path, data=data if data.is_file() else None).steps


def _short(path: Path, error: str) -> str:
    if not path.stat().st_size:
        return f"{path.name} is empty"
    if "ends within its header" in error or "no complete frame" in error:
        return f"{path.name} ends before its first frame"
    return f"{path.name} is damaged"
