"""`lmpdrive reproduce`: is a run what its manifest says, and does it give the same again?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lmpdrive.cli.options import RunDirectory, Verbose
from lmpdrive.cli.printing import progress_printer
from lmpdrive.errors import DIFFERENT

EXAMPLES = (
    "Examples: `lmpdrive reproduce runs/pt111-water`, and the whole run again: "
    "`lmpdrive reproduce runs/pt111-water --run runs/again`. Exit codes: 0 nothing differs, 13 something does."
)


def reproduce(
    run_dir: RunDirectory,
    run: Annotated[
        Path | None,
        typer.Option("--run", metavar="DIR", help="Run it again in this new folder, and compare the numbers."),
    ] = None,
    verbose: Verbose = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print differences only.")] = False,
) -> None:
    """Render the deck of a run again, and list what has changed: deck, structure, model, templates, versions.

    The run directory is not changed.  With `--run` the deck runs again, and its thermo table, frames and last state are
    compared bit for bit.
    """
    from lmpdrive import pipeline

    found = pipeline.reproduce(run_dir, run, progress_printer(quiet))
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
