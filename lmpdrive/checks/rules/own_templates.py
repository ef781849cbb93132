"""Frozen atoms in decks that a person wrote part of (`templates:`); the shipped ones leave them alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from lmpdrive.architectures import Problem
from lmpdrive.checks.case import Case

THERMOSTATS = ("nvt", "npt", "langevin", "temp/berendsen", "temp/csvr", "temp/csld", "temp/rescale")
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
    """The slab takes up momentum; taking it away again is a force on the water."""
    frozen = len(case.group("fixed"))
    for name, style, _ in _fixes(case, ("momentum", "momentum/chunk")):
        if frozen:
            yield Problem(
                "error",
                f"in.lammps: fix {style} on group {name} with {frozen} frozen atoms: the slab takes up momentum, so "
                "there is none to remove, and the water is pushed. Take the line out of your template.",
            )


def damping_in_ps(case: Case) -> Iterator[Problem]:
    """`units metal` has ps: 50 there is not 50 fs."""
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


def _fixes(case: Case, styles: tuple[str, ...]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Group, style and further words of each fix of these styles."""
    if case.own_deck is None:
        return
    for command in case.own_deck.deck.commands:
        words = command.words
        if len(words) >= 4 and words[0] == "fix" and words[3] in styles:
            yield words[2], words[3], words[4:]


def _members(case: Case, name: str) -> np.ndarray:
    """Atoms of a group that the driver made; none of one that the deck made itself."""
    return np.arange(len(case.system.species)) if name == "all" else case.group(name)
