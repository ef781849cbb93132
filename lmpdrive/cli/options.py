"""Arguments and options that several commands share, with their help texts.

Typer reads a command's parameters from its signature, so the command functions have as many of them as the command has
options; everywhere else, parameters that belong together are one object.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

File = Annotated[Path, typer.Argument(help="The YAML file.", metavar="FILE")]
RunDirectory = Annotated[Path, typer.Argument(help="A run directory.", metavar="RUN")]
NewRunDirectory = Annotated[Path | None, typer.Option("--out", "-o", help="Run directory; default runs/NAME.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a value, e.g. --set dynamics.temperature_K=330."),
]
Walltime = Annotated[
    str | None,
    typer.Option("--walltime", metavar="TIME", help="Stop before this limit (24h, 90min, 24:00:00), exit code 75."),
]
NoAnalysis = Annotated[
    bool, typer.Option("--no-analysis", help="Only run; `lmpdrive analyse` does the rest, perhaps elsewhere.")
]
Trust = Annotated[bool, typer.Option("--trust", help="Accept model files that can run code, as `lmpdrive trust` does.")]
ExtraObservables = Annotated[
    list[Path] | None, typer.Option("--extra", metavar="FILE.py", help="Observables of your own.")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show the traceback of an error.")]
EveryNumber = Annotated[
    bool, typer.Option("--verbose", "-v", help="Print every number, and the traceback of an error.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
