"""Variables of the templates; docs/decks.md lists them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lmpdrive._version import __version__
from lmpdrive.architectures import Native
from lmpdrive.common.run_files import DECK
from lmpdrive.config import Config
from lmpdrive.config.sections import Barostat
from lmpdrive.config.stages import PlannedStage
from lmpdrive.deck.bias import PLUMED, colvars_text, plumed_file
from lmpdrive.deck.guard_variables import guard_variables
from lmpdrive.system import BuiltSystem, id_ranges

LAMMPS_SORTS_EVERY = 1000


def run_command(config: Config) -> str:
    """The command that runs the deck in its run directory."""
    if not isinstance(config.potential.chosen, Native):
        return f"lmpdrive run-deck {DECK}"
    return " ".join([_lammps(config), "-in", DECK])


def _lammps(config: Config) -> str:
    return " ".join(["lmp", *config.potential.lammps_arguments(config.run.mpi_ranks, config.run.threads)])


def context(config: Config, system: BuiltSystem) -> Mapping[str, Any]:
    """The YAML's sections by name, and what follows from them."""
    dynamics, output, potential = config.dynamics, config.output, config.potential
    return {
        "title": f"{system.atoms.get_chemical_formula()}: {dynamics.ensemble} with {potential.architecture}",
        "version": __version__,
        "native": isinstance(potential.chosen, Native),
        "lammps_command": _lammps(config),
        "potential_title": potential.chosen.title or potential.title or potential.architecture,
        "potential": potential,
        "dynamics": dynamics,
        "output": output,
        **_structure(config, system),
        "neighbor_skin_A": 1.0,
        "timestep_ps": f"{dynamics.timestep_fs * 1e-3:g}",
        **_intervals(config),
        **_stages(config, system),
        **guard_variables(config, system),
        **potential.context(system),
    }


def _structure(config: Config, system: BuiltSystem) -> dict[str, Any]:
    atom_style = config.potential.atom_style
    groups = {name: id_ranges(ids) for name, ids in system.groups.items() if len(ids) and name != "mobile"}
    mobile = system.groups.get("mobile", np.arange(len(system.species)))
    thermometers = [
        name
        for name in groups
        if (name in ("metal", "water") or name.startswith("ion_")) and np.isin(system.groups[name], mobile).any()
    ]
    brings_velocities = config.system.read is not None and system.atoms.has("momenta")
    return {
        "elements": list(system.elements),
        "table": system.table(),
        "groups": groups,
        "fixed": "fixed" in groups,
        "thermometers": thermometers,
        "regions": [name for name in groups if name == "rest" or name.startswith("heat_")],
        "keep_velocities": brings_velocities and not config.dynamics.minimise,
        "atom_style": atom_style,
        "boundary": boundary(config, system),
    }


def boundary(config: Config, system: BuiltSystem) -> str:
    """Slab-corrected electrostatics needs a non-periodic z; a short-ranged potential sees only vacuum."""
    has_slab = len(system.groups.get("metal", [])) > 0
    slab_corrected = config.potential.atom_style == "full" and has_slab and system.vacuum_along_z
    return "p p f" if slab_corrected else "p p p"


def _intervals(config: Config) -> dict[str, int]:
    """In steps."""
    output = config.output
    restart_every = config.steps(output.restart_every_ps * 1e3)
    return {
        "thermo_every": config.steps(output.thermo_every_fs),
        "frames_every": config.steps(output.frames_every_fs),
        "dump_every": config.steps(output.dump_every_fs),
        "restart_every": restart_every,
        "sort_every": _sort_every(restart_every),
    }


def _sort_every(restart_every: int) -> int:
    """How often LAMMPS sorts its atoms: also whenever it writes a restart, as it will after reading that.

    Then the order of the atoms, and so the last bit of a sum, does not depend on whether the run was interrupted.
    """
    if restart_every <= LAMMPS_SORTS_EVERY:
        return restart_every or LAMMPS_SORTS_EVERY
    return math.gcd(restart_every, LAMMPS_SORTS_EVERY)


def _stages(config: Config, system: BuiltSystem) -> dict[str, Any]:
    dynamics = config.dynamics
    plan = [stage for stage in config.plan if stage.steps]
    return {
        "equilibrate_steps": config.equilibrate_steps,
        "production_steps": config.production_steps,
        # the cell must not change before the production: NPT equilibrates as NPT
        "bias": colvars_text(config, system),
        "plumed": PLUMED if plumed_file(config) is not None else None,
        "begin_K": plan[0].begin_K if plan else dynamics.temperature_K,
        "plan": [_in_the_deck(config, plan, i) for i in range(len(plan))],
        "stages": {"equilibrate": "npt" if dynamics.ensemble == "npt" else "nvt"},
        "barostat": _barostat(dynamics.barostat),
    }


def _barostat(barostat: Barostat) -> str:
    """The keywords of `fix npt` and `fix nph`."""
    target = f"{barostat.pressure_bar:g} {barostat.pressure_bar:g} {barostat.damping_fs * 1e-3:g}"
    if barostat.coupling == "xy":
        return f"x {target} y {target} couple xy"
    return f"{barostat.coupling} {target}"


def _in_the_deck(config: Config, plan: Sequence[PlannedStage], i: int) -> dict[str, Any]:
    """A stage as the templates see it.

    starts, stops : whether its integrator begins, or ends, with it; seed : of its Langevin noise, which must not be
    that of the stage before once more.
    """
    stage, before = plan[i], plan[i - 1] if i else None
    after = plan[i + 1] if i + 1 < len(plan) else None
    previous_fs = before.timestep_fs if before else config.dynamics.timestep_fs
    return {
        **{key: getattr(stage, key) for key in ("name", "steps", "ps", "ensemble", "begin_K", "end_K", "thermostat")},
        **{key: getattr(stage, key) for key in ("timestep_fs", "timestep_ps", "production", "words", "listed")},
        "frames_every": stage.frames_every,
        "new_timestep": stage.timestep_fs != previous_fs,
        "starts": not stage.moves_like(before),
        "stops": after is not None and not after.moves_like(stage),
        "seed": config.dynamics.seed + i,
    }
