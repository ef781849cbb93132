"""What commands print: results to stdout; progress, warnings and errors to stderr."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from lmpdrive.common.say import Say, silent

if TYPE_CHECKING:
    from rich.table import Table

    from lmpdrive.architectures import Problem
    from lmpdrive.engine.agreement.compare import Equality


def progress_printer(quiet: bool) -> Say:
    """Prints a line of progress to stderr; nothing where `quiet`."""
    return silent if quiet else (lambda text: print(wrapped(text, sys.stderr), file=sys.stderr, flush=True))


def wrapped(text: str, stream: TextIO) -> str:
    """On a terminal, its lines broken between words, what follows indented; elsewhere as it is."""
    if not stream.isatty():
        return text
    width = shutil.get_terminal_size().columns
    return "\n".join(
        textwrap.fill(
            line,
            width,
            subsequent_indent=" " * (len(line) - len(line.lstrip()) + 2),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.split("\n")
    )


def print_problems(found: Sequence[Problem], quiet: bool) -> None:
    """The table of types first, then notes, warnings, and errors last, where they are seen.

    Notes go to stdout, the others to stderr.  On a terminal long ones are wrapped.
    """
    tables = [p.message for p in found if p.level == "note" and "\n" in p.message]
    for table in tables if not quiet else ():
        print(table, end="\n\n")
    for level in ("note", "warning", "error"):
        stream = sys.stdout if level == "note" else sys.stderr
        for problem in found:
            if problem.level != level or problem.message in tables or (quiet and level == "note"):
                continue
            print(wrapped(f"{level}: {problem.message}", stream), file=stream, flush=True)


def count(n: int, noun: str) -> str:
    """`1 warning`, `2 warnings`."""
    return f"{n} {noun}{'' if n == 1 else 's'}"


def print_equality(found: Equality) -> None:
    """Differences of LAMMPS from a model's calculator: the frames as a table, then the verdict."""
    from rich.console import Console

    if found.differences:
        Console().print(equality_table(found))
    for line in (found.verdict if found.equal else "", found.note):
        if line:
            print(line)


def equality_table(found: Equality) -> Table:
    """A row per frame; energies and virial in eV, forces in eV/Å."""
    from rich.table import Table

    table = Table(title="LAMMPS against the model's own calculator")
    for header in ("step", "|ΔE| eV", "|ΔE| eV/atom", "max |ΔF| eV/Å", "RMS ΔF eV/Å", "max |Δvirial| eV", "equal"):
        table.add_column(header, justify="right")
    for d in found.differences:
        numbers = (d.energy_eV, d.energy_eV_per_atom, d.force_eV_per_A, d.rms_force_eV_per_A, d.virial_eV)
        equal = "yes" if d.ratio(found.limits) <= 1 else "NO"
        table.add_row(str(d.step), *(f"{number:.1e}" for number in numbers), equal)
    return table
