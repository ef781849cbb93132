"""Selections of the YAML file -> atoms; the atoms that `dynamics.freeze` adds to the frozen ones.  Å."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lmpdrive.common.manifest import members
from lmpdrive.config.region_thermostat import RegionThermostat
from lmpdrive.config.selection import Selection
from lmpdrive.errors import StructureError, did_you_mean
from lmpdrive.system.model import BuiltSystem


def selected(system: BuiltSystem, selection: Selection, key: str) -> np.ndarray:
    """0-based indices of the atoms.  Raises StructureError naming `key` for a selection without atoms."""
    n, z = len(system.species), system.atoms.positions[:, 2]
    if selection.z_A is not None:
        low, high = selection.z_A
        found = np.flatnonzero((z >= low) & (z <= high))
        if not len(found):
            raise StructureError(
                f"{key}: {selection.words} has no atoms; the atoms are between {z.min():.2f} and {z.max():.2f} Å"
            )
        return found
    if selection.group is not None:
        groups = {name: ids for name, ids in system.groups.items() if len(ids)}
        if selection.group not in groups:
            hint = did_you_mean(selection.group, list(groups)) or "."
            raise StructureError(f"{key}: there is no group {selection.group}{hint} Choices: {', '.join(groups)}")
        return np.asarray(groups[selection.group], dtype=int)
    found = np.unique(members(selection.ids or ""))
    if not len(found) or found[0] < 0 or found[-1] >= n:
        raise StructureError(f"{key}: {selection.words}: ids are 1 to {n}, and a range goes from low to high")
    return found


def with_regions(system: BuiltSystem, thermostats: Sequence[RegionThermostat]) -> BuiltSystem:
    """The system with the groups heat_1, heat_2 ... of `dynamics.thermostats`, and rest, the other mobile atoms."""
    rest = np.asarray(system.groups["mobile"], dtype=int)
    groups = dict(system.groups)
    for number, one in enumerate(thermostats, start=1):
        key = "dynamics.thermostats"
        members = np.intersect1d(selected(system, one.where, key), system.groups["mobile"])
        if not len(members):
            raise StructureError(f"{key}: all atoms of {one.where.words} are frozen")
        if len(np.setdiff1d(members, rest)):
            raise StructureError(f"{key}: atoms of {one.where.words} have another thermostat of the list already")
        groups[f"heat_{number}"], rest = members, np.setdiff1d(rest, members)
    if thermostats and not len(rest):
        raise StructureError(
            "dynamics.thermostats: no mobile atom is left for dynamics.thermostat: take the last of the list out, and "
            "give its temperature as dynamics.temperature_K"
        )
    return replace(system, groups=groups | ({"rest": rest} if thermostats else {}))


def frozen(system: BuiltSystem, selections: Sequence[Selection]) -> BuiltSystem:
    """The system with these atoms frozen too."""
    if not selections:
        return system
    more = [selected(system, one, "dynamics.freeze") for one in selections]
    fixed = np.unique(np.concatenate([np.asarray(system.groups.get("fixed", []), dtype=int), *more]))
    mobile = np.setdiff1d(np.arange(len(system.species)), fixed)
    return replace(
        system,
        groups={**system.groups, "fixed": fixed, "mobile": mobile},
        report=replace(system.report, fixed=len(fixed)),
    )
