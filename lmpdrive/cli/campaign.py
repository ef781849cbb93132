"""`lmpdrive campaign`: many runs from one file."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lmpdrive.cli.options import Quiet
from lmpdrive.cli.printing import progress_printer
from lmpdrive.common.shell import to_paste
from lmpdrive.errors import ConfigError

if TYPE_CHECKING:
    from lmpdrive.campaigns.state import RunState

app = typer.Typer(no_args_is_help=True, help="Many runs from one file, on this machine or a cluster.")

CampaignFile = Annotated[Path, typer.Argument(help="The campaign file, or that of a study.", metavar="FILE")]
Where = Annotated[str | None, typer.Option("--where", metavar="NAME", help="A place of places.yaml; default: here.")]
Folder = Annotated[Path | None, typer.Option("--out", "-o", help="Campaign's folder; default campaigns/NAME.")]
Only = Annotated[
    list[str] | None, typer.Option("--only", metavar="AXIS=POINT", help="Only runs with this point; may be repeated.")
]
Retry = Annotated[
    Literal["failed"] | None, typer.Option("--retry", help="failed: give runs that failed or were given up new tries.")
]
HEADINGS: tuple[str, ...] = ("run", "state", "stage", "done", "ns/day", "left", "slices", "where", "reason")
MOST_ROWS = 60
"""Runs that are listed without --all."""


@app.command(epilog="Example: `lmpdrive campaign check studies/au111-na.yaml --probe`")
def check(
    file: CampaignFile,
    out: Folder = None,
    probe: Annotated[bool, typer.Option("--probe", help="Measure the speed of each kind of run.")] = False,
    quiet: Quiet = False,
) -> None:
    """Check every run without running it; count runs, time and disk."""
    from lmpdrive.campaigns.estimate import estimate, problems_in_words
    from lmpdrive.campaigns.plan import make_plan

    if _is_study(file):
        _check_study(file, out, quiet)
        return
    found = estimate(make_plan(file, out), probe, progress_printer(quiet))
    for line in problems_in_words(found.problems):
        print(f"error: {line}")
    if not quiet:
        for line in found.lines():
            print(line)
    if found.problems:
        raise typer.Exit(4)


@app.command(
    epilog="Examples: `lmpdrive campaign run studies/au111-na.yaml`; on a cluster, without this terminal: "
    "`lmpdrive campaign run studies/au111-na.yaml --where juwels --detach`; a study: "
    "`lmpdrive campaign run studies/charge-states/study-quick.yaml`"
)
def run(
    file: CampaignFile,
    where: Where = None,
    out: Folder = None,
    only: Only = None,
    retry: Retry = None,
    detach: Annotated[bool, typer.Option("--detach", help="Leave the driver running without this terminal.")] = False,
    quiet: Quiet = False,
) -> None:
    """Run everything that has not ended; run it again after any interruption."""
    from lmpdrive.campaigns.drive import exit_code
    from lmpdrive.campaigns.run import run_campaign

    if _is_study(file, only=only, retry=retry, detach=detach or None):
        _run_study(file, where, out, quiet)
        return
    wanted = _points(only)
    if detach:
        _detach(file, where, out, only, retry, quiet)
        return
    ended = run_campaign(file, where, out, wanted, retry == "failed", progress_printer(quiet))
    if code := exit_code(ended):
        raise typer.Exit(code)


@app.command(epilog="Example: `lmpdrive campaign status studies/au111-na.yaml --watch`")
def status(
    file: CampaignFile,
    out: Folder = None,
    only: Only = None,
    every: Annotated[bool, typer.Option("--all", help=f"List every run, also of more than {MOST_ROWS}.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Show it again every ten seconds, until Ctrl-C.")] = False,
) -> None:
    """Show how each run is, from the disk alone."""
    from lmpdrive.campaigns.plan import make_plan
    from lmpdrive.campaigns.queue_record import queue_line
    from lmpdrive.campaigns.state import states

    if _is_study(file, only=only, watch=watch or None):
        _status_of_study(file, out, every)
        return
    plan = make_plan(file, out)
    while True:
        found = states(plan, plan.only(_points(only)))
        if watch:
            print("\033[2J\033[H", end="")
        print("\n".join([*status_lines(found, every), queue_line(plan)]), flush=True)
        if not watch or all(state.ended for state in found):
            return
        time.sleep(10)


@app.command(epilog="Example: `lmpdrive campaign stop studies/au111-na.yaml`")
def stop(file: CampaignFile, out: Folder = None) -> None:
    """Stop the driver; its runs write their restarts."""
    from lmpdrive.campaigns.detach import stop as stop_driver
    from lmpdrive.campaigns.plan import make_plan

    print(stop_driver(make_plan(file, out)))


@app.command(epilog="Example: `lmpdrive campaign report studies/au111-na.yaml`")
def report(file: CampaignFile, out: Folder = None, quiet: Quiet = False) -> None:
    """Compare what is done, and write the campaign's report."""
    from lmpdrive.campaigns.comparisons import compare_groups
    from lmpdrive.campaigns.plan import make_plan
    from lmpdrive.campaigns.report import write_report

    if _is_study(file):
        _report_study(file, out, quiet)
        return
    plan, say = make_plan(file, out), progress_printer(quiet)
    for group, why in compare_groups(plan, say).items():
        say(f"comparison {group}: {why}")
    page = write_report(plan, say)
    if not quiet:
        print(f"report: {page}")


def _is_study(file: Path, **refused: object) -> bool:
    """Whether the file is a study, which takes fewer options.  Raises ConfigError for one of the others."""
    from lmpdrive.studies.file import is_study

    if not is_study(file):
        return False
    if given := [f"--{name}" for name, value in refused.items() if value]:
        raise ConfigError(f"{file} is a study: {', '.join(given)} is for campaigns; those of a study lie in its folder")
    return True


def _run_study(file: Path, where: str | None, out: Path | None, quiet: bool) -> None:
    from lmpdrive.campaigns.drive import exit_code
    from lmpdrive.studies.run import run_study

    runs = run_study(file, where, out, progress_printer(quiet))
    if code := exit_code(Counter(str(run.phase) for run in runs)):
        raise typer.Exit(code)


def _report_study(file: Path, out: Path | None, quiet: bool) -> None:
    from lmpdrive.studies.plan import make_study_plan
    from lmpdrive.studies.report import write_report

    page = write_report(make_study_plan(file, out), progress_printer(quiet))
    if not quiet:
        print(f"report: {page}")


def _check_study(file: Path, out: Path | None, quiet: bool) -> None:
    from lmpdrive.studies.check import check_study
    from lmpdrive.studies.plan import make_study_plan

    found, lines = check_study(make_study_plan(file, out), progress_printer(quiet))
    for line in found:
        print(f"error: {line}")
    if not quiet:
        print("\n".join(lines))
    if found:
        raise typer.Exit(4)


def _status_of_study(file: Path, out: Path | None, every: bool) -> None:
    from lmpdrive.studies.plan import make_study_plan
    from lmpdrive.studies.status import steps

    for title, lines in steps(make_study_plan(file, out), lambda found: status_lines(found, every)):
        print("\n".join([title, *(f"  {line}" for line in lines)]))


def _points(only: Sequence[str] | None) -> dict[str, str]:
    """`axis=point` words.  Raises ConfigError."""
    found = {}
    for word in only or ():
        axis, equals, point = word.partition("=")
        if not equals:
            raise ConfigError(f"--only {word}: write AXIS=POINT, for example --only T=300K")
        found[axis] = point
    return found


def _detach(
    file: Path, where: str | None, out: Path | None, only: Sequence[str] | None, retry: str | None, quiet: bool
) -> None:
    from lmpdrive.campaigns.detach import detach
    from lmpdrive.campaigns.places import find_place
    from lmpdrive.campaigns.plan import make_plan

    arguments = [str(file.resolve())]
    for name, value in (("--where", where), ("--out", out and out.absolute()), ("--retry", retry)):
        arguments += [name, str(value)] if value else []
    for word in only or ():
        arguments += ["--only", word]
    said = detach(make_plan(file, out), find_place(where), arguments)
    if not quiet:
        print(f"the driver is {said}\nfollow it with: {to_paste('campaign', 'status', file)}")


def status_lines(found: Sequence[RunState], every: bool) -> list[str]:
    """The table, then counts."""
    few = every or len(found) <= MOST_ROWS
    shown = list(found) if few else [state for state in found if state.phase not in ("done", "waiting")][:MOST_ROWS]
    rows = [HEADINGS, *(_row(state) for state in shown)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADINGS) - 1)]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        lines.append("  ".join([*cells, row[-1]]).rstrip())
    if len(shown) < len(found):
        lines.append(f"... {len(found) - len(shown)} more: --all lists them")
    counts = Counter(state.phase for state in found)
    lines.append(f"{len(found)} runs: " + ", ".join(f"{number} {phase}" for phase, number in counts.items()))
    return lines


def _row(state: RunState) -> tuple[str, ...]:
    left = "" if state.left_s is None else f"{int(state.left_s) // 3600}:{int(state.left_s) // 60 % 60:02d}"
    return (
        state.run.name,
        state.phase,
        state.stage,
        f"{state.step / state.end_step:.0%}" if state.end_step else "",
        f"{state.ns_per_day:.3g}" if state.ns_per_day else "",
        left,
        str(state.slices or ""),
        state.where,
        state.reason[:100],
    )
