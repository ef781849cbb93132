"""Everything that can be known before running, found in one pass."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from lmpdrive.architectures import Integrated, ManyCouplings, Native, Problem
from lmpdrive.config import Config
from lmpdrive.engine.probe import probe
from lmpdrive.errors import EngineError

if TYPE_CHECKING:
    from lmpdrive.system import BuiltSystem


def problems(config: Config, system: BuiltSystem | None, here: bool = True, may_load: bool = True) -> list[Problem]:
    """All problems of a configuration whose system was built (or failed to: None).

    `here=False` leaves out what this machine must have for a run (packages, LAMMPS and its styles): a deck may be
    rendered for another.  `may_load=False` leaves out what the potential says, which may load its model.
    """
    of_the_model = config.potential.problems(system) if may_load else []
    found = [*of_the_model, *_dynamics(config, system), *(_environment(config) if here else ())]
    if here and not any(p.level == "error" for p in found):
        found.extend(_lammps(config))
    return found


def _dynamics(config: Config, system: BuiltSystem | None) -> list[Problem]:
    found: list[Problem] = []
    dynamics = config.dynamics
    if system is None:
        return found
    if isinstance(config.potential.chosen, Integrated) and dynamics.ensemble == "npt":
        text = "ensemble: npt: with coupling: ase there are nve and nvt; use coupling: callback for a barostat."
        found.append(Problem("error", text))
    if config.potential.forces_only:
        found += _without_energies(config)
    if dynamics.ensemble == "npt" and len(system.groups.get("fixed", [])):
        found.append(
            Problem(
                "error",
                "ensemble: npt with fixed layers: frozen atoms do not follow the cell. "
                "Set dynamics.fixed_layers: 0, or use nvt.",
            )
        )
    if len(system.groups.get("mobile", [])) == 0:
        found.append(
            Problem("error", f"dynamics.fixed_layers: {dynamics.fixed_layers} freezes every atom; take fewer layers.")
        )
    if "H" in system.elements and dynamics.timestep_fs > 1:
        found.append(
            Problem(
                "warning",
                f"dynamics.timestep_fs: {dynamics.timestep_fs:g} fs with H; "
                "0.5 fs resolves the O-H stretch, above 1 fs energies drift.",
            )
        )
    frames = config.production_steps / config.steps(config.output.frames_every_fs)
    if dynamics.ensemble != "minimise" and frames < config.observables.blocks:
        found.append(
            Problem(
                "warning",
                f"the production gives {frames:.0f} frames, fewer than the "
                f"{config.observables.blocks} blocks of the error bars: lengthen dynamics.production_ps.",
            )
        )
    return found


def _without_energies(config: Config) -> list[Problem]:
    name, dynamics = config.potential.architecture, config.dynamics
    found = []
    if dynamics.minimise:
        text = f"dynamics.minimise: {name} gives forces but no energy, and LAMMPS minimises energies; set it to null."
        found.append(Problem("error", text))
    if dynamics.ensemble == "npt":
        found.append(Problem("error", f"ensemble: npt: {name} gives forces but no pressure; use nvt."))
    text = f"{name} gives forces only: energies, the conserved quantity and the pressure in the log mean nothing."
    return [*found, Problem("warning", text)]


def _environment(config: Config) -> list[Problem]:
    found: list[Problem] = []
    potential, run = config.potential, config.run
    found.extend(potential.environment_problems())
    single = "ASE integrates in one process" if isinstance(potential.chosen, Integrated) else potential.single_rank
    if run.mpi_ranks > 1 and single:
        found.append(Problem("error", f"run.mpi_ranks: {run.mpi_ranks}: {single}; set it to 1."))
    cores = os.cpu_count() or 1
    if run.mpi_ranks * run.threads > cores:
        found.append(Problem("warning", f"run: {run.mpi_ranks} ranks x {run.threads} threads on {cores} cores."))
    if run.device == "cuda" and not Path("/proc/driver/nvidia").exists():
        found.append(Problem("error", "run.device: cuda, but this machine has no NVIDIA driver; use cpu or auto."))
    if config.templates is not None and not config.templates.is_dir():
        found.append(Problem("error", f"templates: there is no folder {config.templates}"))
    return found


def _lammps(config: Config) -> list[Problem]:
    if isinstance(config.potential.chosen, Integrated):
        return []  # no LAMMPS
    if isinstance(config.potential, ManyCouplings) and isinstance(config.potential.chosen, Native):
        return []  # the choice of the coupling has said what is missing
    try:
        python = config.potential.interpreter().python
        answer = probe(config.potential.styles(), config.potential.plugins, python)
    except EngineError as error:
        return [Problem("error", str(error))]
    needs = " and ".join(n for c in config.potential.couplings for n in getattr(c, "needs", ()))
    return [
        Problem(
            "error",
            f"this LAMMPS ({answer['version']}) has no {style}; it comes with {needs or 'another build'}.",
        )
        for style in answer["missing"]
    ]
