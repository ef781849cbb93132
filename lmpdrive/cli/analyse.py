"""`lmpdrive analyse`, `observables`, `compare` and `report`: what reads trajectories and results."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lmpdrive.cli.arguments import parse_discard, parse_options
from lmpdrive.cli.conclusion import print_conclusion
from lmpdrive.cli.options import EveryNumber, ExtraObservables, Quiet, RunDirectory, Verbose
from lmpdrive.cli.printing import progress_printer

if TYPE_CHECKING:
    from lmpdrive.report.comparison import Comparison

ANALYSE_EXAMPLES = (
    "Examples: `lmpdrive analyse runs/pt111-water` or `lmpdrive analyse old.dump --elements Au --elements H "
    "--elements Na --elements O --timestep-fs 0.5 --out results`"
)
OBSERVABLES_EXAMPLES = "Example: `lmpdrive observables rdf`"
COMPARE_EXAMPLES = (
    "Examples: `lmpdrive compare runs/a runs/b --labels 300K 330K --out comparison`, and with the potentials' "
    "errors on labelled frames: `lmpdrive compare runs/dp runs/mace --test held-back.xyz.gz --out comparison`"
)
REPORT_EXAMPLES = "Example: `lmpdrive report runs/pt111-water`"

Source = Annotated[Path, typer.Argument(help="A run directory or a trajectory.", metavar="RUN_OR_TRAJECTORY")]
DataFile = Annotated[Path | None, typer.Option("--data", help="LAMMPS data file that names the elements.")]
Elements = Annotated[
    list[str] | None, typer.Option("--elements", help="Elements in the order of the types.", metavar="EL ...")
]
Timestep = Annotated[float | None, typer.Option("--timestep-fs", min=1e-6, help="Timestep of the run.")]
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
Processes = Annotated[int, typer.Option("--parallel", min=1, help="Processes.")]
NoReport = Annotated[bool, typer.Option("--no-report", help="Tables only: no figures, no report.html.")]
ResultsFolder = Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the results.")]
LabelledFrames = Annotated[
    list[Path] | None,
    typer.Option(
        "--test",
        metavar="FRAMES",
        help="Labelled frames to measure each run's potential on (any file ASE reads); may be repeated.",
    ),
]


def analyse(
    path: Source,
    data: DataFile = None,
    elements: Elements = None,
    timestep_fs: Timestep = None,
    every: Every = None,
    bin_width: BinWidth = None,
    blocks: Blocks = None,
    discard_ps: Discard = None,
    observable: Names = None,
    option: ObservableOptions = None,
    extra: ExtraObservables = None,
    target_error: TargetError = None,
    parallel: Processes = 1,
    no_report: NoReport = False,
    out: ResultsFolder = None,
    verbose: EveryNumber = False,
    quiet: Quiet = False,
) -> None:
    """Observables with error bars, from a run or from any trajectory."""
    from lmpdrive import pipeline
    from lmpdrive.stages.progress_bar import FramesBar

    with nullcontext() if quiet else FramesBar() as bar:
        result = pipeline.analyse(
            path,
            data=data,
            elements=elements,
            timestep_fs=timestep_fs,
            every=every,
            out=out,
            bin_width_A=bin_width,
            blocks=blocks,
            names=observable,
            options=parse_options(option or []),
            extra=extra or (),
            discard_ps=parse_discard(discard_ps),
            target_error=target_error,
            parallel=parallel,
            with_report=not no_report,
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


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Analysed runs; the first is the reference.", metavar="RUN ...")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the comparison.")],
    labels: Annotated[
        list[str] | None, typer.Option(help="Names of the runs; default: of their folders.", metavar="A B ...")
    ] = None,
    test: LabelledFrames = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Profiles and numbers of analysed runs side by side, with the significance of their differences."""
    from lmpdrive import pipeline

    found = pipeline.compare(runs, out, labels, test or (), progress_printer(quiet))
    for warning in found.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if not quiet:
        _print_comparison(found)


def report(run_dir: RunDirectory, verbose: Verbose = False, quiet: Quiet = False) -> None:
    """Write `report.html` again."""
    from lmpdrive import pipeline
    from lmpdrive.stages.progress_bar import FramesBar

    with nullcontext() if quiet else FramesBar() as bar:
        page = pipeline.report(run_dir, bar, progress_printer(quiet))
    if not quiet:
        print(page)


def _print_comparison(found: Comparison) -> None:
    """How the runs were sampled, and which profiles and numbers of each differ from the reference."""
    first = found.runs[0].label
    for one in found.sampling:
        print(f"{one.label}: {one.length}, {one.samples}")
    for run in found.runs[1:]:
        compared = [one for one in found.differences if one.label == run.label and one.n]
        without: dict[str, list[str]] = {}
        for table in found.untested_tables(run.label):
            without.setdefault(table.why, []).append(table.table)
        reasons = "; ".join(f"{', '.join(names)} ({why})" for why, names in without.items())
        if compared:
            differ = [f"{one.table}{' *' if one.doubtful else ''}" for one in compared if one.different]
            print(f"{run.label}: {_count(differ, len(compared), 'profile')} from {first}")
            if without:
                print(f"{run.label}: not tested: {reasons}")
        else:
            print(f"{run.label}: no profile could be tested: {reasons or f'{first} has none that it has'}")
        tested = found.scalars[found.scalars[f"p ({run.label})"].notna()]
        numbers = [str(name) for name in tested.index[tested[f"different ({run.label})"] == 1]]
        print(f"{run.label}: {_count(numbers, len(tested), 'number')} from {first}", end="")
        invalid = int((found.scalars[f"not tested ({run.label})"] != "").sum())
        print(f"; {invalid} could not be tested" if invalid else "")
    if any(one.doubtful for one in found.differences):
        print("* a block is shorter than the correlation time: too many bins differ, run longer")
    print(f"comparison: {found.page}")


def _count(differ: Sequence[str], n: int, what: str) -> str:
    """ "2 of 9 profiles differ (a, b)"."""
    names = f" ({', '.join(differ)})" if differ else ""
    if n == 0:
        return f"no {what} could be tested for a difference"
    return f"{len(differ)} of {n} {what}{'s' if n > 1 else ''} {'differs' if len(differ) == 1 else 'differ'}{names}"
