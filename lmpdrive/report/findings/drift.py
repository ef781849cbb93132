"""Does the integrator conserve energy?  The slope of the conserved quantity per mobile atom, with its error.

Units: meV/atom/ns.  With 3 k_B of heat capacity per atom (half kinetic, half potential), 1 meV/atom/ns heats an
isolated system by 3.9 K/ns; a thermostat hides the heating but not the work that is done on the atoms.  Five are 19
K/ns.  Ten times more is what GROMACS tolerates by default of its pair lists (verlet-buffer-tolerance, 0.005 kJ/mol/ps
per atom = 52 meV/atom/ns), as an upper bound.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lmpdrive.common.manifest import Manifest
from lmpdrive.observables.tables import Scalar, Table
from lmpdrive.report.findings.finding import Finding
from lmpdrive.report.numbers import with_error

CAUTION_MEV_PER_ATOM_NS = 5.0
BAD_MEV_PER_ATOM_NS = 50.0
SHORTEST_PS = 1.0
"""In less the conserved quantity still settles from the start of the stage, which is no drift."""
LARGE_MEV_PER_ATOM = 10.0
"""But so large a change is none of settling: the guard's own limit on jumps."""
KELVIN_PER_MEV = 1.0 / (3.0 * 0.08617333)
"""Heating of an isolated harmonic system [K/meV per atom]."""


def drift(tables: Mapping[str, Table], manifest: Manifest) -> list[Finding]:
    """One finding; none without a log, or where nothing in it is conserved."""
    energy = tables.get("energy")
    if energy is None:
        return []
    if not np.isfinite(energy.value).all():
        return [Finding("bad", "The conserved quantity is not a number in part of the run.")]
    scalar = energy.scalars.get("drift")
    potential = energy.data.get("E_potential [eV]")
    if manifest.dynamics.ramp_K is not None:
        begin, end = manifest.dynamics.ramp_K
        text = f"The production was ramped from {begin:g} to {end:g} K: averages mix temperatures"
        return [Finding("caution", f"{text}, and the drift of the conserved quantity is not judged.")]
    thermostatted = (manifest.dynamics.ensemble or "nve").lower() != "nve"
    if scalar is None or (potential is not None and not potential.any()):
        return []  # no times, or a potential that gives forces only
    if thermostatted and str(energy.data.columns[1]).startswith("E_total"):
        return [Finding("caution", "The log has no conserved quantity (econserve): the drift is not judged.")]
    return [_judged(scalar.value, 2 * scalar.error, float(np.ptp(energy.x)))]


def _judged(rate: float, twice_error: float, span_ps: float) -> Finding:
    """A limit counts as passed if the rate is above it by more than 2σ, and as kept if 2σ is below it."""
    if not np.isfinite(rate + twice_error):
        return Finding("short", "The log has too few rows for the drift of the conserved quantity.")
    number = with_error(Scalar(rate, twice_error / 2))
    value = f"The conserved quantity drifts by {number} meV/atom/ns (2σ, per mobile atom)"
    at_least = abs(rate) - twice_error
    heats = f"an isolated system would change by {abs(rate) * KELVIN_PER_MEV:.3g} K/ns"
    if span_ps < SHORTEST_PS and abs(rate) * span_ps * 1e-3 < LARGE_MEV_PER_ATOM:
        text = f"{value}: {span_ps:.2g} ps are too short to tell a drift from the settling of the start."
        return Finding("short", text, SHORTEST_PS - span_ps)
    if at_least > BAD_MEV_PER_ATOM_NS:
        return Finding(
            "bad",
            f"{value}, above the limit of {BAD_MEV_PER_ATOM_NS:g}: {heats}. The timestep is too long, the potential is "
            "not smooth, or its forces are not those of its energy.",
        )
    if at_least > CAUTION_MEV_PER_ATOM_NS:
        return Finding("caution", f"{value}, above the limit of {CAUTION_MEV_PER_ATOM_NS:g}: {heats}.")
    if twice_error > CAUTION_MEV_PER_ATOM_NS:
        # the error of a slope falls with the length to the power of 3/2
        more_ps = span_ps * ((twice_error / CAUTION_MEV_PER_ATOM_NS) ** (2 / 3) - 1)
        return Finding(
            "short",
            f"{value}: {span_ps:.3g} ps are too short to tell whether it keeps the limit of "
            f"{CAUTION_MEV_PER_ATOM_NS:g}.",
            more_ps,
        )
    return Finding("good", f"{value}, within the limit of {CAUTION_MEV_PER_ATOM_NS:g}.")
