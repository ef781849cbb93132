"""Walls and fields that this system or this potential cannot have."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lmpdrive.architectures import Integrated, Problem
from lmpdrive.checks.case import Case
from lmpdrive.errors import did_you_mean


def field_needs_charges(case: Case) -> Iterator[Problem]:
    """q E, and most models have no q; the field of an electrode is its voltage."""
    config = case.config
    if config.dynamics.electric_field is None:
        return
    name = config.potential.architecture
    if isinstance(config.potential.chosen, Integrated):
        yield Problem("error", "dynamics.electric_field: not with coupling: ase; use another coupling.")
        return
    charges = config.potential.charges_e(case.system)
    if config.potential.atom_style not in ("full", "charge") or charges is None or not np.any(charges):
        yield Problem(
            "error",
            f"dynamics.electric_field: {name} gives the atoms no charges here, so the field would do nothing. Use a "
            "potential with charges (classical, with water or ions), or leave the field out.",
        )
    elif getattr(config.potential, "electrode", "none") != "none":
        yield Problem(
            "error",
            "dynamics.electric_field: the electrodes' charges do not know of it. Use potential.electrode: "
            "constant-potential with potential.voltage_V.",
        )


def thermostats_by_ase(case: Case) -> Iterator[Problem]:
    """ASE's run has one thermostat."""
    if case.config.dynamics.thermostats and isinstance(case.config.potential.chosen, Integrated):
        yield Problem("error", "dynamics.thermostats: not with coupling: ase; use another coupling.")


def walls_and_their_groups(case: Case) -> Iterator[Problem]:
    """A group that is there, and atoms that are not beyond the wall at the start."""
    if case.config.dynamics.walls and isinstance(case.config.potential.chosen, Integrated):
        yield Problem("error", "dynamics.walls: not with coupling: ase; use another coupling.")
        return
    groups = [name for name, ids in case.system.groups.items() if len(ids)]
    for number, wall in enumerate(case.config.dynamics.walls, start=1):
        if wall.group not in groups:
            hint = did_you_mean(wall.group, groups) or "."
            text = f"dynamics.walls: there is no group {wall.group}{hint} Choices: {', '.join(groups)}"
            yield Problem("error", text)
            continue
        members = np.intersect1d(case.group(wall.group), case.group("mobile"))
        z = case.system.atoms.positions[members, 2]
        outside = (z - wall.from_A if wall.face == "zhi" else wall.from_A - z) >= wall.range_A
        if outside.any():
            yield Problem(
                "error",
                f"dynamics.walls: {outside.sum()} atoms of {wall.group} are beyond wall {number} ({wall.face}, from "
                f"{wall.from_A:g} Å, {wall.range_A:g} Å deep) at the start, which LAMMPS refuses: the atoms are "
                f"between {z.min():.1f} and {z.max():.1f} Å.",
            )
