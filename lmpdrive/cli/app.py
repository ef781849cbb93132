"""The command line: its commands in the order of `--help`.  Each is a function of the file of its name or subject.

Exit codes: `lmpdrive --help`, and `errors.py`.
"""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

from lmpdrive._version import __version__
from lmpdrive.cli import (
    analyse,
    arguments,
    campaign,
    check,
    compare,
    doctor,
    env,
    init,
    learn,
    lint,
    reproduce,
    simulate,
    train,
    trust,
    umbrella,
    uncertainty,
)
from lmpdrive.cli.exit import run as run_app

EXIT_CODES = """Exit codes: 0 done, 1 other error, 2 configuration, usage, or a model file not accepted, 3 structure,
4 model or check, 5 template, or a deck that `lint` finds wrong, 6 run directory, 7 LAMMPS, 8 trajectory, 9 environment,
12 unstable, 13 a run that `reproduce` finds different, 14 run directory in use by another process, 15 a place of a
campaign refuses, 16 stopped because the model was uncertain, 75 stopped for the wall-time limit, to be resumed, 130
stopped by Ctrl-C or SIGTERM."""

app = typer.Typer(
    name="lmpdrive",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Molecular dynamics of electrochemical interfaces with LAMMPS and any ML potential.",
    epilog=EXIT_CODES,
)
app.add_typer(env.app, name="env")
app.add_typer(campaign.app, name="campaign")
app.command(epilog=doctor.EXAMPLES)(doctor.doctor)
app.command(epilog=trust.EXAMPLES)(trust.trust)
app.command(epilog=lint.EXAMPLES)(lint.lint)
app.command(epilog=reproduce.EXAMPLES)(reproduce.reproduce)
app.command(epilog=init.INIT_EXAMPLES)(init.init)
app.command(epilog=init.SCHEMA_EXAMPLES)(init.schema)
app.command(epilog=check.EXAMPLES)(check.check)
app.command(epilog=simulate.RENDER_EXAMPLES)(simulate.render)
app.command("run-deck", epilog=simulate.RUN_DECK_EXAMPLES)(simulate.run_deck)
app.command(epilog=simulate.RESUME_EXAMPLES)(simulate.resume)
app.command(epilog=simulate.SIMULATE_EXAMPLES)(simulate.simulate)
app.command(epilog=analyse.ANALYSE_EXAMPLES)(analyse.analyse)
app.command(epilog=analyse.OBSERVABLES_EXAMPLES)(analyse.observables)
app.command(epilog=compare.EXAMPLES)(compare.compare)
app.command(epilog=uncertainty.EXAMPLES)(uncertainty.uncertainty)
app.command(epilog=umbrella.EXAMPLES)(umbrella.umbrella)
app.command(epilog=train.EXAMPLES)(train.train)
app.command(epilog=learn.EXAMPLES)(learn.learn)
app.command(epilog=analyse.REPORT_EXAMPLES)(analyse.report)


def _print_version(value: bool) -> None:
    if value:
        print(f"lmpdrive {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def main() -> NoReturn:
    """Run the command line; every expected error is one message and its exit code."""
    run_app(app, arguments.repeat_options(sys.argv[1:]))
