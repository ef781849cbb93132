"""`Finding`: one sentence about a run, how grave it is, and how much longer to run if time is what it lacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["bad", "short", "caution", "good"]

LEVELS: dict[Level, str] = {
    "bad": "problem",
    "short": "too short to say",
    "caution": "caution",
    "good": "good",
}
"""Level -> the word for it, the gravest first."""


@dataclass(frozen=True)
class Finding:
    """One sentence, with the limit that it is judged by.

    more_ps : run about this much longer to know better [ps]; 0 where that would not help, or is not known.
    """

    level: Level
    text: str
    more_ps: float = 0.0

    @property
    def word(self) -> str:
        """The level in words."""
        return LEVELS[self.level]
