"""`lmpdrive env ...`: make, list, show and remove the environments of the architectures."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Isolated environments for architectures whose packages exclude each other.",
)

Name = Annotated[str, typer.Argument(help="Family or architecture, e.g. mace, or ./mine.py.", metavar="NAME")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show the installer's output, and tracebacks.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]


@app.command(
    epilog="Examples: `lmpdrive env create mace`, `lmpdrive env create ase --with chgnet --with torch==2.13.0`"
)
def create(
    name: Name,
    with_: Annotated[
        list[str] | None, typer.Option("--with", metavar="PACKAGE", help="Install this too; may be repeated.")
    ] = None,
    device: Annotated[
        Literal["auto", "cpu", "cuda"] | None, typer.Option(help="Builds for this; default: as before, or auto.")
    ] = None,
    python: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Use this interpreter of yours: nothing is installed.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be installed.")] = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Make an environment, go on with an interrupted one, or bring one up to date."""
    from lmpdrive import environments
    from lmpdrive.architectures import recipe as find_recipe

    recipe = find_recipe(name)
    cuda = None if device is None else {"auto": environments.has_gpu(), "cpu": False, "cuda": True}[device]
    if python is not None:
        environments.point(recipe, python, _sayer(quiet))
    elif dry_run:
        print("\n".join(environments.plan(recipe, cuda=cuda, extra=with_ or ()).lines()))
    else:
        try:
            with _output(verbose, quiet) as (say, show):
                environments.create(recipe, cuda=cuda, extra=with_ or (), say=say, show=show)
        except KeyboardInterrupt:
            print(f"what is installed stays; go on with: lmpdrive env create {name}", file=sys.stderr)
            raise


@app.command("list", epilog="Example: `lmpdrive env list`")
def list_(verbose: Verbose = False) -> None:
    """Environments that can be made, and those that are."""
    from lmpdrive import environments
    from lmpdrive.architectures import recipes

    rows = [("environment", "size", "interpreter", "state")]
    for name in sorted({*recipes(), *environments.names()}):
        state, size = _state(name)
        python = environments.pointed_to(name) or (environments.python(name) if name in environments.names() else "")
        rows.append((name, size, str(python), state))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip())
    print(f"in {environments.root()}")


@app.command(epilog="Example: `lmpdrive env show mace`")
def show(name: Name, verbose: Verbose = False) -> None:
    """State, recipe and packages of one environment."""
    from lmpdrive import environments
    from lmpdrive.architectures import recipe as find_recipe
    from lmpdrive.environments.interpreter import ask

    recipe = find_recipe(name)
    told = environments.pointed_to(recipe.family)
    state, size = _state(recipe.family)
    print(f"{recipe.family}: {state}{', ' + size if size else ''}")
    print("\n".join(environments.plan(recipe).lines()))
    if told or environments.complete(recipe.family):
        about = ask(told or environments.python(recipe.family), ())
        print(f"Python {about['python']}, {about['prefix']}")
        for package, version in sorted(about["versions"].items(), key=lambda row: row[0].lower()):
            print(f"  {package} {version}")


@app.command(epilog="Example: `lmpdrive env remove mace`")
def remove(
    name: Annotated[str, typer.Argument(help="As `lmpdrive env list` names it.", metavar="NAME")],
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Delete an environment."""
    from lmpdrive import environments

    environments.remove(name)
    _sayer(quiet)(f"removed {environments.folder(name)}")


def doctor(
    names: Annotated[list[str] | None, typer.Argument(help="Only these architectures.", metavar="[NAME ...]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    verbose: Verbose = False,
) -> None:
    """What runs on this machine: interpreter, versions, LAMMPS, couplings, and a real `run 0` of each architecture.

    Exit code 0 if all that is installed works, 7 if something installed does not, 9 if one that was named is not
    installed.
    """
    import json
    from dataclasses import asdict

    from lmpdrive.cli.doctor import examine
    from lmpdrive.errors import EngineError, InstallError

    found = []
    for finding in examine(names or ()):
        found.append(finding)
        if not as_json:
            _print_finding(finding)
    if as_json:
        print(json.dumps([asdict(f) for f in found], indent=1))
    if any(f.state == "broken" for f in found):
        raise typer.Exit(EngineError.exit_code)
    if names and any(f.state == "missing" for f in found):
        raise typer.Exit(InstallError.exit_code)


def _print_finding(finding) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colour = {"works": "green", "untried": "yellow", "missing": "dim", "broken": "red"}[finding.state]
    table = Table(box=None, show_header=False, title=Text(f"{finding.architecture}: {finding.state}", style=colour))
    table.title_justify = "left"
    rows = {
        "interpreter": finding.interpreter,
        "packages": ", ".join(f"{p} {v}" for p, v in finding.packages.items()),
        "device": finding.device,
        "LAMMPS": f"{finding.lammps['version']} with {', '.join(_notable(finding.lammps))}" if finding.lammps else "",
        "couplings": ", ".join(f"{c}: {'yes' if there else 'no'}" for c, there in finding.couplings.items()),
        "run 0": "{energy_eV:.4f} eV in {seconds} s".format(**finding.trial) if finding.trial else "",
        "says": finding.message,
        "cure": finding.cure,
    }
    for key, value in rows.items():
        if value:
            table.add_row(f"  {key}", Text(value))
    Console().print(table)


def _notable(lammps) -> list[str]:
    """Packages that potentials come in; `--json` has all."""
    wanted = {"ELECTRODE", "GPU", "KOKKOS", "KSPACE", "MANYBODY", "PLUGIN", "PYTHON"}
    return [p for p in lammps["packages"] if p in wanted or p.startswith(("ML-", "GRACE"))]


def _state(name: str) -> tuple[str, str]:
    """In words, and the size."""
    from lmpdrive import environments
    from lmpdrive.architectures import recipes

    if environments.pointed_to(name):
        return f"yours ({environments.settings_file()})", ""
    if name not in environments.names():
        known = recipes().get(name)
        size = known.size(environments.has_gpu()) if known else 0.0
        return "not made", f"about {size:.1f} GB"
    about = environments.complete(name)
    if about is None:
        return f"incomplete: lmpdrive env create {name}", ""
    if "python" in about:
        return "yours", ""
    return f"complete, lmpdrive {about['lmpdrive']}", f"{about['size_GB']:.1f} GB"


def _sayer(quiet: bool):
    return (lambda _: None) if quiet else (lambda text: print(text, file=sys.stderr, flush=True))


@contextmanager
def _output(verbose: bool, quiet: bool):
    """What prints the steps, and the installer's lines: all, or the last one on a terminal."""
    say = _sayer(quiet)
    if quiet or (not verbose and not sys.stderr.isatty()):
        yield say, lambda _: None
    elif verbose:
        yield say, say
    else:
        from rich.console import Console
        from rich.markup import escape

        console = Console(stderr=True)
        with console.status("") as status:
            yield (
                lambda text: console.print(text, highlight=False, markup=False, soft_wrap=True),
                lambda line: status.update(escape(line[: console.width - 4])),
            )
