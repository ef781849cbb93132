"""How a run or an analysis ends on the terminal: verdict, what is converged, how to continue, a few numbers, report.

Results go to stdout.  On a terminal long lines are wrapped.
"""

from __future__ import annotations

import math
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING

from lmpdrive.common.shell import to_paste

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lmpdrive.observables.tables import Scalar
    from lmpdrive.pipeline import Result
    from lmpdrive.report.verdict import Verdict

MOST_NUMBERS, MOST_TITLES = 8, 6
"""Without -v."""
STOPPED = ("interrupted", "walltime", "running")
"""States of a run that has not reached its planned end."""


def print_conclusion(result: Result, quiet: bool, every_number: bool = False) -> None:
    """All of it; nothing where `quiet`."""
    if quiet:
        return
    for line in conclusion(result, every_number):
        _print(line)


def conclusion(result: Result, every_number: bool = False) -> Iterator[str]:
    """The lines, in order."""
    if result.verdict is not None:
        yield from result.verdict.lines()
        yield from _converged(result.verdict, every_number)
    yield from _continue(result)
    yield from _numbers(result.scalars, every_number)
    yield f"report: {result.report}" if result.report else f"results: {result.directory}"


def _converged(verdict: Verdict, every: bool) -> Iterator[str]:
    """Titles of tables; many are counted."""
    for what, titles in (("converged", verdict.converged), ("not converged", verdict.not_converged)):
        more = 0 if every else len(titles) - MOST_TITLES
        shown = "; ".join(titles if every else titles[:MOST_TITLES])
        if titles:
            yield f"{what}: {shown}" + (f"; and {more} more" if more > 0 else "")


def _continue(result: Result) -> Iterator[str]:
    """The one command that continues a run: to its planned end if it was stopped, else by what the verdict asks for."""
    verdict, folder = result.verdict, result.run_directory
    if folder is None:
        return
    command = f"continue with: {to_paste('resume', folder)}"
    if result.state in STOPPED:
        yield command
    elif verdict is not None and verdict.level == "bad":
        yield "Solve the problems first: a longer run alone does not."
    elif verdict is not None and verdict.production_ps is not None:
        yield f"{command} --set dynamics.production_ps={verdict.production_ps:g}"


def _numbers(scalars: Mapping[str, Scalar], every: bool) -> Iterator[str]:
    """Those that people look at first; with `every` all that are defined."""
    from lmpdrive.report.numbers import with_error

    defined = {name: scalar for name, scalar in scalars.items() if math.isfinite(scalar.value)}
    first = [name for name, scalar in defined.items() if scalar.headline][:MOST_NUMBERS] or list(defined)[:MOST_NUMBERS]
    chosen = {name: defined[name] for name in (defined if every else first)}
    if not chosen:
        return
    bound = "; ≥: a lower bound, the true error may be larger" if any(s.lower_bound for s in chosen.values()) else ""
    rest = "" if len(chosen) == len(defined) else f"; all {len(defined)} with -v"
    yield f"numbers (± is 2σ{bound}{rest}):"
    for name, scalar in chosen.items():
        yield f"  {name}: {with_error(scalar)}{'' if scalar.unit == '1' else f' {scalar.unit}'}"


def _print(line: str) -> None:
    if sys.stdout.isatty():
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        width = shutil.get_terminal_size().columns
        line = textwrap.fill(
            line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
        )
    print(line, flush=True)
