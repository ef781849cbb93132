"""How much of a run is used where the guard saw something."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StablePart:
    """The part of a run before the event that ends it.

    events : what the guard saw, one sentence each.
    ended : whether one of them ends the part that is used.
    frames : in the trajectory; used : of these before the event; last_ps : time of the last one used.
    """

    events: tuple[str, ...]
    ended: bool
    frames: int = 0
    used: int = 0
    last_ps: float = 0.0
