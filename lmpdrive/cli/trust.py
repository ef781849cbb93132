"""`lmpdrive trust`: accept model files that can run code when they are loaded."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from lmpdrive.cli.options import Quiet, Verbose
from lmpdrive.errors import ConfigError

EXAMPLES = "Examples: `lmpdrive trust my.model`, `lmpdrive trust --list`, `lmpdrive trust --remove my.model`"


def trust(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Model files or folders; with --remove also first digits of a sha256.", metavar="[FILE ...]"
        ),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the files that were accepted.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Accept these no longer.")] = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Accept model files that can run code when loaded (pickles, TensorFlow graphs): once for each content.

    Such a file can do anything you can do: accept files only from people you trust.  A file that has changed is not
    accepted any more.  The models shipped with lmpdrive are accepted already.  docs/running.md says more.
    """
    from lmpdrive.common.trust import accept, entries, forget, record

    if not files and not list_:
        raise ConfigError("name the model files to accept, or ask for --list")
    if list_ and (files or remove):
        raise ConfigError("--list takes no files and no --remove")
    if list_:
        for entry in entries():
            print(f"{entry.sha256}  {entry.date}  {entry.file}")
        print(f"in {record()}", file=sys.stderr)
        return
    changed = forget([str(file) for file in files or ()]) if remove else accept(files or ())
    if quiet:
        return
    for entry in changed:
        print(f"{'removed' if remove else 'accepted'} {entry.file}\n  sha256 {entry.sha256}")
    if not changed:
        print("nothing to do: accepted before, or part of lmpdrive")
