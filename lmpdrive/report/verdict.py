"""The verdict on a run: the same words in the report, on the terminal, in Python and in `results.nc`.

The gravest finding decides: bad, then too short to say, then caution, then good.  docs/report.md has the limits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lmpdrive.common.manifest import Manifest
from lmpdrive.observables.convergence import two_digits
from lmpdrive.observables.tables import Table
from lmpdrive.report.findings.drift import drift
from lmpdrive.report.findings.finding import LEVELS, Finding, Level
from lmpdrive.report.findings.sampling import asked_for, convergence, warnings
from lmpdrive.report.findings.state import edited_decks, guard_events, missing_frames, state
from lmpdrive.report.findings.temperature import temperature
from lmpdrive.report.findings.water import water
from lmpdrive.report.stable_part import StablePart

TEXTS: dict[Level, str] = {
    "bad": "Not trustworthy",
    "short": "Too short to say",
    "caution": "Usable with care",
    "good": "Good: no problem was found.",
}


@dataclass(frozen=True)
class Verdict:
    """What is to be thought of a run.

    level : "bad", "short" (too short to say), "caution" or "good".
    text : the verdict in one sentence.
    findings : what it rests on, the gravest first.
    converged, not_converged : titles of the tables.
    production_ps : to continue the run to, with what the findings ask for; None if that is not known, or no help.
    """

    level: Level
    text: str
    findings: tuple[Finding, ...] = ()
    converged: tuple[str, ...] = ()
    not_converged: tuple[str, ...] = ()
    production_ps: float | None = None

    def lines(self) -> list[str]:
        """The verdict and its reasons, as the terminal prints them."""
        return [self.text, *(f"  {finding.word}: {finding.text}" for finding in self.findings)]

    def content(self) -> dict[str, Any]:
        """For `about` of results.nc."""
        return asdict(self)

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Verdict:
        """From `content()`.  Raises TypeError or KeyError if it is none."""
        findings = tuple(Finding(**finding) for finding in content["findings"])
        names = {key: tuple(content[key]) for key in ("converged", "not_converged")}
        return cls(**{**content, "findings": findings, **names})


def verdict_of(
    tables: Mapping[str, Table],
    manifest: Manifest,
    stable: StablePart | None = None,
    trajectory_warnings: Sequence[str] = (),
) -> Verdict:
    """Judge an analysed run.

    stable : the part before what the guard saw, if it saw anything.
    trajectory_warnings : of the reader of the frames.
    """
    found = [
        *state(manifest),
        *edited_decks(manifest),
        *missing_frames(manifest),
        *guard_events(stable),
        *drift(tables, manifest),
        *temperature(tables, manifest),
        *water(tables, manifest),
        *convergence(tables),
        *warnings(tables, trajectory_warnings),
    ]
    order = list(LEVELS)
    findings = tuple(sorted(found, key=lambda finding: order.index(finding.level)))
    converged, open_ = asked_for(tables)
    if not findings:
        return Verdict("caution", "Nothing is known about the run's stability: no log and no manifest.")
    level = findings[0].level
    return Verdict(
        level,
        _text(level, findings),
        findings,
        tuple(table.title for table in converged),
        tuple(table.title for table in open_),
        _production_ps(level, findings, manifest),
    )


def _text(level: Level, findings: Sequence[Finding]) -> str:
    """`Usable with care: 2 cautions.`"""
    if level == "good":
        return TEXTS[level]
    n = sum(finding.level == level for finding in findings)
    what = {"bad": "problem", "short": "question", "caution": "caution"}[level]
    tail = " open" if level == "short" else ""
    return f"{TEXTS[level]}: {n} {what}{'' if n == 1 else 's'}{tail}."


def _production_ps(level: Level, findings: Sequence[Finding], manifest: Manifest) -> float | None:
    """What was planned, and what the findings ask for; a run is not mended by being longer."""
    timestep_fs = manifest.dynamics.timestep_fs
    productions = [stage for stage in manifest.dynamics.stages if stage.production or stage.name == "production"]
    steps = sum(stage.steps or 0 for stage in productions)
    if level == "bad" or timestep_fs is None or not steps or manifest.dynamics.ramp_K is not None:
        return None
    planned = steps * timestep_fs * 1e-3
    more = max((finding.more_ps for finding in findings), default=0.0)
    return planned + two_digits(more) if more > 0 else None
