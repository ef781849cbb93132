"""Command line: parse, call the pipeline, print.  Exit codes: `lmpdrive --help`, and `errors.py`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from lmpdrive._version import __version__
from lmpdrive.cli import env, lint, reproduce, trust, words
from lmpdrive.cli.exit import run as run_app

EXIT_CODES = """Exit codes: 0 done, 1 other error, 2 configuration, usage, or a model file not accepted, 3 structure,
4 model or check, 5 template, or a deck that `lint` finds wrong, 6 run directory, 7 LAMMPS, 8 trajectory, 9 environment,
12 unstable, 13 a run that `reproduce` finds different, 75 stopped for the wall-time limit, to be resumed, 130 stopped
by Ctrl-C or SIGTERM."""

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
app.command(epilog="Example: `lmpdrive doctor mace`")(env.doctor)
app.command(epilog=trust.EXAMPLES)(trust.trust)
app.command(epilog=lint.EXAMPLES)(lint.lint)
app.command(epilog=reproduce.EXAMPLES)(reproduce.reproduce)

File = Annotated[Path, typer.Argument(help="The YAML file.", metavar="FILE")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a value, e.g. --set dynamics.temperature_K=330."),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show the traceback of an error.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
Trust = Annotated[bool, typer.Option("--trust", help="Accept model files that can run code, as `lmpdrive trust` does.")]

Walltime = Annotated[
    str | None,
    typer.Option("--walltime", metavar="TIME", help="Stop before this limit (24h, 90min, 24:00:00), exit code 75."),
]


def _version(value: bool) -> None:
    if value:
        print(f"lmpdrive {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command(epilog="Example: `lmpdrive init system.yaml`")
def init(
    file: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("system.yaml"),
) -> None:
    """Write a commented starter file."""
    from lmpdrive.config.starter import STARTER
    from lmpdrive.errors import RunDirectoryError

    if file.exists():
        raise RunDirectoryError(f"{file} exists: it is not overwritten. Name another file.")
    try:
        file.write_text(STARTER)
    except OSError as error:
        raise RunDirectoryError(f"cannot write {file}: {error.strerror}") from None
    print(f"wrote {file}; next: lmpdrive check {file}")


@app.command(epilog="Example: `lmpdrive schema > lmpdrive.schema.json`")
def schema() -> None:
    """Print the JSON schema of the YAML file, for editors."""
    from lmpdrive.config import schema as text

    print(text())


@app.command(epilog="Examples: `lmpdrive check inputs/pt111-water.yaml`, and the same with `--compare`, or `--probe`")
def check(
    file: File,
    set_: Set = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    compare: Annotated[
        bool,
        typer.Option("--compare", help="Compare LAMMPS with the model's own calculator on frames of a short run."),
    ] = False,
    probe: Annotated[
        bool,
        typer.Option("--probe", help="Measure speed and memory on some seconds of the run, and say how long it takes."),
    ] = False,
    trust: Trust = False,
) -> None:
    """Find every problem that can be known before running."""
    from lmpdrive import pipeline
    from lmpdrive.errors import ModelError

    found = pipeline.check(file, set_ or (), trust=trust)
    words.print_problems(found, quiet)
    errors, warnings = (sum(p.level == level for p in found) for level in ("error", "warning"))
    if errors:
        print(f"{file}: {words.count(errors, 'error')}, {words.count(warnings, 'warning')}", file=sys.stderr)
        raise typer.Exit(ModelError.exit_code)
    if not quiet:
        print(f"{file}: no errors, {words.count(warnings, 'warning')}")
    if probe:
        _sayer(quiet)("measuring some seconds of the run; a model that is compiled on its first use takes minutes")
        for line in pipeline.measure_speed(file, set_ or ()).lines():
            print(line)
    if compare:
        equality = pipeline.compare_with_model(file, set_ or ())
        if not quiet:
            _print_equality(equality)
        if not equality.equal:
            print(f"error: {equality.explanation}", file=sys.stderr)
            raise typer.Exit(ModelError.exit_code)


@app.command(
    epilog="Example: `lmpdrive render inputs/au111-water-3na.yaml --out runs/au`; run it there with `lmp -in in.lammps`"
)
def render(
    file: File,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Run directory; default runs/NAME.")] = None,
    set_: Set = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    trust: Trust = False,
) -> None:
    """Write the deck and its files without running."""
    from lmpdrive import pipeline

    folder = pipeline.render(file, out or pipeline.default_directory(file), set_ or (), _sayer(quiet), trust)
    if not quiet:
        print(f"wrote {folder}; run it there with: {_how_to_run(folder)}")


@app.command("run-deck", epilog="Example: `lmpdrive run-deck runs/mace/in.lammps`")
def run_deck(
    deck: Annotated[Path, typer.Argument(help="A deck in the run directory it was rendered into.", metavar="DECK")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Run again over the files of an earlier run.")] = False,
    walltime: Walltime = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    trust: Trust = False,
) -> None:
    """Run a rendered deck as it stands, hand edits included; needed where the potential is Python."""
    from lmpdrive import pipeline

    _finish(pipeline.run_deck(deck, overwrite, quiet, _sayer(quiet), trust, walltime), quiet)


@app.command(
    epilog="Examples: `lmpdrive resume runs/pt111-water --walltime 24h`; longer than planned: "
    "`lmpdrive resume runs/pt111-water --set dynamics.production_ps=100`"
)
def resume(
    run_dir: Annotated[Path, typer.Argument(help="The directory of a run that stopped.", metavar="RUN")],
    set_: Set = None,
    restart: Annotated[
        str | None, typer.Option("--restart", metavar="FILE", help="Go on from this restart file of the run.")
    ] = None,
    walltime: Walltime = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    trust: Trust = False,
) -> None:
    """Continue a run from its newest whole restart, or make a finished one longer."""
    from lmpdrive import pipeline

    _finish(pipeline.resume(run_dir, set_ or (), quiet, _sayer(quiet), trust, walltime, restart), quiet)


@app.command(epilog="Example: `lmpdrive simulate inputs/pt111-water.yaml --set dynamics.production_ps=2`")
def simulate(
    file: File,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Run directory; default runs/NAME.")] = None,
    set_: Set = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and say what would run; write nothing.")] = False,
    walltime: Walltime = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    trust: Trust = False,
) -> None:
    """Build, run, analyse and report."""
    from lmpdrive import pipeline

    if dry_run:
        check(file, set_, verbose, quiet, trust=trust)
        from lmpdrive.config import load

        config = load(file, set_ or ())
        dynamics = config.dynamics
        if not quiet:
            print(
                f"would run {dynamics.ensemble} with {config.potential.architecture} in "
                f"{out or pipeline.default_directory(file)}: {config.equilibrate_steps} + "
                f"{config.production_steps} steps of {dynamics.timestep_fs} fs"
            )
        return
    _finish(pipeline.simulate(file, out, set_ or (), quiet, _sayer(quiet), trust, walltime), quiet)


@app.command(
    epilog="Examples: `lmpdrive analyse runs/pt111-water` or `lmpdrive analyse old.dump --elements Au --elements H "
    "--elements Na --elements O --timestep-fs 0.5 --out results`"
)
def analyse(
    path: Annotated[Path, typer.Argument(help="A run directory or a trajectory.", metavar="RUN_OR_TRAJECTORY")],
    data: Annotated[Path | None, typer.Option(help="LAMMPS data file that names the elements.")] = None,
    elements: Annotated[
        list[str] | None, typer.Option(help="Elements in the order of the types.", metavar="EL ...")
    ] = None,
    timestep_fs: Annotated[float | None, typer.Option("--timestep-fs", min=1e-6, help="Timestep of the run.")] = None,
    every: Annotated[int | None, typer.Option(min=1, help="Steps between frames.")] = None,
    bin_width: Annotated[float | None, typer.Option("--bin-width-A", min=1e-3, help="Width of the bins [Å].")] = None,
    blocks: Annotated[int | None, typer.Option(min=2, help="Blocks of the error bars.")] = None,
    discard_ps: Annotated[
        str | None, typer.Option("--discard-ps", metavar="PS|auto", help="Leave out the start; auto finds how much.")
    ] = None,
    observable: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this one; may be repeated. `lmpdrive observables` lists them."),
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(metavar="NAME.KEY=VALUE", help="Option of an observable, e.g. rdf.max_A=8.")
    ] = None,
    extra: Annotated[list[Path] | None, typer.Option(metavar="FILE.py", help="Observables of your own.")] = None,
    target_error: Annotated[
        float | None, typer.Option("--target-error", min=1e-9, help="Relative 95 % band that counts as converged.")
    ] = None,
    parallel: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    no_report: Annotated[bool, typer.Option("--no-report", help="Tables only: no figures, no report.html.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the results.")] = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Observables with error bars, from a run or from any trajectory."""
    from contextlib import nullcontext

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
            options=words.options(option or []),
            extra=extra or (),
            discard_ps=words.discard(discard_ps),
            target_error=target_error,
            parallel=parallel,
            with_report=not no_report,
            progress=bar,
            say=_sayer(quiet),
        )
    _print_summary(result, quiet)


@app.command(epilog="Example: `lmpdrive observables rdf`")
def observables(
    name: Annotated[str | None, typer.Argument(help="Only this one.", metavar="[NAME]")] = None,
    extra: Annotated[list[Path] | None, typer.Option(metavar="FILE.py", help="Observables of your own.")] = None,
    verbose: Verbose = False,
) -> None:
    """List the observables with their equations and options."""
    from lmpdrive.observables.listing import listing

    print(listing(name, extra or ()))


@app.command(
    epilog="Examples: `lmpdrive compare runs/a runs/b --labels 300K 330K --out comparison`, and with the potentials' "
    "errors on labelled frames: `lmpdrive compare runs/dp runs/mace --test held-back.xyz.gz --out comparison`"
)
def compare(
    runs: Annotated[list[Path], typer.Argument(help="Analysed runs; the first is the reference.", metavar="RUN ...")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the comparison.")],
    labels: Annotated[
        list[str] | None, typer.Option(help="Names of the runs; default: of their folders.", metavar="A B ...")
    ] = None,
    test: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FRAMES",
            help="Labelled frames to measure each run's potential on (any file ASE reads); may be repeated.",
        ),
    ] = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Profiles and numbers of analysed runs side by side, with the significance of their differences."""
    from lmpdrive import pipeline

    found = pipeline.compare(runs, out, labels, test or (), _sayer(quiet))
    for warning in found.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if quiet:
        return
    for run in found.runs[1:]:
        judged = [one for one in found.differences if one.label == run.label and one.n]
        differ = [f"{one.table}{' *' if one.doubtful else ''}" for one in judged if one.different]
        print(f"{run.label}: {len(differ)} of {len(judged)} profiles differ from {found.runs[0].label}", end="")
        print(f": {', '.join(differ)}" if differ else "")
    if any(one.doubtful for one in found.differences):
        print("* a block is shorter than the correlation time: too many bins differ, run longer")
    print(f"comparison: {found.page}")


@app.command(epilog="Example: `lmpdrive report runs/pt111-water`")
def report(
    run_dir: Annotated[Path, typer.Argument(help="A run directory.", metavar="RUN")],
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Write `report.html` again."""
    from contextlib import nullcontext

    from lmpdrive import pipeline
    from lmpdrive.stages.progress_bar import FramesBar

    with nullcontext() if quiet else FramesBar() as bar:
        page = pipeline.report(run_dir, bar)
    if not quiet:
        print(page)


def _sayer(quiet: bool):
    return (lambda _: None) if quiet else (lambda text: print(text, file=sys.stderr, flush=True))


def _how_to_run(folder: Path) -> str:
    """The command that runs the deck, as the deck itself says."""
    import re

    told = re.search(r"^#.*?\s((?:lmp|lmpdrive) .*in\.lammps)$", (folder / "in.lammps").read_text(), re.M)
    return told[1] if told else "lmp -in in.lammps"


def _print_equality(found) -> None:
    """Differences of the frames as a table, then the verdict."""
    from rich.console import Console

    from lmpdrive.cli.equality_table import table

    if found.differences:
        Console().print(table(found))
    for line in (found.verdict if found.equal else "", found.note):
        if line:
            print(line)


def _finish(result, quiet: bool) -> None:
    """Print the results of a run; exit 130 or 75 if it was stopped."""
    from lmpdrive.common.walltime import EXIT_CODE

    _print_summary(result, quiet)
    stopped = {"interrupted": 130, "walltime": EXIT_CODE}.get(result.state)
    if stopped:
        if not quiet:
            print(f"continue with: lmpdrive resume {result.directory}", file=sys.stderr)
        raise typer.Exit(stopped)


def _print_summary(result, quiet: bool) -> None:
    if quiet:
        return
    for name, (value, error) in result.summary.items():
        if name.startswith("sampling: ") or value != value:  # too short a run for it
            continue
        print(f"{name}: {value:.4g}" + (f" ± {2 * error:.2g}" if error == error else ""))
    print(f"results: {result.directory}")


def main() -> NoReturn:
    """Run the command line; every expected error is one message and its exit code."""
    run_app(app, words.spread(sys.argv[1:]))
