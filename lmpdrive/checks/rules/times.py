"""Timestep and relaxation times."""

from __future__ import annotations

from collections.abc import Iterator

from lmpdrive.architectures import Problem
from lmpdrive.checks.case import Case

DAMPING = (20, 1000)
"""Thermostat, in timesteps; LAMMPS' manual: around 100 (fix nvt)."""
LANGEVIN = (100, 200_000)
"""The founding study's 5 ps are 5000 to 10000; weak coupling is intended."""
BAROSTAT = (200, 20_000)
"""LAMMPS' manual: around 1000 (fix npt)."""


def timestep_with_hydrogen(case: Case) -> Iterator[Problem]:
    """The O-H stretch has a period of 9 fs."""
    timestep = case.config.dynamics.timestep_fs
    if "H" in case.system.elements and timestep > 1:
        yield Problem(
            "warning",
            f"dynamics.timestep_fs: {timestep:g} fs with H; "
            "0.5 fs resolves the O-H stretch, above 1 fs energies drift. Take 0.25 to 1 fs.",
        )


def damping_of_the_thermostat(case: Case) -> Iterator[Problem]:
    """Far from 100 timesteps: too small causes oscillations, too large has no effect (or the unit is wrong)."""
    dynamics = case.config.dynamics
    if dynamics.ensemble in ("nve", "minimise") and not dynamics.equilibrate_ps:
        return
    given = {"thermostat": dynamics.thermostat, "equilibrate_thermostat": dynamics.equilibrate_thermostat}
    for key, thermostat in given.items():
        if thermostat is not None:
            yield from _far(
                f"dynamics.{key}.damping_fs ({thermostat.style})",
                thermostat.damping_fs,
                dynamics.timestep_fs,
                LANGEVIN if thermostat.style == "langevin" else DAMPING,
                100,
            )


def damping_of_the_barostat(case: Case) -> Iterator[Problem]:
    """Far from 1000 timesteps."""
    dynamics = case.config.dynamics
    if case.npt:
        damping = dynamics.barostat.damping_fs
        yield from _far("dynamics.barostat.damping_fs", damping, dynamics.timestep_fs, BAROSTAT, 1000)


def _far(key: str, damping_fs: float, timestep_fs: float, steps: tuple[int, int], usual: int) -> Iterator[Problem]:
    low, high = (n * timestep_fs for n in steps)
    if not low <= damping_fs <= high:
        yield Problem(
            "warning",
            f"{key}: {damping_fs:g} fs is {damping_fs / timestep_fs:g} timesteps; the range is {low:g} to {high:g} fs, "
            f"usual are {usual} timesteps: {usual * timestep_fs:g} fs. The unit is fs, not ps.",
        )
