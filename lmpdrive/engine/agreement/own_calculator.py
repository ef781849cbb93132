"""The model's own ASE calculator, in a separate process: some packages cannot share one with LAMMPS' plugin."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from lmpdrive.architectures import Architecture
from lmpdrive.common.run_files import CONFIG
from lmpdrive.common.trust import require
from lmpdrive.config import Config, load
from lmpdrive.engine.lammps_library import environment
from lmpdrive.errors import ModelError


def run_module(config: Config, module: str, *arguments: str | Path, folder: str | Path) -> None:
    """`python -m module arguments` in `folder`, by the interpreter of the potential.

    Raises ModelError with the last line of what it wrote to stderr if it fails.
    """
    done = subprocess.run(
        [config.potential.interpreter().python, "-m", module, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env=environment("cpu", config.run.threads),
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise ModelError(lines[-1].removeprefix(f"{ModelError.__module__}.{ModelError.__name__}: "))


def can_make(potential: Architecture) -> bool:
    """False for architectures without a calculator of their own."""
    return type(potential).make_calculator is not Architecture.make_calculator


def potential_of(run_dir: Path) -> Architecture:
    """The potential as it ran in `run_dir`.  Raises UntrustedError for a model that was not accepted."""
    potential = load(run_dir / CONFIG).potential.as_run(run_dir)
    require(potential.programs(run_dir))
    return potential


def calculator_of(potential: Architecture) -> Any:
    """Its calculator.  Raises ModelError if there is none."""
    calculator = potential.make_calculator()
    if calculator is None:
        raise ModelError(f"{potential.architecture} has no calculator for these options")
    return calculator
