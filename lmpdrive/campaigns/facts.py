"""What a run directory says about its run, however badly it was left."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

from lmpdrive.common.progress_file import read_progress
from lmpdrive.common.run_files import CONFIG, MANIFEST, REPORT
from lmpdrive.engine.directory.lock import LOCK

SIGN_OF_LIFE_S = 30.0
"""A run whose lock was not written for longer has no driver any more; it is written every five seconds."""


@dataclass(frozen=True)
class RunFacts:
    """Of the manifest: whether there is one, its state, and the speed of the last part."""

    exists: bool = False
    state: str | None = None
    ns_per_day: float | None = None


def facts_of(folder: Path) -> RunFacts:
    """What the manifest says; it is not validated, as there may be ten thousand, and a damaged one says nothing."""
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8")
    except OSError:
        return RunFacts()
    try:
        content = json.loads(text)
        performance = content.get("performance") or {}
        return RunFacts(True, content.get("state"), performance.get("ns_per_day"))
    except (ValueError, AttributeError):
        return RunFacts(True)


def step_of(folder: Path) -> int:
    """The last step that was seen."""
    progress = read_progress(folder)
    return progress.step if progress else 0


def analysed(folder: Path) -> bool:
    """Whether the results are newer than what was run."""
    results = [path for name in ("observables/results.nc", REPORT) if (path := folder / name).is_file()]
    logs = [path.stat().st_mtime for path in folder.glob("log*.lammps")]
    return bool(results) and max(path.stat().st_mtime for path in results) >= max(logs, default=0.0)


def wants_report(folder: Path) -> bool:
    """Whether the configuration of a run asks for figures and a report, as it does unless `output.report: false`."""
    try:
        output = yaml.safe_load((folder / CONFIG).read_text(encoding="utf-8"))["output"]
        return bool(output["report"])
    except (OSError, ValueError, TypeError, KeyError, yaml.YAMLError):
        return True


def alive(folder: Path) -> bool:
    """Whether some process works in the directory, by the lock that it writes again and again."""
    try:
        status = (folder / LOCK).stat()
    except OSError:
        return False
    return status.st_size > 0 and time.time() - status.st_mtime < SIGN_OF_LIFE_S
