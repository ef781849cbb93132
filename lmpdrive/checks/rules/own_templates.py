"""Frozen atoms in decks partly written by hand (`templates:`); the shipped templates do not touch them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from lmpdrive.architectures import Problem
from lmpdrive.checks.case import Case
from lmpdrive.checks.rules.space import A_BUBBLE_A

THERMOSTATS = ("nvt", "npt", "langevin", "temp/berendsen", "temp/csvr", "temp/csld", "temp/rescale")
BAROSTATS = ("npt", "nph", "press/berendsen")
BAROSTAT_AXES = {**dict.fromkeys(("iso", "aniso", "tri"), "xyz"), "x": "x", "y": "y", "z": "z"}
"""Keyword -> directions in which it changes the cell."""
IN_PLANE = "Write `x P P damping y P P damping couple xy` in your template, or use nvt."
LONGEST_STEPS = 10_000


def thermostat_on_frozen_atoms(case: Case) -> Iterator[Problem]:
    """Atoms at 0 K in the temperature of a thermostat make the others hotter."""
    for name, style, _ in _fixes(case, THERMOSTATS):
        members = _members(case, name)
        cold = len(np.intersect1d(members, case.group("fixed")))
        if cold and cold < len(members):
            target = case.config.dynamics.temperature_K
            hot = target * len(members) / (len(members) - cold)
            yield Problem(
                "error",
                f"in.lammps: fix {style} on group {name} counts {cold} frozen atoms: the others would be at "
                f"{hot:.0f} K instead of {target:g} K. Write group mobile in your template.",
            )


def momentum_with_a_frozen_slab(case: Case) -> Iterator[Problem]:
    """The slab absorbs momentum; removing it acts as a force on the water."""
    frozen = len(case.group("fixed"))
    for name, style, _ in _fixes(case, ("momentum", "momentum/chunk")):
        if frozen:
            yield Problem(
                "error",
                f"in.lammps: fix {style} on group {name} with {frozen} frozen atoms: the slab takes up momentum, so "
                "there is none to remove, and the water is pushed. Take the line out of your template.",
            )


def damping_in_ps(case: Case) -> Iterator[Problem]:
    """`units metal` uses ps: 50 does not mean 50 fs."""
    timestep_ps = case.config.dynamics.timestep_fs * 1e-3
    for _, style, words in _fixes(case, ("nvt", "npt", "langevin")):
        at = 2 if style == "langevin" else words.index("temp") + 3 if "temp" in words else len(words)
        if at < len(words) and re.fullmatch(r"[\d.eE+-]+", words[at]):
            damping = float(words[at])
            if not 10 <= damping / timestep_ps <= (200_000 if style == "langevin" else LONGEST_STEPS):
                yield Problem(
                    "error",
                    f"in.lammps: fix {style} with a damping of {damping:g} ps = {damping / timestep_ps:g} timesteps; "
                    f"usual are 100: {100 * timestep_ps:g} ps. The unit in decks is ps.",
                )


def barostat_over_vacuum(case: Case) -> Iterator[Problem]:
    """A barostat along a boundary that is not periodic, or along a vacuum, which holds no pressure."""
    if case.own_deck is None or case.npt:
        return  # nothing to read, or a rule of barostat.py
    boundaries = next((c.words[1:] for c in case.own_deck.deck.commands if c.name == "boundary"), ("p", "p", "p"))
    for _, style, words in _fixes(case, BAROSTATS):
        axes = {axis for key, axes in BAROSTAT_AXES.items() if key in words for axis in axes}
        for axis, kind, gap in zip("xyz", boundaries, case.gaps_A, strict=False):
            if axis in axes and kind != "p":
                why = f"the boundary {kind} along {axis} is not periodic: LAMMPS refuses it"
                yield Problem("error", f"in.lammps: fix {style} changes the length along {axis}, and {why}. {IN_PLANE}")
            elif axis in axes and gap > A_BUBBLE_A and min(case.gaps_A) <= A_BUBBLE_A:
                why = f"{gap:.1f} Å along {axis} are empty and hold no pressure"
                yield Problem("error", f"in.lammps: fix {style} changes the length along {axis}, and {why}. {IN_PLANE}")


def _fixes(case: Case, styles: tuple[str, ...]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Group, style and further words of each fix of these styles."""
    if case.own_deck is None:
        return
    for command in case.own_deck.deck.commands:
        words = command.words
        if len(words) >= 4 and words[0] == "fix" and words[3] in styles:
            yield words[2], words[3], words[4:]


def _members(case: Case, name: str) -> np.ndarray:
    """Atoms of a group that the driver made; none if the deck defines the group itself."""
    return np.arange(len(case.system.species)) if name == "all" else case.group(name)
