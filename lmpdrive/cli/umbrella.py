"""`lmpdrive umbrella`: windows of umbrella sampling -> the free energy of an ion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = "Example: `lmpdrive umbrella runs/window-* --out na.csv`; a window is a run with `dynamics.bias.umbrella`."


def umbrella(
    run_dirs: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Run directories, one a window.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Table of z, F(z) and its error.")] = Path(
        "umbrella.csv"
    ),
    bin_width_A: Annotated[float, typer.Option("--bin-width-A", min=1e-3, help="Width of the bins.")] = 0.2,
) -> None:
    """Free energy of an ion along the surface normal, from windows with springs, by MBAR with errors."""
    from lmpdrive import pipeline

    table = pipeline.umbrella(run_dirs, out, bin_width_A)
    z, free = (table[column].to_numpy() for column in ("z [Å]", "F(z) [eV]"))
    print(f"{len(run_dirs)} windows, {len(table)} bins; the minimum is at {z[free.argmin()]:.2f} Å: {out}")
