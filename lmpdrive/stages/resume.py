"""Continue a run: hold its directory, choose where to go on, run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from lmpdrive.common.trust import require
from lmpdrive.common.walltime import Deadline
from lmpdrive.config import Config
from lmpdrive.engine.directory import provenance
from lmpdrive.engine.directory.lock import locked
from lmpdrive.engine.directory.write import update_manifest
from lmpdrive.engine.run import Job, State
from lmpdrive.stages import restart_point as continuing
from lmpdrive.stages import roll_back as going_back
from lmpdrive.stages import run as running
from lmpdrive.stages.observable_settings import check_observables

Say = Callable[[str], None]


def go_on(
    out: Path,
    overrides: Sequence[str] = (),
    quiet: bool = True,
    say: Say = lambda _: None,
    trust: bool = False,
    walltime: str | None = None,
    restart: str | None = None,
) -> tuple[Config, State]:
    """`resume` without the analysis: the configuration and how the run ended now."""
    config = continuing.continued_config(out, overrides)
    deadline = Deadline.of(walltime or config.run.walltime)
    check_observables(config)
    with locked(out, say) as lock:
        require(config.potential.programs(out), trust)
        for line in provenance.must_be_as_rendered(out, config):
            say(f"warning: {line}")
        state: State | None = None
        while state is None:
            next_ = continuing.prepare(out, config, say, restart)
            if overrides:
                continuing.keep(out, config)
            if next_.step is None:
                say("the run is complete; --set dynamics.production_ps=... makes it longer")
                state = "finished"
                update_manifest(out, state=state)
                break
            job = Job(next_.deck, next_.log, resume=next_.restart is not None, deadline=deadline, keep=(lock,))
            from_ = {"from_step": next_.step, "restart": next_.restart} if next_.restart else None
            try:
                state = going_back.run(out, config, job, quiet, say, from_)
            except running.SeamError as error:
                say(str(error))  # it is marked: the next one is another
    return config, state
