"""`lmpdrive analyse`, `observables` and `report`: what reads trajectories and results."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from lmpdrive.cli.arguments import parse_discard, parse_options
from lmpdrive.cli.conclusion import print_conclusion
from lmpdrive.cli.options import EveryNumber, ExtraObservables, Quiet, RunDirectory, Verbose
from lmpdrive.cli.printing import progress_printer

ANALYSE_EXAMPLES = (
    "Examples: `lmpdrive analyse runs/pt111-water` or `lmpdrive analyse old.dump --elements Au --elements H "
    "--elements Na --elements O --timestep-fs 0.5 --out results`"
)
OBSERVABLES_EXAMPLES = "Example: `lmpdrive observables rdf`"
REPORT_EXAMPLES = "Example: `lmpdrive report runs/pt111-water`"

Sources = Annotated[
    list[Path],
    typer.Argument(
        help="A run directory, a trajectory, its files in order, or a pattern in quotes.",
        metavar="RUN_OR_TRAJECTORY ...",
    ),
]
DataFile = Annotated[Path | None, typer.Option("--data", help="Data file or PDB, GRO, PSF, ... with the elements.")]
Elements = Annotated[
    list[str] | None, typer.Option("--elements", help="Elements in the order of the types.", metavar="EL ...")
]
Timestep = Annotated[float | None, typer.Option("--timestep-fs", min=1e-6, help="Timestep of the run.")]
Cell = Annotated[
    str | None,
    typer.Option(
        "--cell", metavar="'A B C'", help="Constant cell of files that have none [Å]; also with angles, or 9 numbers."
    ),
]
Units = Annotated[
    str | None, typer.Option("--units", metavar="metal|real", help="LAMMPS units, where no file says so.")
]
Every = Annotated[int | None, typer.Option("--every", min=1, help="Steps between frames.")]
BinWidth = Annotated[float | None, typer.Option("--bin-width-A", min=1e-3, help="Width of the bins [Å].")]
Blocks = Annotated[int | None, typer.Option("--blocks", min=2, help="Blocks of the error bars.")]
Discard = Annotated[
    str | None, typer.Option("--discard-ps", metavar="PS|auto", help="Leave out the start; auto finds how much.")
]
Names = Annotated[
    list[str] | None,
    typer.Option(
        "--observable", metavar="NAME", help="Only this one; may be repeated. `lmpdrive observables` lists them."
    ),
]
ObservableOptions = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="NAME.KEY=VALUE", help="Option of an observable, e.g. rdf.max_A=8."),
]
TargetError = Annotated[
    float | None, typer.Option("--target-error", min=1e-9, help="Relative 95 % band that counts as converged.")
]
Slab = Annotated[
    str | None,
    typer.Option(
        "--slab",
        metavar="ATOMS",
        help='What the slab is, e.g. "Ti O bonded to Ti", ids "1:144", a group, an MDAnalysis selection, or none.',
    ),
]
SurfaceOf = Annotated[
    Literal["auto", "lower", "upper", "both", "each"] | None,
    typer.Option("--surface", help="Face that distances are from; both: their mean, each: apart."),
]
Normal = Annotated[Literal["x", "y", "z"] | None, typer.Option("--normal", help="Cell vector that leaves the slab.")]
Processes = Annotated[int, typer.Option("--parallel", min=1, help="Processes.")]
NoReport = Annotated[bool, typer.Option("--no-report", help="Tables only: no figures, no report.html.")]
Interactive = Annotated[
    bool, typer.Option("--interactive", help="Also interactive.html: figures to zoom, and the trajectory.")
]
Png = Annotated[bool, typer.Option("--png", help="Each figure as PNG (300 dpi) too.")]
ResultsFolder = Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the results.")]


def analyse(
    path: Sources,
    data: DataFile = None,
    elements: Elements = None,
    timestep_fs: Timestep = None,
    every: Every = None,
    cell: Cell = None,
    units: Units = None,
    bin_width: BinWidth = None,
    blocks: Blocks = None,
    discard_ps: Discard = None,
    observable: Names = None,
    option: ObservableOptions = None,
    extra: ExtraObservables = None,
    slab: Slab = None,
    surface: SurfaceOf = None,
    normal: Normal = None,
    target_error: TargetError = None,
    parallel: Processes = 1,
    no_report: NoReport = False,
    interactive: Interactive = False,
    png: Png = False,
    out: ResultsFolder = None,
    verbose: EveryNumber = False,
    quiet: Quiet = False,
) -> None:
    """Observables with error bars, from a run or from any trajectory."""
    from lmpdrive import pipeline
    from lmpdrive.stages.progress_bar import FramesBar

    ask: dict[str, Any] = {"data": data, "elements": elements, "timestep_fs": timestep_fs, "every": every}
    ask |= {"cell": cell, "units": units, "slab": slab, "surface": surface, "normal": normal}
    ask |= {"with_report": not no_report, "interactive": interactive, "png": png}
    with nullcontext() if quiet else FramesBar() as bar:
        result = pipeline.analyse(
            path[0] if len(path) == 1 else path,
            **ask,
            out=out,
            bin_width_A=bin_width,
            blocks=blocks,
            names=observable,
            options=parse_options(option or []),
            extra=extra or (),
            discard_ps=parse_discard(discard_ps),
            target_error=target_error,
            parallel=parallel,
            progress=bar,
            say=progress_printer(quiet),
        )
    print_conclusion(result, quiet, verbose)


def observables(
    name: Annotated[str | None, typer.Argument(help="Only this one.", metavar="[NAME]")] = None,
    extra: ExtraObservables = None,
    verbose: Verbose = False,
) -> None:
    """List the observables with their equations and options."""
    from lmpdrive.observables.listing import listing

    print(listing(name, extra or ()))


def report(
    run_dir: RunDirectory,
    interactive: Interactive = False,
    png: Png = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Write `report.html` again."""
    from lmpdrive import pipeline
    from lmpdrive.stages.progress_bar import FramesBar

    with nullcontext() if quiet else FramesBar() as bar:
        page = pipeline.report(run_dir, bar, progress_printer(quiet), interactive, png)
    if not quiet:
        print(page)
