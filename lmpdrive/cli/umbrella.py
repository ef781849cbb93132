"""`lmpdrive umbrella`: windows of umbrella sampling -> the free energy of an ion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lmpdrive.cli.options import Quiet
from lmpdrive.cli.printing import progress_printer

EXAMPLES = (
    "Examples: `lmpdrive umbrella runs/umb --reference bulk --compare runs/free`, with the folder of a set; "
    "`lmpdrive umbrella runs/window-* --out na.csv`, with single runs that have `dynamics.bias.umbrella`"
)


def umbrella(
    run_dirs: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="The folder of a set, or run directories, one a window.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Table of z, F(z) and its error; figure and page have its name. Default: free_energy.csv in a set, "
            "else umbrella.csv.",
        ),
    ] = None,
    bin_width_A: Annotated[float, typer.Option("--bin-width-A", min=1e-3, help="Width of the bins.")] = 0.2,
    reference: Annotated[
        str,
        typer.Option("--reference", metavar="WHERE", help="Where F is zero: minimum, bulk, or two heights in Å, 8:10."),
    ] = "minimum",
    compare: Annotated[
        list[Path] | None,
        typer.Option("--compare", metavar="RUN", help="Run without a bias to set beside it; may be repeated."),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Free energy of an ion along the surface normal, from windows with springs, by MBAR with errors."""
    from lmpdrive import pipeline

    request = pipeline.UmbrellaRequest(bin_width_A, reference, compare or ())
    result = pipeline.umbrella(run_dirs, out, request, progress_printer(quiet))
    if not quiet:
        for line in result.lines():
            print(line)
