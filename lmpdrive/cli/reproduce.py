"""`lmpdrive reproduce`: is a run what its manifest says, and does it give the same again?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = (
    "Examples: `lmpdrive reproduce runs/pt111-water`, and the whole run again: "
    "`lmpdrive reproduce runs/pt111-water --run runs/again`. Exit codes: 0 nothing differs, 13 something does."
)


def reproduce(
    run_dir: Annotated[Path, typer.Argument(help="A run directory.", metavar="RUN")],
    run: Annotated[
        Path | None,
        typer.Option("--run", metavar="DIR", help="Run it again in this new folder, and compare the numbers."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the traceback of an error.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print differences only.")] = False,
) -> None:
    """Render the deck of a run again, and say what is not as it was: deck, structure, model, templates, versions.

    The run directory is not changed.  With `--run` the deck runs again, and its thermo table, frames and last state are
    compared bit for bit.
    """
    from lmpdrive import pipeline
    from lmpdrive.errors import DIFFERENT

    found = pipeline.reproduce(run_dir, run, (lambda _: None) if quiet else (lambda text: print(text, file=sys.stderr)))
    for line in found.differences:
        print(f"differs: {line}")
    if found.diff:
        print(found.diff)
    if not quiet:
        for line in found.notes:
            print(f"note: {line}")
        if found.identical:
            also = ", and so are the numbers of the run" if run else ""
            print(f"{run_dir}: deck, structure, model, templates and versions are those of its manifest{also}")
    if not found.identical:
        raise typer.Exit(DIFFERENT)
