"""Is the run stable?  Plain sentences from the state, the drift, the temperature and the tables' warnings.

Units: K, meV/atom/ns.  The limits are stated in the sentences, so that a reader can disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lmpdrive.common.manifest import Manifest
from lmpdrive.observables.tables import Scalar, Table
from lmpdrive.report.stable_part import StablePart

DRIFT_LIMIT_RELATIVE = 1e-3
"""Largest change of the conserved quantity over the run, as a fraction of |E| (design, part 2: 0.1 %)."""

TEMPERATURE_SIGMAS = 3.0


@dataclass(frozen=True)
class Finding:
    """One sentence; `level` is "good", "caution" or "bad"."""

    level: str
    text: str


def verdict_and_findings(
    tables: Mapping[str, Table], manifest: Manifest, stable: StablePart | None = None
) -> tuple[Finding, list[Finding]]:
    """(verdict in one sentence, findings that it rests on)."""
    findings = [*_state(manifest), *_stability(stable), *_drift(tables), *_temperature(tables, manifest)]
    if "summary" in tables:
        findings += [Finding("caution", warning) for warning in tables["summary"].warnings]
    levels = {finding.level for finding in findings}
    if "bad" in levels:
        return Finding("bad", "Not trustworthy: see the problems marked below."), findings
    if not findings:
        return Finding("caution", "Nothing is known about the run's stability: no log and no manifest."), findings
    if "caution" in levels:
        return Finding("caution", "Usable with care: see the cautions below."), findings
    return Finding("good", "Stable: no problem was found."), findings


def _state(manifest: Manifest) -> list[Finding]:
    state = manifest.state
    if state is None:
        return []
    texts = {
        "finished": ("good", "The run finished as planned."),
        "interrupted": ("caution", "The run was interrupted: the frames written before that are analysed."),
        "unstable": ("bad", "The guard stopped the run: the potential, or the way it was run, cannot be trusted here."),
        "failed": ("bad", "The run failed: the frames before the failure may already be wrong."),
    }
    return [Finding(*texts.get(str(state), ("caution", f"The run's state is {state!r}.")))]


def _stability(stable: StablePart | None) -> list[Finding]:
    """What the guard detected, and how many frames were used (docs/guard.md)."""
    if stable is None:
        return []
    found = [Finding("bad" if stable.ended else "caution", f"Guard: {sentence}.") for sentence in stable.events]
    if stable.ended and not stable.frames:
        found.append(Finding("caution", "No frame was written before that, so nothing is averaged."))
    elif stable.ended:
        found.append(
            Finding(
                "caution",
                f"Only what is before that is averaged: {stable.used} of {stable.frames} frames, up to "
                f"{stable.last_ps:.6g} ps.",
            )
        )
    return found


def _drift(tables: Mapping[str, Table]) -> list[Finding]:
    energy = tables.get("energy")
    if energy is None:
        return []
    found = []
    drift: Scalar | None = energy.scalars.get("drift")
    t, e = energy.x, energy.value
    finite = np.isfinite(e).all()
    limit = DRIFT_LIMIT_RELATIVE * float(np.abs(e).max()) if finite else 0.0
    change = float(np.abs(e - e[0]).max()) if finite else float("inf")
    good = change <= limit
    rate = ""
    if drift is not None and np.isfinite(drift.value):
        rate = f" It drifts by {drift.value:.3g} ± {2 * drift.error:.2g} meV/atom/ns (linear fit, 2σ)."
        if np.ptp(t) < 10.0:
            rate += f" The fit spans only {np.ptp(t):.3g} ps."
    found.append(
        Finding(
            "good" if good else "bad",
            f"The conserved quantity stays within {change:.3g} eV of its start, "
            f"{'inside' if good else 'outside'} the limit of {DRIFT_LIMIT_RELATIVE:.1%} of |E| ({limit:.3g} eV)."
            + rate,
        )
    )
    return found


def _temperature(tables: Mapping[str, Table], manifest: Manifest) -> list[Finding]:
    table = tables.get("temperature")
    target = manifest.dynamics.temperature_K
    if table is None or target is None or (manifest.dynamics.ensemble or "").upper() == "NVE":
        return []
    mean = table.scalars["mean temperature"]
    if not np.isfinite(mean.value):
        return [Finding("bad", "The temperature is not a number in part of the run.")]
    # a short run's block error is itself uncertain, so a deviation below 1 % is not held against it
    allowed = max(TEMPERATURE_SIGMAS * (mean.error if np.isfinite(mean.error) else 0.0), 0.01 * target)
    good = abs(mean.value - target) <= allowed
    error = f" ± {2 * mean.error:.2g} K (2σ)" if np.isfinite(mean.error) else " K"
    return [
        Finding(
            "good" if good else "caution",
            f"The mean temperature is {mean.value:.1f}{error}; the target is {target:g} K"
            + ("." if good else f", deviates by more than {allowed:.2g} K: not equilibrated, or a weak thermostat."),
        )
    ]
