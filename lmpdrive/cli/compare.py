"""`lmpdrive compare`: analysed runs side by side; potentials by error and cost; potential-energy surfaces."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lmpdrive.cli.options import Quiet, Verbose
from lmpdrive.cli.printing import progress_printer
from lmpdrive.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

    from lmpdrive.report.comparison import Comparison

EXAMPLES = (
    "Examples: `lmpdrive compare runs/a runs/b --labels 300K 330K --out comparison`, and with the potentials' "
    "errors on labelled frames: `lmpdrive compare runs/dp runs/mace --test held-back.xyz.gz --out comparison`. "
    "Error against cost of any potentials, without runs: "
    "`lmpdrive compare dp.yaml mace.yaml --pareto --reference held-back.xyz.gz --out pareto`"
)

Sources = Annotated[
    list[Path],
    typer.Argument(
        help="Analysed runs; the first is the reference. With --pareto or --probe-pes also YAML files.",
        metavar="RUN ...",
    ),
]
Labels = Annotated[
    list[str] | None, typer.Option(help="Names of the runs; default: of their folders.", metavar="A B ...")
]
Frames = Annotated[
    list[Path] | None,
    typer.Option(
        "--test",
        "--reference",
        metavar="FRAMES",
        help="Labelled frames to measure each potential on (any file ASE reads); may be repeated.",
    ),
]
Pareto = Annotated[
    bool, typer.Option("--pareto", help="Instead: errors on the frames against the time of a step, measured anew.")
]
ProbePes = Annotated[
    bool,
    typer.Option("--probe-pes", help="Instead: strained, compressed and hot frames, and the smoothness of the energy."),
]


def compare(
    runs: Sources,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the comparison.")],
    labels: Labels = None,
    test: Frames = None,
    pareto: Pareto = False,
    probe_pes: ProbePes = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Profiles and numbers of analysed runs side by side, with the significance of their differences."""
    from lmpdrive import pipeline

    say = progress_printer(quiet)
    if not (pareto or probe_pes):
        found = pipeline.compare(runs, out, labels, test or (), say)
        for warning in found.warnings:
            print(f"warning: {warning}", file=sys.stderr)
        if not quiet:
            _print_comparison(found)
        return
    if not test:
        raise ConfigError("--pareto and --probe-pes need frames: name them with --reference FRAMES")
    if pareto:
        table, missing = pipeline.pareto(runs, test, out, labels, say)
        _print_table(table, missing, quiet)
    if probe_pes:
        strange, smooth, missing = pipeline.probe_pes(runs, test, out, labels, say)
        _print_table(strange, {}, quiet)
        _print_table(smooth, missing, quiet)


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


def _print_table(data: pd.DataFrame, missing: dict[str, str], quiet: bool) -> None:
    """The table, and on stderr what is not in it."""
    from lmpdrive.report.numbers import with_errors

    if not quiet and len(data):
        print(with_errors(data).to_string(index=False, float_format=lambda value: f"{value:.4g}"))
    for label, why in missing.items():
        print(f"warning: {label} is left out: {why}", file=sys.stderr)
