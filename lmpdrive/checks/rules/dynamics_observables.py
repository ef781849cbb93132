"""Whether dynamical observables mean anything with this thermostat and these frames.

Observables that `observables.names` names get warnings; those that are made by default get notes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from lmpdrive.architectures import Problem
from lmpdrive.checks.case import Case

WATER = {
    "dipole_correlation": 50.0,
    "reorientation": 50.0,
    "hydrogen_bond_lifetime": 100.0,
    "survival": 100.0,
    "mean_square_displacement": 1000.0,
}
"""Dynamical observables made from positions -> longest useful time between frames [fs].  Librations (50 fs) make the
first decay of C_dip; bonds break for 100 fs and form again."""
SPECTRA = ("velocity_autocorrelation", "vibrational_density")
"""Made from velocities; frames must be less than half a period apart (Nyquist)."""
HIGHEST_CM_1 = {True: 4000.0, False: 1000.0}
"""With and without H: above the O-H stretch, above the metal's phonons and the librations."""
CM_1_FS = 33356.41
"""Period [fs] of 1 cm^-1."""
GENTLE_FS = {"nose-hoover": 100.0, "langevin": 1000.0}
"""Damping from which dynamics are those of the model, to about 2 % for Langevin."""
FRICTION_FS = 17.0
"""m D/kT of water at 300 K (D = 2.3e-9 m^2/s): relaxation time of its own friction, which Langevin's adds to."""


def thermostat_changes_dynamics(case: Case) -> Iterator[Problem]:
    """Strong damping, of Langevin above all, slows diffusion and broadens spectra."""
    dynamics = case.config.dynamics
    style, damping = dynamics.thermostat.style, dynamics.thermostat.damping_fs
    found, level = _asked(case, (*WATER, *SPECTRA))
    if dynamics.ensemble in ("nve", "minimise") or damping >= GENTLE_FS[style] or not found:
        return
    if style == "langevin":
        slower = 100 * FRICTION_FS / (FRICTION_FS + damping)
        effect = f"its friction slows the diffusion of water by about {slower:.2g} %"
        cure = "1000 fs or more"
    else:
        effect = "it acts within the librations of water"
        cure = "100 fs or more"
    yield Problem(
        level,
        f"dynamics.thermostat.damping_fs: {damping:g} fs ({style}) is strong for {', '.join(found)}: {effect}. "
        f"Take {cure}, or ensemble: nve after the equilibration.",
    )


def frames_too_rare(case: Case) -> Iterator[Problem]:
    """C_dip, lifetimes and diffusion with frames too far apart to resolve them."""
    every = case.config.output.frames_every_fs
    found, level = _asked(case, tuple(WATER))
    blind = [f for f in found if every > WATER[f]]
    if blind and case.config.dynamics.ensemble != "minimise":
        limits = ", ".join(f"{f} (at most {WATER[f]:g} fs)" for f in blind)
        yield Problem(
            level,
            f"output.frames_every_fs: {every:g} fs is too coarse for {limits}. "
            f"Take {min(WATER[f] for f in blind):g} fs or less; 10 fs is usual.",
        )


def frames_too_rare_for_spectra(case: Case) -> Iterator[Problem]:
    """Frequencies above half the sampling rate are aliased to lower ones."""
    named = case.named(SPECTRA)
    every = case.config.output.frames_every_fs
    highest = CM_1_FS / (2 * every)
    wanted = HIGHEST_CM_1["H" in case.system.elements]
    if named and highest < wanted:
        yield Problem(
            "warning",
            f"output.frames_every_fs: {every:g} fs resolves vibrations up to {highest:.0f} cm^-1, and "
            f"{', '.join(named)} of this system reach {wanted:.0f} cm^-1: higher ones are folded onto lower ones. "
            f"Take {CM_1_FS / (2 * wanted):.1f} fs or less.",
        )


def _asked(case: Case, families: tuple[str, ...]) -> tuple[list[str], Literal["warning", "note"]]:
    """The observables that will be made, with the level of their findings."""
    if case.config.observables.names is not None:
        return case.named(families), "warning"
    if not len(case.system.water_molecules):
        return [], "note"
    return [f for f in families if f in WATER], "note"
