"""Resume a run: choose the restart point, run from there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lmpdrive.common.manifest import read_manifest, update_manifest
from lmpdrive.common.say import Say
from lmpdrive.common.trust import require
from lmpdrive.common.walltime import Deadline
from lmpdrive.config import Config
from lmpdrive.engine.directory import provenance
from lmpdrive.engine.directory.model_links import must_be_the_models, restore_links
from lmpdrive.engine.run import Job, State
from lmpdrive.errors import SeamError
from lmpdrive.stages.observable_settings import check_observables
from lmpdrive.stages.restart_point import choose_restart_point, save_config
from lmpdrive.stages.roll_back import run_with_roll_back


def resume_run(
    out: Path,
    config: Config,
    overrides: Sequence[str],
    quiet: bool,
    say: Say,
    trust: bool,
    deadline: Deadline | None,
    restart: str | None,
    accept_deck: bool,
    lock: int,
) -> State:
    """`lmpdrive resume` without the analysis: how the run ended now.  The caller holds `lock`, the directory's."""
    check_observables(config)
    restore_links(out, config, say)
    require(config.potential.programs(out), trust)
    must_be_the_models(out)
    for line in provenance.must_be_as_rendered(out, config):
        say(f"warning: {line}")
    while True:
        point = choose_restart_point(out, config, say, restart, accept_deck)
        if overrides:
            save_config(out, config)
        if point.lost or read_manifest(out).frames_missing:
            update_manifest(out, frames_missing=point.lost or None)
        if point.complete:
            if point.lost:
                say(f"warning: {point.lost}")
            say("the run is complete; --set dynamics.production_ps=... makes it longer")
            update_manifest(out, state="finished")
            return "finished"
        job = Job(point.deck, point.log, resumed_from=point.resumed_from, deadline=deadline, inherited=(lock,))
        try:
            return run_with_roll_back(out, config, job, quiet, say)
        except SeamError as error:
            say(str(error))  # it is marked as unusable: the next choice is another one
