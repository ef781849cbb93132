"""`lmpdrive env ...`: make, list, show and remove the environments of the architectures."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

from lmpdrive.cli.options import Quiet
from lmpdrive.cli.printing import progress_printer
from lmpdrive.common.say import Say, silent

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Isolated environments for architectures whose packages exclude each other.",
)

Name = Annotated[str, typer.Argument(help="Family or architecture, e.g. mace, or ./mine.py.", metavar="NAME")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show the installer's output, and tracebacks.")]


@app.command(
    epilog="Examples: `lmpdrive env create mace`, `lmpdrive env create ase --with PACKAGE --with torch==2.13.0`"
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
    """Make an environment, resume an interrupted installation, or bring an environment up to date."""
    from lmpdrive import environments
    from lmpdrive.architectures import recipe as find_recipe

    recipe = find_recipe(name)
    cuda = None if device is None else {"auto": environments.has_gpu(), "cpu": False, "cuda": True}[device]
    if python is not None:
        environments.point(recipe, python, progress_printer(quiet))
    elif dry_run:
        print("\n".join(environments.plan(recipe, cuda=cuda, extra=with_ or ()).lines()))
    else:
        try:
            with _installation_printers(verbose, quiet) as (say, show):
                environments.create(recipe, cuda=cuda, extra=with_ or (), say=say, show=show)
        except KeyboardInterrupt:
            print(f"completed steps are kept; resume with: lmpdrive env create {name}", file=sys.stderr)
            raise


@app.command("list", epilog="Example: `lmpdrive env list`")
def list_(verbose: Verbose = False) -> None:
    """List the environments that can be made, and those that exist."""
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
    site_python = environments.pointed_to(recipe.family)
    state, size = _state(recipe.family)
    print(f"{recipe.family}: {state}{', ' + size if size else ''}")
    print("\n".join(environments.plan(recipe).lines()))
    if site_python or environments.complete(recipe.family):
        about = ask(site_python or environments.python(recipe.family), ())
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
    progress_printer(quiet)(f"removed {environments.folder(name)}")


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


@contextmanager
def _installation_printers(verbose: bool, quiet: bool) -> Iterator[tuple[Say, Say]]:
    """What prints the steps, and what prints the installer's lines: all of them, or the last one on a terminal."""
    say = progress_printer(quiet)
    if quiet or (not verbose and not sys.stderr.isatty()):
        yield say, silent
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
