"""Ensembles that the potential, the coupling or the frozen atoms make impossible, and runs too short to average."""

from __future__ import annotations

from collections.abc import Iterator

from lmpdrive.architectures import Integrated, Problem
from lmpdrive.checks.case import Case


def npt_by_ase(case: Case) -> Iterator[Problem]:
    """ASE integrates without a barostat."""
    if isinstance(case.config.potential.chosen, Integrated) and case.npt:
        text = f"{case.npt}: with coupling: ase there are nve and nvt; use coupling: callback for a barostat."
        yield Problem("error", text)


def potentials_without_energies(case: Case) -> Iterator[Problem]:
    """No minimisation and no pressure with a model that gives forces only."""
    name, dynamics = case.config.potential.architecture, case.config.dynamics
    if not case.config.potential.forces_only:
        return
    if dynamics.minimise:
        text = f"dynamics.minimise: {name} gives forces but no energy, and LAMMPS minimises energies; set it to null."
        yield Problem("error", text)
    if case.npt:
        yield Problem("error", f"{case.npt}: {name} gives forces but no pressure; use nvt.")
    text = f"{name} gives forces only: energies, the conserved quantity and the pressure in the log mean nothing."
    yield Problem("warning", text)


def npt_with_frozen_atoms(case: Case) -> Iterator[Problem]:
    """A barostat scales the cell around atoms that stay where they are."""
    if case.npt and len(case.group("fixed")):
        yield Problem(
            "error",
            f"{case.npt} with frozen atoms: they do not follow the cell. "
            "Set dynamics.fixed_layers: 0 and leave out dynamics.freeze, or use nvt.",
        )


def nothing_moves(case: Case) -> Iterator[Problem]:
    """Every atom is frozen."""
    if not len(case.group("mobile")):
        fixed = case.config.dynamics.fixed_layers
        yield Problem("error", f"dynamics.fixed_layers: {fixed} freezes every atom; take fewer layers.")


def too_few_frames(case: Case) -> Iterator[Problem]:
    """Error bars need at least one frame for each block."""
    config = case.config
    frames = config.production_steps / config.steps(config.output.frames_every_fs)
    if config.dynamics.ensemble != "minimise" and frames < config.observables.blocks:
        yield Problem(
            "warning",
            f"the production gives {frames:.0f} frames, fewer than the "
            f"{config.observables.blocks} blocks of the error bars: lengthen dynamics.production_ps.",
        )
