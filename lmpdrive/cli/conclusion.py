"""How a run or an analysis ends on the terminal: verdict, what is converged, how to continue, a few numbers, report.

Results go to stdout.  On a terminal long lines are wrapped.
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

from lmpdrive.cli.printing import wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lmpdrive.observables.tables import Scalar
    from lmpdrive.pipeline import Result
    from lmpdrive.report.verdict import Verdict

MOST_NUMBERS, MOST_TITLES = 8, 6
"""Without -v."""


def print_conclusion(result: Result, quiet: bool, every_number: bool = False) -> None:
    """All of it; nothing where `quiet`."""
    if quiet:
        return
    for line in conclusion(result, every_number):
        _print(line)


def conclusion(result: Result, every_number: bool = False) -> Iterator[str]:
    """The lines, in order."""
    from lmpdrive.report.next_step import next_step

    if result.verdict is not None:
        yield from result.verdict.lines()
        yield from _converged(result.verdict, every_number)
    if (step := next_step(result.verdict, result.state, result.run_directory)) is not None:
        yield str(step)
    yield from _numbers(result.scalars, every_number)
    yield f"report: {result.report}" if result.report else f"results: {result.directory}"


def _converged(verdict: Verdict, every: bool) -> Iterator[str]:
    """Titles of tables; many are counted."""
    for what, titles in (("converged", verdict.converged), ("not converged", verdict.not_converged)):
        more = 0 if every else len(titles) - MOST_TITLES
        shown = "; ".join(titles if every else titles[:MOST_TITLES])
        if titles:
            yield f"{what}: {shown}" + (f"; and {more} more" if more > 0 else "")


def _numbers(scalars: Mapping[str, Scalar], every: bool) -> Iterator[str]:
    """Those that people look at first; with `every` all that are defined."""
    from lmpdrive.report.numbers import first_numbers, with_unit

    defined = {name: scalar for name, scalar in scalars.items() if math.isfinite(scalar.value)}
    chosen = defined if every else first_numbers(scalars, MOST_NUMBERS)
    if not chosen:
        return
    bound = "; ≥: a lower bound, the true error may be larger" if any(s.lower_bound for s in chosen.values()) else ""
    rest = "" if len(chosen) == len(defined) else f"; all {len(defined)} with -v"
    yield f"numbers (± is 2σ{bound}{rest}):"
    for name, scalar in chosen.items():
        yield f"  {name}: {with_unit(scalar)}"


def _print(line: str) -> None:
    print(wrapped(line, sys.stdout), flush=True)
