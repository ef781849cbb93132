"""`guard.on_instability: restart-from-last-good`: an unstable run goes back, and on with a smaller timestep.

The deck is rendered again with that timestep.  Steps are counted in it from the beginning, so that every time is still
a step times the timestep: what the run wrote before is written again with its steps multiplied.  The originals are kept
in `aside.1`, `aside.2`, ...
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from lmpdrive.architectures import Integrated
from lmpdrive.common.atomic import write_atomically
from lmpdrive.common.manifest import read_manifest
from lmpdrive.common.run_files import DECK, FAILED_RESTART, GUARD_TABLE, LOG
from lmpdrive.config import Config, dump_yaml
from lmpdrive.deck.commands import read_deck
from lmpdrive.deck.render import render as render_deck
from lmpdrive.engine.directory import provenance
from lmpdrive.engine.directory.write import manifest, update_manifest
from lmpdrive.engine.restart.deck import Resumption, numbered, resumed
from lmpdrive.engine.restart.files import Restart, candidates, unusable
from lmpdrive.engine.run import Job, State
from lmpdrive.guard import events as events_file
from lmpdrive.guard.rescale import rescaled
from lmpdrive.stability import Event
from lmpdrive.stages import restart_point as continuing
from lmpdrive.stages import run as running

BEFORE_PS = 0.1
"""What led to an event began before it."""
GOOD = "good.{}"
"""The restart file that was gone back to; its steps are old ones, so it must not be taken for one of the new run."""

Say = Callable[[str], None]


def run(out: Path, config: Config, job: Job, quiet: bool, say: Say, continues: dict[str, Any] | None = None) -> State:
    """As `running.run`, and where the configuration says so again from the last good restart."""
    state = running.run(out, config, job, quiet, say, continues)
    while state == "unstable" and config.guard.on_instability == "restart-from-last-good":
        next_ = _go_back(out, config, say)
        if next_ is None:
            break
        config, deck, log, continues = next_
        state = running.run(out, config, replace(job, deck=deck, log=log, resume=True), quiet, say, continues)
    return state


def _go_back(out: Path, config: Config, say: Say) -> tuple[Config, str, str, dict[str, Any]] | None:
    """Configuration, deck and log of the next try, and from where; None: there is none."""
    events = events_file.read(out) or []
    event = max((e for e in events if e.action == "stop"), key=lambda e: e.time_ps)
    tries = len({e.time_ps for e in events if e.action == "restart"})
    times = config.guard.timestep_divisor
    smaller = config.dynamics.timestep_fs / times
    content = read_manifest(out)
    why = ""
    if tries >= config.guard.tries:
        why = f"guard.tries: {tries}"
    elif isinstance(config.potential.chosen, Integrated):
        why = "runs by ASE cannot go back"
    elif provenance.deck_was_edited(out):
        why = f"{DECK} was edited, and would have to be rendered again"
    elif smaller < 0.02:
        why = f"a timestep of {smaller:g} fs is too small"
    good = None if why else _last_good(out, config, content, event)
    if good is None:
        say(f"{event.sentence}. No other try: {why or 'there is no restart file from before it'}")
        return None
    say(f"{event.sentence}. Back to step {good.step} ({good.path.name}), and on with {smaller:g} fs")
    return _written(out, config, content, events, good, times)


def _last_good(out: Path, config: Config, content: dict[str, Any], event: Event) -> Restart | None:
    """The newest restart file that LAMMPS can read and that is older than what led to the event."""
    latest = event.step - config.steps(BEFORE_PS * 1e3)
    python, plugins = config.potential.interpreter(), config.potential.plugins
    for one in candidates(out):
        if one.problem or not 0 < one.step <= latest:
            continue
        if not unusable(one, content["system"], python, plugins):
            return one
    return None


def _written(
    out: Path, config: Config, content: dict[str, Any], events: list[Event], good: Restart, times: int
) -> tuple[Config, str, str, dict[str, Any]]:
    from lmpdrive.system import make_system

    old_fs = config.dynamics.timestep_fs
    dynamics = config.dynamics.model_copy(update={"timestep_fs": old_fs / times})
    config = config.model_copy(update={"dynamics": dynamics})
    system = make_system(config)
    rendered = render_deck(config, system)
    number = continuing.next_number(out, DECK)
    name = GOOD.format(number)
    shutil.copy(good.path, out / name)
    aside = continuing.put_aside(out, lambda _: None)
    assert aside is not None  # there is a log
    (out / GUARD_TABLE).rename(aside / GUARD_TABLE)
    for file in (DECK, *read_deck(out / DECK).included):
        (out / file).rename(aside / file)
    rescaled(aside, out, times, good.step)
    deck, log = numbered(DECK, number), numbered(LOG, number)
    step = good.step * times
    seam = continuing.seam(out, step, len(system.species))
    at = Resumption(number, name, step, seam=seam, time_ps=good.step * old_fs * 1e-3)
    rendered.write(out)
    write_atomically(out / deck, resumed(rendered.deck, at))
    write_atomically(out / "resolved.yaml", dump_yaml(config))
    now = manifest(config, system, {})
    inputs = provenance.of_the_inputs(out, config)
    update_manifest(
        out,
        **{key: now[key] for key in ("dynamics", "guard", "output")},
        **{key: inputs[key] for key in ("deck_sha256", "files")},
    )
    gone: dict[str, Any] = {"went_back_to_ps": good.step * old_fs * 1e-3, "timestep_fs": old_fs, "aside": aside.name}
    if (aside / FAILED_RESTART).is_file():
        gone["restart"] = f"{aside.name}/{FAILED_RESTART}"
    overcome = [replace(e, action="restart", more=(e.more or {}) | gone) if e.action == "stop" else e for e in events]
    events_file.write(out, overcome)
    return config, deck, log, {"from_step": step, "restart": name}
