"""`lmpdrive simulate`, `render`, `run-deck` and `resume`: what writes or runs a deck."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lmpdrive.cli.check import check
from lmpdrive.cli.conclusion import print_conclusion
from lmpdrive.cli.options import EveryNumber, File, NewRunDirectory, NoAnalysis, Quiet, Set, Trust, Verbose, Walltime
from lmpdrive.cli.printing import progress_printer

if TYPE_CHECKING:
    from lmpdrive.pipeline import Result

RENDER_EXAMPLES = (
    "Example: `lmpdrive render inputs/au111-water-3na.yaml --out runs/au`; run it there with `lmp -in in.lammps`"
)
RUN_DECK_EXAMPLES = "Example: `lmpdrive run-deck runs/mace/in.lammps`"
RESUME_EXAMPLES = (
    "Examples: `lmpdrive resume runs/pt111-water --walltime 24h`; longer than planned: "
    "`lmpdrive resume runs/pt111-water --set dynamics.production_ps=100`"
)
SIMULATE_EXAMPLES = "Example: `lmpdrive simulate inputs/pt111-water.yaml --set dynamics.production_ps=2`"


def render(
    file: File,
    out: NewRunDirectory = None,
    set_: Set = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    trust: Trust = False,
) -> None:
    """Write the deck and its files without running."""
    from lmpdrive import pipeline
    from lmpdrive.common.run_files import CONFIG
    from lmpdrive.config import load
    from lmpdrive.deck.context import run_command

    folder = pipeline.render(file, out or pipeline.default_directory(file), set_ or (), progress_printer(quiet), trust)
    if not quiet:
        print(f"wrote {folder}; run it there with: {run_command(load(folder / CONFIG))}")


def run_deck(
    deck: Annotated[Path, typer.Argument(help="A deck in the run directory it was rendered into.", metavar="DECK")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Run again over the files of an earlier run.")] = False,
    walltime: Walltime = None,
    verbose: EveryNumber = False,
    quiet: Quiet = False,
    trust: Trust = False,
) -> None:
    """Run a rendered deck as it stands, hand edits included; needed where the potential is Python."""
    from lmpdrive import pipeline

    _finish(pipeline.run_deck(deck, overwrite, quiet, progress_printer(quiet), trust, walltime), quiet, verbose)


def resume(
    run_dir: Annotated[Path, typer.Argument(help="The directory of a run that stopped.", metavar="RUN")],
    set_: Set = None,
    restart: Annotated[
        str | None, typer.Option("--restart", metavar="FILE", help="Resume from this restart file of the run.")
    ] = None,
    accept_deck: Annotated[
        bool, typer.Option("--accept-deck", help="Resume with a deck that was edited after the run began.")
    ] = False,
    walltime: Walltime = None,
    no_analysis: NoAnalysis = False,
    verbose: EveryNumber = False,
    quiet: Quiet = False,
    trust: Trust = False,
) -> None:
    """Resume a run from its newest intact restart file, or extend a finished one."""
    from lmpdrive import pipeline

    say = progress_printer(quiet)
    result = pipeline.resume(run_dir, set_ or (), quiet, say, trust, walltime, restart, not no_analysis, accept_deck)
    _finish(result, quiet, verbose)


def simulate(
    file: File,
    out: NewRunDirectory = None,
    set_: Set = None,
    new: Annotated[bool, typer.Option("--new", help="Where there is a run already, a new one: NAME-2, ...")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and say what would run; write nothing.")] = False,
    walltime: Walltime = None,
    no_analysis: NoAnalysis = False,
    verbose: EveryNumber = False,
    quiet: Quiet = False,
    trust: Trust = False,
) -> None:
    """Build, run, analyse and report."""
    from lmpdrive import pipeline
    from lmpdrive.engine.directory.new import next_free

    if new:
        out = next_free(out or pipeline.default_directory(file))
    if dry_run:
        check(file, set_, verbose, quiet, trust=trust)
        if not quiet:
            _print_plan(file, out or pipeline.default_directory(file), set_)
        return
    say = progress_printer(quiet)
    result = pipeline.simulate(file, out, set_ or (), quiet, say, trust, walltime, not no_analysis)
    _finish(result, quiet, verbose)


def _print_plan(file: Path, out: Path, overrides: list[str] | None) -> None:
    from lmpdrive.config import load
    from lmpdrive.stages.umbrella_windows import is_set, planned_windows

    config = load(file, overrides or ())
    dynamics = config.dynamics
    windows = f"{len(planned_windows(config))} windows of " if is_set(config) else ""
    print(
        f"would run {windows}{dynamics.ensemble} with {config.potential.architecture} in {out}: "
        f"{config.equilibrate_steps} + {config.production_steps} steps of {dynamics.timestep_fs} fs"
    )


def _finish(result: Result, quiet: bool, every_number: bool) -> None:
    """Print the results of a run; exit 130 or 75 if it was stopped."""
    from lmpdrive.common.walltime import EXIT_CODE

    print_conclusion(result, quiet, every_number)
    exit_code = {"interrupted": 130, "walltime": EXIT_CODE}.get(result.state)
    if exit_code:
        raise typer.Exit(exit_code)
