"""Which frames are fitted, watched and held back: functions of the frames' groups, sizes and seeds alone.

A frame is a number, its place in the data; a group is a word: its formula, or its charge state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lmpdrive.errors import ConfigError


@dataclass(frozen=True)
class Parts:
    """Numbers of the frames that are fitted, that the trainer measures its progress on, and that are held back."""

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]


def members(groups: Sequence[str]) -> dict[str, list[int]]:
    """Group -> its frames, groups by alphabet."""
    found: dict[str, list[int]] = {}
    for number, group in enumerate(groups):
        found.setdefault(group, []).append(number)
    return dict(sorted(found.items()))


def split(groups: Sequence[str], seed: int, test: float, validation: float) -> Parts:
    """Shuffle every group; its first `test` share is held back, the next `validation` share watched, the rest fitted.

    Shares of a group are rounded, so a group of few frames is fitted as a whole.  Raises ConfigError if then nothing is
    left to fit, to watch or to test.
    """
    rng = np.random.default_rng(seed)
    found: tuple[list[int], list[int], list[int]] = ([], [], [])
    for frames in members(groups).values():
        order = rng.permutation(len(frames))
        first = round(test * len(frames))
        second = first + round(validation * len(frames))
        for part, own in zip(found, (order[second:], order[first:second], order[:first]), strict=True):
            part.extend(frames[i] for i in own)
    for name, part in zip(("fit", "watch the fit with", "test"), found, strict=True):
        if not part:
            raise ConfigError(
                f"{len(groups)} frames in {len(set(groups))} groups leave none to {name}: give more frames, larger "
                "shares (split.test, split.validation), or larger groups (split.by: ions, or nothing)"
            )
    return Parts(*map(tuple, found))


def shortfall(parts: Parts, groups: Sequence[str], test: float, validation: float) -> str:
    """A warning where less than half of what was asked for is held back, as groups of few frames are not divided."""
    for name, part, share in (("test", parts.test, test), ("validation", parts.validation, validation)):
        if len(part) < share * len(groups) / 2:
            return (
                f"split.{name}: {len(part)} of {len(groups)} frames instead of {share:.0%}, because most of the "
                f"{len(set(groups))} groups have too few frames to be divided: use split.by: ions, or nothing"
            )
    return ""


def nested(train: Sequence[int], groups: Sequence[str], size: int | None) -> tuple[int, ...]:
    """The first `size` of an order in which every beginning has all groups in proportion, to within a frame.

    So the frames of a smaller size are among those of a larger one.  None: all, as they are.  Raises ConfigError if
    there are fewer.
    """
    if size is None:
        return tuple(train)
    if size > len(train):
        raise ConfigError(f"--n {size}: only {len(train)} frames are left to fit; the others are held back")
    place: dict[int, tuple[float, str]] = {}
    for group, own in members([groups[i] for i in train]).items():
        for rank, which in enumerate(own):
            place[train[which]] = ((rank + 0.5) / len(own), group)
    return tuple(sorted(train, key=lambda frame: place[frame])[:size])


def subsample(train: Sequence[int], share: float, seed: int) -> tuple[int, ...]:
    """A share of the frames, drawn without replacement, in their order."""
    if share == 1:
        return tuple(train)
    size = max(1, round(share * len(train)))
    chosen = np.random.default_rng(seed).choice(len(train), size, replace=False)
    return tuple(train[i] for i in sorted(chosen))
