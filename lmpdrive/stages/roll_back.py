"""`guard.on_instability: restart-from-last-good`: an unstable run is rolled back and run on with a smaller timestep.

The deck is rendered again with that timestep.  Steps are counted in it from the beginning, so that every time is still
a step times the timestep: earlier output is rewritten with its steps multiplied.  The originals are kept
in `aside.1`, `aside.2`, ...
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from lmpdrive.architectures import Integrated
from lmpdrive.common.atomic import write_atomically
from lmpdrive.common.manifest import Manifest, read_manifest, update_manifest
from lmpdrive.common.run_files import CONFIG, DECK, FAILED_RESTART, GUARD_TABLE, LOG
from lmpdrive.common.say import Say, silent
from lmpdrive.config import Config, dump_yaml
from lmpdrive.deck.commands import Deck, read_deck
from lmpdrive.deck.render import render as render_deck
from lmpdrive.engine.directory import provenance
from lmpdrive.engine.directory.output import next_number, set_aside
from lmpdrive.engine.directory.write import new_manifest
from lmpdrive.engine.restart.deck import Resumption, numbered, resumed
from lmpdrive.engine.restart.files import Restart, candidates, why_unusable
from lmpdrive.engine.run import Job, ResumedFrom, State
from lmpdrive.guard import events as events_file
from lmpdrive.guard.rescale import rescaled
from lmpdrive.stability import Event
from lmpdrive.stages.restart_point import logged_energies
from lmpdrive.stages.run import run_once
from lmpdrive.system import make_system

BEFORE_PS = 0.1
"""What led to an event began before it."""
SMALLEST_TIMESTEP_FS = 0.02
GOOD = "good.{}"
"""The restart file that a run was rolled back to; its steps are old ones, so its name is not one of the new run's."""


def run_with_roll_back(out: Path, config: Config, job: Job, quiet: bool, say: Say) -> State:
    """As `run_once`; an unstable run is rolled back and run on as often as `guard` allows."""
    state = run_once(out, config, job, quiet, say)
    while state == "unstable" and _wanted(out, config):
        rolled_back = _roll_back(out, config, say)
        if rolled_back is None:
            break
        config, next_ = rolled_back
        state = run_once(out, config, replace(next_, deadline=job.deadline, inherited=job.inherited), quiet, say)
    return state


def _wanted(out: Path, config: Config) -> bool:
    """Whether the event that ended the run is one to be rolled back from."""
    end = events_file.first_end(events_file.read(out) or [])
    if end is not None and end.rule in config.guard.gates:
        return config.guard.gates[end.rule].on_high == "slow"
    return config.guard.on_instability == "restart-from-last-good"


def _roll_back(out: Path, config: Config, say: Say) -> tuple[Config, Job] | None:
    """Configuration and job of the next try; None if there is none."""
    events = events_file.read(out) or []
    event = max((e for e in events if e.action == "stop"), key=lambda e: e.time_ps)
    manifest = read_manifest(out)
    why = _why_not(out, config, events)
    good = None if why else _last_good(out, config, manifest, event)
    if good is None:
        say(f"{event.sentence}. No other try: {why or 'there is no restart file from before it'}")
        return None
    smaller_fs = config.dynamics.timestep_fs / config.guard.timestep_divisor
    say(f"{event.sentence}. Rolled back to step {good.step} ({good.path.name}); the timestep is now {smaller_fs:g} fs")
    return _RollBack(out, config, good).write(events)


def _why_not(out: Path, config: Config, events: list[Event]) -> str:
    """Why a run cannot be rolled back; empty if it can."""
    tries = len({e.time_ps for e in events if e.action == "restart"})
    smaller_fs = config.dynamics.timestep_fs / config.guard.timestep_divisor
    if tries >= config.guard.tries:
        return f"guard.tries: {tries}"
    if isinstance(config.potential.chosen, Integrated):
        return "runs by ASE cannot be rolled back"
    if any(stage.timestep_fs is not None for stage in config.dynamics.stages or ()):
        return "a stage of dynamics.stages has a timestep of its own"
    if provenance.deck_was_edited(out):
        return f"{DECK} was edited, and would have to be rendered again"
    if smaller_fs < SMALLEST_TIMESTEP_FS:
        return f"a timestep of {smaller_fs:g} fs is too small"
    return ""


def _last_good(out: Path, config: Config, manifest: Manifest, event: Event) -> Restart | None:
    """The newest restart file that LAMMPS can read and that is older than what led to the event."""
    latest = event.step - config.steps(BEFORE_PS * 1e3)
    python = config.potential.interpreter()
    for one in candidates(out):
        if one.problem or not 0 < one.step <= latest:
            continue
        if not why_unusable(one, manifest.system, python):
            return one
    return None


class _RollBack:
    """The files of the next try: its deck and configuration, and what was run so far counted in its timestep."""

    def __init__(self, out: Path, config: Config, good: Restart) -> None:
        self.out, self.good = out, good
        self.times = config.guard.timestep_divisor
        self.old_fs = config.dynamics.timestep_fs
        dynamics = config.dynamics.model_copy(update={"timestep_fs": self.old_fs / self.times})
        self.config = config.model_copy(update={"dynamics": dynamics})
        self.number = next_number(out, DECK)

    def write(self, events: list[Event]) -> tuple[Config, Job]:
        """Write them; the events that are overcome are marked so."""
        system = make_system(self.config)
        rendered = render_deck(self.config, system)
        name = GOOD.format(self.number)
        shutil.copy(self.good.path, self.out / name)
        aside = self._set_aside(rendered.files)
        step = self.good.step * self.times
        seam = logged_energies(self.out, step, len(system.species))
        at = Resumption(self.number, name, step, seam=seam, time_ps=self.good.step * self.old_fs * 1e-3)
        deck, log = numbered(DECK, self.number), numbered(LOG, self.number)
        rendered.write(self.out)
        write_atomically(self.out / deck, resumed(rendered.deck, at))
        self._update_manifest(system, rendered.deck, rendered.auxiliary)
        self._overcome(events, aside)
        return self.config, Job(deck, log, resumed_from=ResumedFrom(step, name))

    def _set_aside(self, rendered: Iterable[str]) -> Path:
        """Keep what was written with the larger timestep, and write it again counted in the smaller one.

        rendered : the files that will be rendered again; others that the deck includes stay where they are.
        """
        aside = set_aside(self.out, silent)
        assert aside is not None  # there is a log
        included = [name for name in read_deck(self.out / DECK).included if name in set(rendered)]
        for name in (GUARD_TABLE, DECK, *included):
            (self.out / name).rename(aside / name)
        rescaled(aside, self.out, self.times, self.good.step)
        return aside

    def _update_manifest(self, system: Any, deck: Deck, auxiliary: Iterable[str]) -> None:
        write_atomically(self.out / CONFIG, dump_yaml(self.config))
        now = new_manifest(self.config, system, {}, deck)
        inputs = provenance.of_the_inputs(self.out, self.config, auxiliary)
        update_manifest(
            self.out,
            dynamics=now.dynamics,
            guard=now.guard,
            output=now.output,
            **{key: inputs[key] for key in ("deck_sha256", "files")},
        )

    def _overcome(self, events: list[Event], aside: Path) -> None:
        about: dict[str, Any] = {
            "went_back_to_ps": self.good.step * self.old_fs * 1e-3,
            "timestep_fs": self.old_fs,
            "aside": aside.name,
        }
        if (aside / FAILED_RESTART).is_file():
            about["restart"] = f"{aside.name}/{FAILED_RESTART}"

        def overcome(event: Event) -> Event:
            return replace(event, action="restart", more=(event.more or {}) | about)

        events_file.write(self.out, [overcome(e) if e.action == "stop" else e for e in events])
