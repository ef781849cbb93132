"""Whose averages are wanted: a committee and other potentials, and which of them are too far from the driver for any.

Too far is a potential with std(βΔE) above FAR_SPREAD, or whose weights in the expansion leave too few effective frames
(`weights.too_far`).  It gets no value.  A committee of which fewer than three members are left gets no band.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lmpdrive.observables.reweighting.weights import (
    LARGE_SPREAD,
    cumulant,
    direct,
    effective_frames,
    enough,
    too_far,
)

Array = NDArray[np.float64]

FEWEST_MEMBERS = 3
DIRECT = ", direct"


@dataclass(frozen=True)
class Potentials:
    """x = β ΔE (F,) of each, less its mean (`weights.reduced`), by name.

    members : of the committee, the driver among them if it is one of them; none, or at least three.
    targets : other potentials.

    Raises ValueError for one or two members.
    """

    members: Mapping[str, Array] = field(default_factory=dict)
    targets: Mapping[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if 0 < len(self.members) < FEWEST_MEMBERS:
            raise ValueError(
                f"a committee needs at least {FEWEST_MEMBERS} members, there are {len(self.members)} "
                f"({', '.join(self.members)}): the spread of two is hardly known"
            )

    @property
    def every(self) -> dict[str, Array]:
        """Members and targets."""
        return {f"member {name}": x for name, x in self.members.items()} | {
            f"target {name}": x for name, x in self.targets.items()
        }

    @cached_property
    def far(self) -> dict[str, str]:
        """Those of `every` that are too far for the expansion, and why."""
        return {name: why for name, x in self.every.items() if (why := too_far(x))}

    @property
    def near_members(self) -> list[str]:
        """Members that the band rests on."""
        return [name for name in self.members if f"member {name}" not in self.far]

    @property
    def has_band(self) -> bool:
        """Whether enough members are left for one."""
        return len(self.near_members) >= FEWEST_MEMBERS

    def weights(self) -> dict[str, Array]:
        """Sets of weights for the pass; the expansion's where it holds, direct ones where enough frames carry them."""
        sets = {name: cumulant(x) for name, x in self.every.items() if name not in self.far}
        return sets | {f"{name}{DIRECT}": w for name, x in self.every.items() if enough(w := direct(x))}

    def direct_for_all(self) -> bool:
        """Whether every member that the band rests on has direct weights."""
        return all(enough(direct(self.members[name])) for name in self.near_members)

    def why_not(self) -> list[str]:
        """What a figure lacks, in a few words each."""
        members = {name: x for name, x in self.members.items() if name not in self.near_members}
        found = []
        if members and not self.has_band:
            worst = max(members, key=lambda name: members[name].std())
            found.append(f"no model band: {self.far[f'member {worst}']}")
        elif members:
            found.append(f"{len(members)} of {len(self.members)} members left out: too far")
        return found + [
            f"{name}: {self.far[f'target {name}']}" for name in self.targets if f"target {name}" in self.far
        ]

    def lines(self) -> tuple[list[str], list[str]]:
        """(notes, warnings) on how far each is from the driver."""
        notes = []
        thin, large = [], []
        for name, x in self.every.items():
            left, spread = effective_frames(direct(x)), float(x.std())
            notes.append(f"{name}: std(βΔE) = {spread:.3g}; direct weights leave {left:.4g} of {len(x)} frames")
            thin += [] if name in self.far or enough(direct(x)) else [name]
            large += [name] if name not in self.far and spread > LARGE_SPREAD else []
        warnings = []
        if self.far:
            left_out = "; ".join(f"{name} ({why})" for name, why in self.far.items())
            warnings.append(f"Left out, as too far from the driver for the cumulant expansion: {left_out}.")
        if self.members and not self.has_band:
            warnings.append(f"No model band: {len(self.near_members)} members are left, {FEWEST_MEMBERS} are needed.")
        if thin:
            warnings.append(f"Too few frames carry direct weights, so that they give no average: {', '.join(thin)}.")
        if large:
            warnings.append(
                f"std(βΔE) is above {LARGE_SPREAD:g}: the cumulant expansion is of first order, and its averages an "
                f"estimate of the direction and size of the change only: {', '.join(large)}."
            )
        return notes, warnings
