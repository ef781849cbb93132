"""All windows of a set, one after another in one folder: each an ordinary run directory, and the truth is in them.

    runs/umb/umbrella.yaml      the whole set, every value filled in
    runs/umb/system.yaml        as given
    runs/umb/z02.00/, ...       the windows

It can be stopped at any moment: what has finished is not run again.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from lmpdrive.common.atomic import write_atomically
from lmpdrive.common.durations import duration
from lmpdrive.common.manifest import read_manifest
from lmpdrive.common.run_files import CONFIG_GIVEN, MANIFEST
from lmpdrive.common.say import Say
from lmpdrive.common.shell import to_paste
from lmpdrive.common.walltime import Deadline
from lmpdrive.config import Config, dump_yaml, load
from lmpdrive.engine.directory.completeness import raise_if_incomplete
from lmpdrive.engine.directory.lock import locked
from lmpdrive.engine.directory.new import new_directory
from lmpdrive.engine.run import Job, State
from lmpdrive.errors import ConfigError, RunDirectoryError
from lmpdrive.stages.restart_point import MAY_CHANGE, resumed_config
from lmpdrive.stages.resume import resume_run
from lmpdrive.stages.roll_back import run_with_roll_back
from lmpdrive.stages.umbrella_windows import PlannedWindow, planned_windows
from lmpdrive.stages.write import write_run_directory

SET = "umbrella.yaml"
"""A folder with this file is a set."""


@dataclass(frozen=True)
class HowToRun:
    """What all windows have in common; the last two are of `lmpdrive resume`, as for a single run."""

    quiet: bool
    say: Say
    trust: bool = False
    deadline: Deadline | None = None
    overrides: Sequence[str] = ()
    accept_deck: bool = False


@dataclass
class _Progress:
    """Which window of how many, and the time that is left by the mean of those that ran now."""

    total: int
    begin_s: float = field(default_factory=time.monotonic)
    took_s: list[float] = field(default_factory=list)

    def line(self, number: int, window: PlannedWindow) -> str:
        """Before a window runs."""
        left = ""
        if self.took_s:
            mean_s = sum(self.took_s) / len(self.took_s)
            left = f"; {duration(time.monotonic() - self.begin_s)} so far, about "
            left += f"{duration(mean_s * (self.total - number + 1))} left"
        return f"window {number} of {self.total}, {window.name}: {window.at_A:g} Å{left}"


def is_set_directory(folder: Path) -> bool:
    """Whether a folder is a set of umbrella windows."""
    return (folder / SET).is_file()


def begin_set(out: Path, config: Config, file: Path) -> None:
    """Make the folder, or find the same set in it.  Raises RunDirectoryError for a folder with anything else."""
    planned_windows(config)
    text = dump_yaml(config)
    if is_set_directory(out):
        then, now = (yaml.safe_load(one) for one in ((out / SET).read_text(), text))
        if changed := sorted(_changes(then, now)):
            raise RunDirectoryError(
                f"{out} holds a set of windows with other settings ({', '.join(changed)}). Name another folder with "
                f"--out; to continue this set: {to_paste('resume', out)}"
            )
        return
    with new_directory(out) as folder:
        shutil.copy(file, folder / CONFIG_GIVEN)
        (folder / SET).write_text(text)


def change_set(out: Path, overrides: Sequence[str]) -> None:
    """Write what `lmpdrive resume --set` changes, for the windows that are still to be made.

    Raises ConfigError for an override that would make it another set.
    """
    for override in overrides:
        if not override.startswith(MAY_CHANGE):
            raise ConfigError(
                f"--set {override}: a set is resumed as it began; only dynamics.production_ps (to extend all windows), "
                "run.* and observables.* can change"
            )
    if overrides:
        write_atomically(out / SET, dump_yaml(load(out / SET, overrides)))


def windows_in(out: Path) -> list[tuple[PlannedWindow, Path]]:
    """The windows of a set with their folders, whether they are there or not."""
    return [(window, out / window.name) for window in planned_windows(load(out / SET))]


def run_set(out: Path, how: HowToRun) -> State:
    """Run what is left of every window; the first state that stops the set, else "finished".

    Windows that the guard ended are left as they are.  The caller holds the folder.
    """
    windows = windows_in(out)
    left = [one for one in windows if how.overrides or not _ended(one[1])]
    if len(left) < len(windows):
        how.say(f"{len(windows) - len(left)} of {len(windows)} windows have ended already")
    progress = _Progress(len(windows))
    for number, (window, folder) in enumerate(windows, start=1):
        if (window, folder) not in left:
            continue
        if how.deadline is not None and how.deadline.left_s() <= 0:
            return "walltime"
        how.say(progress.line(number, window))
        began_s = time.monotonic()
        state = _run_window(out, window, folder, how)
        progress.took_s.append(time.monotonic() - began_s)
        if state in ("interrupted", "walltime"):
            return state
        if state == "finished":
            raise_if_incomplete(folder)
    return "finished"


def ended_by_the_guard(out: Path) -> list[str]:
    """Names of the windows that became unstable."""
    return [folder.name for _, folder in windows_in(out) if _state(folder) == "unstable"]


def _run_window(out: Path, window: PlannedWindow, folder: Path, how: HowToRun) -> State:
    if not (folder / MANIFEST).is_file():
        config = load(out / SET, window.overrides)
        config = write_run_directory(config, out / CONFIG_GIVEN, folder, how.say, to_run=True, trust=how.trust)
        with locked(folder, how.say) as lock:
            return run_with_roll_back(folder, config, Job(deadline=how.deadline, inherited=(lock,)), how.quiet, how.say)
    config = resumed_config(folder, how.overrides)
    with locked(folder, how.say) as lock:
        return resume_run(
            folder,
            config,
            how.overrides,
            how.quiet,
            how.say,
            how.trust,
            how.deadline,
            None,
            how.accept_deck,
            lock,
        )


def _state(folder: Path) -> str | None:
    return read_manifest(folder).state if (folder / MANIFEST).is_file() else None


def _ended(folder: Path) -> bool:
    return _state(folder) in ("finished", "unstable")


def _changes(then: object, now: object, key: str = "") -> list[str]:
    """Dotted keys whose values differ."""
    if isinstance(then, dict) and isinstance(now, dict):
        keys = {*then, *now}
        return [c for k in keys for c in _changes(then.get(k), now.get(k), f"{key}.{k}" if key else str(k))]
    return [] if then == now else [key]
