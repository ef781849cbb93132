"""Write docs/cli.md, the commands with their arguments and options, from the command line itself.

python docs/make_cli.py      # a test wants it up to date
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer

from lmpdrive.cli.app import app

PAGE = Path(__file__).with_name("cli.md")
HEAD = """# Command line

<!-- Written by docs/make_cli.py: change the docstrings and the help in lmpdrive/cli instead. -->

`lmpdrive COMMAND --help` shows the same. Times are in fs and ps, lengths in Å, temperatures in K. Arguments in brackets
may be left out."""
KINDS = {Path: "PATH", float: "NUMBER", int: "N"}
"""Placeholders of values that have none of their own."""


def page() -> str:
    """The whole page."""
    root = typer.main.get_command(app)
    commands = list(_commands(root, "lmpdrive"))
    index = [f"| [`{name}`](#{_anchor(name)}) | {_cell(_first_sentence(command))} |" for name, command in commands]
    parts = [HEAD, "\n".join(["| command | does |", "|---|---|", *index])]
    parts += [section(name, command) for name, command in commands]
    return "\n\n".join([*parts, f"## Exit codes\n\n{root.epilog}"]) + "\n"


def section(name: str, command: Any) -> str:
    """One command: what it does, how it is called, its arguments and options, examples."""
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option"]
    usage = " ".join([name, *(_argument(one) for one in arguments), *(["[OPTIONS]"] if options else [])])
    rows = [f"| `{_argument(one)}` | | {_cell(one.help)} |" for one in arguments]
    annotations = inspect.signature(command.callback, eval_str=True).parameters
    rows += [
        f"| {_option(one, annotations[one.name].annotation)} | {_default(one)} | {_cell(one.help)} |" for one in options
    ]
    parts = [f"## {name}", str(command.help), f"```text\n{usage}\n```"]
    if rows:
        parts.append("\n".join(["| argument or option | default | meaning |", "|---|---|---|", *rows]))
    if command.epilog:
        parts.append(command.epilog)
    return "\n\n".join(parts)


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """(name, command) in the order of `--help`; groups as their commands."""
    if not hasattr(command, "commands"):
        yield name, command
    for word, inner in getattr(command, "commands", {}).items():
        yield from _commands(inner, f"{name} {word}")


def _argument(one: Any) -> str:
    shown = one.metavar or one.name.upper()
    return shown if one.required or shown.startswith("[") else f"[{shown}]"


def _option(one: Any, annotation: Any) -> str:
    """Its names, with the placeholder or the choices of its value."""
    names = ", ".join(f"`{name}`" for name in (*one.opts, *one.secondary_opts))
    if one.is_flag:
        return names
    return f"{names} `{one.metavar or _values(annotation)}`".replace("|", "\\|")


def _values(annotation: Any) -> str:
    """The choices of a Literal, or the kind of value; `annotation` is `Annotated[int | None, ...]`."""
    inner = {part for outer in (annotation, *get_args(annotation)) for part in (outer, *get_args(outer))}
    for choice in inner:
        if get_origin(choice) is Literal:
            return "|".join(map(str, get_args(choice)))
    return next((shown for kind, shown in KINDS.items() if kind in inner), "TEXT")


def _default(one: Any) -> str:
    return "" if one.is_flag or one.default in (None, "") else f"`{one.default}`"


def _first_sentence(command: Any) -> str:
    return str(command.help).partition("\n\n")[0]


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def _anchor(name: str) -> str:
    return name.lower().replace(" ", "-")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
