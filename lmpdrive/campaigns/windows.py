"""Umbrella sampling in a campaign: each run whose `dynamics.bias.umbrella` has `windows` becomes one run a window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from lmpdrive.campaigns.planned_run import PlannedRun, over
from lmpdrive.config import load
from lmpdrive.config.load import raw_content
from lmpdrive.errors import ConfigError
from lmpdrive.stages.umbrella_windows import PlannedWindow, is_set, planned_windows

AXIS = "window"
"""Axis of the windows, beside those of the file."""
BIAS = "dynamics.bias"


def with_windows(runs: Mapping[str, PlannedRun], base: Path, shared_checks: bool) -> dict[str, PlannedRun]:
    """The runs, each set of windows taken apart: `300K` -> `300K_z02.00`, `300K_z02.50`, ...

    shared_checks : the check of a run stands for others; then it is that of the first window.  Raises ConfigError for a
    base that is wrong.
    """
    dynamics = raw_content(base).get("dynamics")
    base_has = isinstance(dynamics, dict) and dynamics.get("bias") is not None
    windows = {name: _windows(run, base) if base_has or _sets_bias(run) else [] for name, run in runs.items()}
    found = {}
    for name, run in runs.items():
        if windows[name] and AXIS in run.points:
            raise ConfigError(f"axes.{AXIS}: dynamics.bias.umbrella makes an axis of this name: call yours otherwise")
        checker = _joined(run.checked_by, *(window.name for window in windows[run.checked_by][:1]))
        for window in windows[name]:
            one = _of_window(run, window)
            found[one.name] = replace(one, checked_by=checker if shared_checks else one.name)
        if not windows[name]:
            found[name] = replace(run, checked_by=checker if shared_checks else name)
    return found


def _sets_bias(run: PlannedRun) -> bool:
    return any(key.startswith(BIAS) or key == "dynamics" for key in run.settings)


def _windows(run: PlannedRun, base: Path) -> list[PlannedWindow]:
    config = load(base, run.overrides)
    return planned_windows(config) if is_set(config) else []


def _of_window(run: PlannedRun, window: PlannedWindow) -> PlannedRun:
    return replace(
        run,
        name=_joined(run.name, window.name),
        points={**run.points, AXIS: window.name},
        settings=over(run.settings, window.settings),
    )


def _joined(*parts: str) -> str:
    """A campaign without axes has one run without a name."""
    return "_".join(filter(None, parts))
