"""A driver without a terminal: a process that outlives this one, or a job that the batch system starts again."""

from __future__ import annotations

import json
import os
import platform
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lmpdrive.campaigns.places import Place
from lmpdrive.campaigns.plan import Plan
from lmpdrive.common import walltime
from lmpdrive.common.atomic import write_atomically
from lmpdrive.engine.directory.lock import holder
from lmpdrive.errors import ConfigError, PlaceError

RECORD, LOG, SCRIPT = "driver.json", "driver.log", "driver.sh"


def detach(plan: Plan, place: Place, arguments: Sequence[str]) -> str:
    """Start `lmpdrive campaign run` with these arguments on its own; what was started, in words."""
    plan.folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "lmpdrive", "campaign", "run", *arguments]
    if place.driver == "job":
        record = _as_job(plan, place, command)
        return f"job {record['job']}, which {place.kind} starts again if it dies; log: {plan.folder / LOG}"
    with (plan.folder / LOG).open("ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    _write(plan, {"pid": process.pid, "host": platform.node()})
    return f"process {process.pid} on {platform.node()}; log: {plan.folder / LOG}"


def _as_job(plan: Plan, place: Place, command: Sequence[str]) -> dict[str, Any]:
    if place.kind != "slurm":
        raise ConfigError(
            f"place {place.name}: driver: job is for Slurm; with {place.kind} start `lmpdrive campaign run` in a job "
            "script of your own, or take driver: here"
        )
    options, limit_s = place.driver_options, int(walltime.seconds(place.driver_options.walltime))
    asks = [
        f"--job-name={plan.name}",
        "--ntasks=1",
        "--cpus-per-task=1",
        f"--time={limit_s // 60}",
        "--requeue",
        "--open-mode=append",
        f"--output={(plan.folder / LOG).absolute()}",
        *([f"--partition={options.partition}"] if options.partition else []),
        *([f"--account={options.account}"] if options.account else []),
    ]
    # a job that is submitted from a job inherits its settings through SLURM_ variables
    lines = ["#!/bin/bash", *(f"#SBATCH {ask}" for ask in asks), *options.options, "unset ${!SLURM_@} ${!SBATCH_@}"]
    lines += [f"cd {shlex.quote(str(Path.cwd()))}", place.init, f"exec {shlex.join(command)}"]
    script = plan.folder / SCRIPT
    write_atomically(script, "\n".join(line for line in lines if line) + "\n")
    done = subprocess.run(["sbatch", "--parsable", str(script)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise PlaceError(f"place {place.name}: the driver's job was refused: {done.stderr.strip()}")
    return _write(plan, {"job": done.stdout.strip().partition(";")[0]})


def stop(plan: Plan) -> str:
    """Stop the driver of a campaign; its runs write their restarts.  What was stopped, in words.

    Raises ConfigError where there is no driver that can be stopped from here.
    """
    record = _read(plan)
    if "job" in record:
        done = subprocess.run(["scancel", str(record["job"])], capture_output=True, text=True, check=False)
        if done.returncode:
            raise PlaceError(f"scancel {record['job']}: {done.stderr.strip()}")
        return f"told Slurm to cancel the driver's job {record['job']}"
    who = _holder(plan)
    if who is None:
        raise ConfigError(f"no driver works on {plan.folder}")
    if who.get("host") != platform.node():
        raise ConfigError(f"the driver of {plan.folder} is {holder(plan.folder)}: stop it there")
    try:
        os.kill(int(who["pid"]), signal.SIGTERM)
    except ProcessLookupError:
        raise ConfigError(f"the driver of {plan.folder} is gone already") from None
    return f"told {holder(plan.folder)} to stop; its runs write their restarts"


def _holder(plan: Plan) -> dict[str, Any] | None:
    """Who holds the lock of the campaign's folder."""
    try:
        found = json.loads((plan.folder / ".lock").read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "pid" in found else None


def _read(plan: Plan) -> dict[str, Any]:
    try:
        found = json.loads((plan.folder / RECORD).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(plan: Plan, record: dict[str, Any]) -> dict[str, Any]:
    write_atomically(plan.folder / RECORD, json.dumps(record) + "\n")
    return record
