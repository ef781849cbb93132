"""Parsl places the work: one executor for each kind of resources of a place.

It is only asked to run functions somewhere: what there is to do, and what a failure means, is decided in `drive`.
https://parsl.readthedocs.io
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from lmpdrive.campaigns.advance import BLOCK_END, BLOCK_GPUS, Work, advance
from lmpdrive.campaigns.file import Resources
from lmpdrive.campaigns.places import Blocks, Place
from lmpdrive.common import walltime
from lmpdrive.errors import ConfigError, InstallError, PlaceError

DIES_WITH_PARENT = "import ctypes, os; ctypes.CDLL(None).prctl(1, 9); os.execvp('interchange.py', ['interchange.py'])"
"""A process of Parsl that outlives a killed driver would go on handing out its tasks, beside the next driver's
(https://github.com/Parsl/parsl/issues/3663)."""
HEARTBEAT_S, SILENCE_S = 2, 10
REFUSALS = 2
"""Blocks that the batch system may refuse, all before the first one ran, until the campaign stops."""
LOCAL_POLL_S = 5.0
"""On this machine the states of the blocks are looked at so often; the batch system is asked as the place says."""
NOT_STARTED = "Failed to start block"
"""What Parsl says of a refused block; it calls it MISSING, as one whose worker did not register, at its next look."""
IDLE_S = 20
"""Blocks without work are given back after so long."""
DRAIN_S = 60.0
"""No new tasks in the last part of a block, a fifth of it at most."""


class Engine:
    """Submits work to a place."""

    def __init__(self, resources: Mapping[str, Resources], place: Place) -> None:
        self.resources, self.place, self._apps = resources, place, dict[str, Any]()

    def submit(self, resources: str, work: Work) -> Future[int]:
        """Advance a run by one slice where there are such resources."""
        from parsl import python_app

        label = self._label(resources)
        if label not in self._apps:
            self._apps[label] = python_app(advance, executors=[label])
        return self._apps[label](work)

    def blocks(self) -> dict[str, dict[str, int]]:
        """Executor -> state of its blocks (PENDING, RUNNING) -> their number; those that have ended are left out."""
        from parsl import dfk
        from parsl.jobs.states import TERMINAL_STATES

        found = {}
        for label, executor in dfk().executors.items():
            states = [job.state for job in getattr(executor, "status", dict)().values()]
            if live := Counter(state.name for state in states if state not in TERMINAL_STATES):
                found[label] = dict(live)
        return found

    def _label(self, resources: str) -> str:
        if self.place.kind == "local":
            return "gpu" if self.resources[resources].gpus else "cpu"
        return resources


@contextmanager
def engine(resources: Mapping[str, Resources], place: Place, folder: Path) -> Iterator[Engine]:
    """Parsl at a place; its files go to `folder`.  At the end all that runs is stopped, with restarts.

    Raises InstallError without parsl, ConfigError if the place lacks a kind of resources.
    """
    try:
        import parsl
        from parsl.config import Config
    except ImportError:
        raise InstallError('campaigns need Parsl: pip install "lmpdrive[campaign]"') from None
    # it finds its own programs by PATH only
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    if place.kind == "local":
        executors = list(_local(place, resources))
    else:
        executors = [_batch(place, name, needs, place.blocks_of(name)) for name, needs in resources.items()]
    config = Config(
        executors=executors,
        run_dir=str(folder),
        strategy="htex_auto_scale",
        strategy_period=1,
        max_idletime=IDLE_S,
        retries=0,
        usage_tracking=0,
    )
    parsl.clear()
    kernel = parsl.load(config)
    try:
        yield Engine(resources, place)
    finally:
        kernel.cleanup()
        parsl.clear()


def _executor(poll_s: float, **options: Any) -> Any:
    """Parsl's executor, which asks for the states of its blocks every `poll_s` seconds.

    Asked to give back at most no block, Parsl's own would give back all that have no worker yet.
    """
    from parsl.executors import HighThroughputExecutor

    class Executor(HighThroughputExecutor):
        status_polling_interval = poll_s

        def scale_in(self, blocks: int, max_idletime: float | None = None) -> list[str]:
            return super().scale_in(blocks, max_idletime) if blocks > 0 else []

    return Executor(**options)


def _common(label: str) -> dict[str, Any]:
    return {
        "label": label,
        "interchange_launch_cmd": [sys.executable, "-c", DIES_WITH_PARENT],
        "heartbeat_period": HEARTBEAT_S,
        "heartbeat_threshold": SILENCE_S,
        "encrypted": True,  # tasks are pickles: who can send one can run anything
        "block_error_handler": partial(_refused, label=label),
    }


def _local(place: Place, resources: Mapping[str, Resources]) -> Iterator[Any]:
    """One executor for tasks with a GPU, one for those without."""
    from parsl.providers import LocalProvider

    for with_gpu, workers in place.local_workers(resources).items():
        if not workers:
            continue
        share = workers // len(place.gpus) if with_gpu else 1
        yield _executor(
            LOCAL_POLL_S,
            **_common("gpu" if with_gpu else "cpu"),
            address="127.0.0.1",
            max_workers_per_node=workers,
            cores_per_worker=1e-3,  # the number above counts
            available_accelerators=[str(gpu) for gpu in place.gpus for _ in range(share)] if with_gpu else (),
            provider=LocalProvider(init_blocks=1, min_blocks=1, max_blocks=1, worker_init=_init(place)),
        )


def _batch(place: Place, label: str, needs: Resources, blocks: Blocks) -> Any:
    """An executor whose workers live in jobs of the batch system."""
    size = blocks.block
    if needs.gpus and not size.gpus:
        raise ConfigError(f"place {place.name}: {label}.block has no gpus, and the campaign's {label} needs one")
    workers = size.gpus * needs.share if needs.gpus else size.cpus // needs.cpus
    if workers < 1:
        raise ConfigError(f"place {place.name}: {label}.block has {size.cpus} cpus, and one task needs {needs.cpus}")
    limit_s = int(walltime.seconds(blocks.walltime))
    init = [
        _init(place),
        f"export {BLOCK_END}=$(( $(date +%s) + {limit_s} )) {BLOCK_GPUS}=$CUDA_VISIBLE_DEVICES",
    ]
    return _executor(
        place.poll_s,
        **_common(label),
        address=place.address,
        max_workers_per_node=workers,
        cores_per_worker=1e-3,
        available_accelerators=[str(gpu) for gpu in range(size.gpus) for _ in range(needs.share)] if needs.gpus else (),
        drain_period=int(limit_s - min(DRAIN_S, limit_s / 5)),
        provider=_provider(place, needs, blocks, workers, limit_s, "\n".join(init)),
    )


def _provider(place: Place, needs: Resources, blocks: Blocks, workers: int, limit_s: int, init: str) -> Any:
    from parsl import providers
    from parsl.launchers import SimpleLauncher

    size, clock = blocks.block, f"{limit_s // 3600:02d}:{limit_s // 60 % 60:02d}:{limit_s % 60:02d}"
    memory_GB = blocks.memory_GB or (needs.memory_GB and needs.memory_GB * workers)
    common: dict[str, Any] = {
        "nodes_per_block": 1,
        "init_blocks": 0,
        "min_blocks": 0,
        "max_blocks": blocks.max_blocks,
        "walltime": clock,
        "worker_init": init,
        "launcher": SimpleLauncher(),
    }
    if place.kind == "slurm":
        asks = [f"#SBATCH --cpus-per-task={size.cpus}", *([f"#SBATCH --gres=gpu:{size.gpus}"] if size.gpus else [])]
        asks += [f"#SBATCH --mem={memory_GB:.0f}G"] if memory_GB else []
        return providers.SlurmProvider(
            **common,
            partition=blocks.partition,
            account=blocks.account,
            exclusive=False,
            scheduler_options="\n".join([*asks, *blocks.options]),
        )
    if place.kind == "pbs":
        return providers.PBSProProvider(
            **common,
            queue=blocks.partition,
            account=blocks.account,
            cpus_per_node=size.cpus,
            select_options=f"ngpus={size.gpus}" if size.gpus else "",
            scheduler_options="\n".join(blocks.options),
        )
    gpus = [f"#BSUB -gpu num={size.gpus}"] if size.gpus else []
    return providers.LSFProvider(
        **common,
        queue=blocks.partition,
        project=blocks.account,
        cores_per_block=size.cpus,
        request_by_nodes=False,
        scheduler_options="\n".join([*gpus, *blocks.options]),
    )


def _init(place: Place) -> str:
    """First lines of a block: this Python's programs, then what the user wants."""
    folder = Path(sys.executable).parent
    return f"export OMP_NUM_THREADS=${{OMP_NUM_THREADS:-1}} PATH={folder}:$PATH\n{place.init}".rstrip()


def _refused(executor: Any, status: Mapping[str, Any], label: str) -> None:
    """Stop an executor whose blocks the batch system refuses, in the batch system's words, before it is flooded."""
    from parsl.jobs.states import JobState

    failed = [
        job
        for job in status.values()
        if job.state == JobState.FAILED or (job.state == JobState.MISSING and NOT_STARTED in (job.message or ""))
    ]
    if len(failed) < REFUSALS or len(failed) < len(status):
        return
    words = next((text for job in failed for text in (job.message, job.stderr) if text and text.strip()), "no message")
    # of Parsl's sentence, what the batch system's command printed
    said = re.sub(r".*\bstderr=", "", " ".join(words.split()))
    executor.set_bad_state_and_fail_all(PlaceError(f"the batch system gives no block for '{label}': {said}"))
