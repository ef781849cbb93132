"""`lmpdrive learn`: train, explore, label, and again, until the exploring runs are stable."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lmpdrive.cli.options import Quiet
from lmpdrive.cli.printing import progress_printer

EXAMPLES = (
    "Examples: `lmpdrive learn water.yaml`; on a cluster: `lmpdrive learn water.yaml --where juwels`. After any "
    "interruption the same command continues."
)
NOT_STABLE = 12


def learn(
    file: Annotated[Path, typer.Argument(help="The learning file (docs/active-learning.md).", metavar="FILE")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder; default learning/NAME.")] = None,
    where: Annotated[
        str | None, typer.Option("--where", metavar="NAME", help="A place of places.yaml for the runs; default: here.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Active learning: explore with a potential, label the frames at which it fails, train again, until stable."""
    from lmpdrive.learning import loop

    if not loop.learn(file, out, where, progress_printer(quiet)):
        raise typer.Exit(NOT_STABLE)
