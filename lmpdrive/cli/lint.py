"""`lmpdrive lint`: check LAMMPS decks without running them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lmpdrive.cli.arguments import parse_variable
from lmpdrive.cli.options import Verbose
from lmpdrive.errors import ConfigError, DeckError

if TYPE_CHECKING:
    from lmpdrive.lint import Report

EXAMPLES = (
    "Examples: `lmpdrive lint in.lammps`, `lmpdrive lint --strict decks/*.lammps`, "
    "`lmpdrive lint in.lammps --data water.data --var T=330 --json`, `lmpdrive lint --rules`. "
    "Exit codes: 0 no errors, 5 errors (with `--strict` also warnings) or a file that is no deck, 2 usage."
)

Decks = Annotated[
    list[Path] | None,
    typer.Argument(help="LAMMPS inputs; the folder of each is its run directory.", metavar="DECK"),
]
DataFile = Annotated[
    Path | None, typer.Option("--data", metavar="FILE", help="Data file, in place of the one the deck reads.")
]
Variables = Annotated[
    list[str] | None, typer.Option("--var", metavar="NAME=VALUE", help="A variable, as `lmp -var` sets it.")
]


def lint(
    decks: Decks = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail too, for CI.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data: DataFile = None,
    var: Variables = None,
    list_rules: Annotated[bool, typer.Option("--rules", help="List the rules with their codes.")] = False,
    verbose: Verbose = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print errors only (with --strict warnings too).")
    ] = False,
) -> None:
    """Find what is wrong with LAMMPS decks although LAMMPS would run them.

    Units, element order, frozen atoms, dumps, restart files, and commands that reach outside the run directory, with
    line, code and cure.  Nothing is run.  `# lint: allow CODE` at the end of a line accepts what is found there.
    """
    if list_rules:
        _print_rules()
        return
    if not decks:
        raise ConfigError("name the decks to check, e.g. lmpdrive lint in.lammps; or ask for --rules")
    if data is not None and not data.is_file():
        raise ConfigError(f"--data {data}: there is no such file")
    reports, unreadable = _check(decks, data, dict(parse_variable(argument) for argument in var or ()))
    if as_json:
        failed = [{"deck": deck, "unreadable": reason} for deck, reason in unreadable.items()]
        print(json.dumps([report.as_dict() for report in reports] + failed, indent=1))
    else:
        for report in reports:
            _print_report(report, strict, quiet)
        for reason in unreadable.values():
            print(f"error: {reason}", file=sys.stderr)
    if unreadable or not all(report.passes(strict) for report in reports):
        raise typer.Exit(DeckError.exit_code)


def _check(decks: list[Path], data: Path | None, variables: dict[str, str]) -> tuple[list[Report], dict[str, str]]:
    """Reports of the decks that can be read, and why the others cannot."""
    from lmpdrive.lint import lint as lint_deck

    reports: list[Report] = []
    unreadable: dict[str, str] = {}
    for deck in decks:
        try:
            reports.append(lint_deck(deck, data, variables))
        except DeckError as error:
            unreadable[str(deck)] = str(error)
    return reports, unreadable


def _print_rules() -> None:
    from lmpdrive.lint import all_rules

    for rule in all_rules():
        print(f"{rule.code:24} {rule.level:8} {rule.summary}")


def _print_report(report: Report, strict: bool, quiet: bool) -> None:
    folder = Path(report.deck).parent
    for finding in report.findings:
        if quiet and finding.level != "error" and not (strict and finding.level == "warning"):
            continue
        where = f"{folder / finding.file}:{finding.line}"
        print(f"{where}: {finding.level} [{finding.code}] {finding.what}\n    fix: {finding.fix}")
    if not quiet:
        counts = {level: report.count(level) for level in ("error", "warning", "note")}
        words = ", ".join(f"{n} {level if n == 1 else f'{level}s'}" for level, n in counts.items())
        print(f"{report.deck}: {words}" + (f", {report.allowed} allowed by comments" if report.allowed else ""))
