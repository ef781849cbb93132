"""`lmpdrive lint`: check LAMMPS decks without running them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = (
    "Examples: `lmpdrive lint in.lammps`, `lmpdrive lint --strict decks/*.lammps`, "
    "`lmpdrive lint in.lammps --data water.data --var T=330 --json`, `lmpdrive lint --rules`. "
    "Exit codes: 0 no errors, 5 errors (with `--strict` also warnings) or a file that is no deck, 2 usage."
)


def lint(
    decks: Annotated[
        list[Path] | None,
        typer.Argument(help="LAMMPS inputs; the folder of each is its run directory.", metavar="DECK"),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail too, for CI.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="FILE", help="Data file, in place of the one the deck reads.")
    ] = None,
    var: Annotated[
        list[str] | None, typer.Option("--var", metavar="NAME=VALUE", help="A variable, as `lmp -var` sets it.")
    ] = None,
    list_rules: Annotated[bool, typer.Option("--rules", help="List the rules with their codes.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the traceback of an error.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print errors only (with --strict warnings too).")
    ] = False,
) -> None:
    """Find what is wrong with LAMMPS decks although LAMMPS would run them.

    Units, element order, frozen atoms, dumps, restart files, and commands that reach outside the run directory, with
    line, code and cure.  Nothing is run.  `# lint: allow CODE` at the end of a line accepts what is found there.
    """
    from lmpdrive.errors import ConfigError, DeckError
    from lmpdrive.lint import Report, all_rules
    from lmpdrive.lint import lint as check

    if list_rules:
        for rule in all_rules():
            print(f"{rule.code:24} {rule.level:8} {rule.summary}")
        return
    if not decks:
        raise ConfigError("name the decks to check, e.g. lmpdrive lint in.lammps; or ask for --rules")
    if data is not None and not data.is_file():
        raise ConfigError(f"--data {data}: there is no such file")
    variables = dict(_variable(word) for word in var or ())
    reports: list[Report] = []
    unreadable: dict[str, str] = {}
    for deck in decks:
        try:
            reports.append(check(deck, data, variables))
        except DeckError as error:
            unreadable[str(deck)] = str(error)
    if as_json:
        failed = [{"deck": deck, "unreadable": why} for deck, why in unreadable.items()]
        print(json.dumps([r.as_dict() for r in reports] + failed, indent=1))
    else:
        for report in reports:
            _print(report, strict, quiet)
        for why in unreadable.values():
            print(f"error: {why}", file=sys.stderr)
    if unreadable or not all(r.passes(strict) for r in reports):
        raise typer.Exit(DeckError.exit_code)


def _variable(word: str) -> tuple[str, str]:
    from lmpdrive.errors import ConfigError

    name, equals, value = word.partition("=")
    if not (equals and name):
        raise ConfigError(f"--var {word}: write NAME=VALUE, for example --var T=330")
    return name, value


def _print(report, strict: bool, quiet: bool) -> None:
    folder = Path(report.deck).parent
    for one in report.findings:
        if quiet and one.level != "error" and not (strict and one.level == "warning"):
            continue
        print(f"{folder / one.file}:{one.line}: {one.level} [{one.code}] {one.what}\n    fix: {one.fix}")
    if not quiet:
        counts = ", ".join(f"{report.count(level)} {level}s" for level in ("error", "warning", "note"))
        print(f"{report.deck}: {counts}" + (f", {report.allowed} allowed by comments" if report.allowed else ""))
