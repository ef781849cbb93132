"""`lmpdrive check`: every problem that can be known before running."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from lmpdrive.cli.options import File, Quiet, Set, Trust, Verbose
from lmpdrive.cli.printing import count, print_equality, print_problems, progress_printer
from lmpdrive.errors import ModelError

EXAMPLES = "Examples: `lmpdrive check inputs/pt111-water.yaml`, and the same with `--compare`, or `--probe`"


def check(
    file: File,
    set_: Set = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    compare: Annotated[
        bool,
        typer.Option("--compare", help="Compare LAMMPS with the model's own calculator on frames of a short run."),
    ] = False,
    probe: Annotated[
        bool,
        typer.Option("--probe", help="Measure speed and memory on some seconds of the run, and say how long it takes."),
    ] = False,
    trust: Trust = False,
) -> None:
    """Find every problem that can be known before running."""
    from lmpdrive import pipeline
    from lmpdrive.common.patience import announced_if_long

    with announced_if_long(progress_printer(quiet), "checking the model, LAMMPS and this machine"):
        found = pipeline.check(file, set_ or (), trust=trust)
    print_problems(found, quiet)
    errors, warnings = (sum(p.level == level for p in found) for level in ("error", "warning"))
    if errors:
        print(f"{file}: {count(errors, 'error')}, {count(warnings, 'warning')}", file=sys.stderr)
        raise typer.Exit(ModelError.exit_code)
    if not quiet:
        print(f"{file}: no errors, {count(warnings, 'warning')}")
    if probe:
        say = progress_printer(quiet)
        say("measuring some seconds of the run; a model that is compiled on its first use takes minutes")
        for line in pipeline.measure_speed(file, set_ or ()).lines():
            print(line)
    if compare:
        say = progress_printer(quiet)
        say("comparing LAMMPS with the model's own calculator on frames of a short run")
        equality = pipeline.compare_with_model(file, set_ or (), say)
        if not quiet:
            print_equality(equality)
        if not equality.equal:
            print(f"error: {equality.explanation}", file=sys.stderr)
            raise typer.Exit(ModelError.exit_code)
