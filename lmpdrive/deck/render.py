"""Config + system -> text of the deck and of the files that it includes.  Pure: the same input gives the same bytes.

A user's `templates:` folder comes first, so a file of the same name shadows a shipped one, and can
extend it: `{% extends "shipped/deepmd.lmp.j2" %}`.  A deck's `include NAME.lammps` is rendered from `NAME.lmp.j2`.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from lmpdrive.common import resources
from lmpdrive.common.run_files import (
    ASE_STATE,
    CONFIG,
    CONFIG_GIVEN,
    DATA,
    DECK,
    FINAL_DATA,
    LAST_RESTART,
    LOG,
    MANIFEST,
)
from lmpdrive.config import Config
from lmpdrive.deck.auxiliary import auxiliary_files
from lmpdrive.deck.bias import PLUMED, plumed_file
from lmpdrive.deck.commands import parse_deck
from lmpdrive.deck.context import context
from lmpdrive.deck.guard_variables import guard_variables
from lmpdrive.deck.ramps import ramps
from lmpdrive.deck.rendered import RenderedDeck
from lmpdrive.deck.sandbox import DeckEnvironment
from lmpdrive.errors import DeckError
from lmpdrive.system import BuiltSystem

RUN_FILES = (CONFIG_GIVEN, CONFIG, DATA, MANIFEST, LOG, LAST_RESTART, FINAL_DATA, ASE_STATE)
"""Names that stand for files of the run, not for ones beside a template."""
LAMMPS_LINE = 200
"""Lines of a deck are broken with `&` before this length."""


def own_folders(config: Config) -> list[Path]:
    """Where the user's own templates are looked up: `templates`, then beside `architecture: ./mine.py`."""
    architecture = Path(config.potential.architecture)
    found = [config.templates, architecture.parent if architecture.suffix == ".py" else None]
    return [folder for folder in found if folder is not None]


def render(config: Config, system: BuiltSystem) -> RenderedDeck:
    """The LAMMPS input script with its includes.

    Raises DeckError naming the template and line when it cannot be rendered.
    """
    folders = [*own_folders(config), resources.templates()]
    environment = _environment(folders)
    variables = dict(context(config, system))
    template = config.potential.chosen.template or config.potential.template
    files = {DECK: _text(environment, folders, template, variables)}
    # the guard's files follow the ramps of the deck, those of a user's template too
    variables |= guard_variables(config, system, ramps(parse_deck(files[DECK])))
    names = list(_includes(files[DECK]))
    while names:
        name = names.pop(0)
        template, stage = _guard_of_stage(config, name) or (f"{name.removesuffix('.lammps')}.lmp.j2", "")
        if name in files or not _exists(environment, template):
            continue
        files[name] = _text(environment, folders, template, variables | {"stage": stage})
        names += _includes(files[name])
    deck = parse_deck(files[DECK], DECK, files.get)
    made = (*files, *RUN_FILES, *config.potential.files(), *config.potential.made)
    plumed = plumed_file(config)
    given = {} if plumed is None else {PLUMED: plumed}
    return RenderedDeck(files, auxiliary_files(deck, folders[:-1], made, given))


def _guard_of_stage(config: Config, name: str) -> tuple[str, str] | None:
    """Template and stage of the guard's file at the beginning or the end of one of `dynamics.stages`."""
    for stage in config.plan:
        if stage.listed and name == f"guard.{stage.name}.lammps":
            return "guard.of_stage.lmp.j2", stage.name
        if stage.listed and name == f"guard.{stage.name}.end.lammps":
            return "guard.end.lmp.j2", stage.name
    return None


def _environment(folders: Sequence[Path]) -> DeckEnvironment:
    loaders = [jinja2.FileSystemLoader(folder) for folder in folders]
    shipped = loaders[-1]
    return DeckEnvironment(
        loader=jinja2.ChoiceLoader([*loaders[:-1], jinja2.PrefixLoader({"shipped": shipped}), shipped]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _text(environment: DeckEnvironment, folders: Sequence[Path], name: str, variables: Mapping[str, Any]) -> str:
    try:
        text = environment.get_template(name).render(**variables)
    except jinja2.TemplateNotFound as error:
        raise DeckError(f"there is no template {error.name}; looked in {', '.join(map(str, folders))}") from None
    except jinja2.TemplateSyntaxError as error:
        raise DeckError(f"{error.filename or error.name}, line {error.lineno}: {error.message}") from None
    except Exception as error:  # a user's template may raise anything
        place = _place(error, folders) or f"template {name}"
        what = str(error) or type(error).__name__
        raise DeckError(f"{place}: cannot be rendered: {what}") from None
    return "".join(_folded(line) + "\n" for line in _without_double_blanks(text))


def _includes(text: str) -> Iterator[str]:
    """The names of the deck's own files that a text includes."""
    for command in parse_deck(text).commands:
        name = command.words[1] if command.name == "include" and len(command.words) == 2 else ""
        if name.endswith(".lammps") and "/" not in name:
            yield name


def _exists(environment: DeckEnvironment, template: str) -> bool:
    try:
        environment.get_template(template)
    except jinja2.TemplateNotFound:
        return False
    except jinja2.TemplateSyntaxError:
        pass  # rendering it will say where
    return True


def _place(error: Exception, folders: Sequence[Path]) -> str:
    """`file, line n` of the innermost template in which `error` came up; empty if none is to blame."""
    roots = [os.path.realpath(folder) for folder in folders]
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = os.path.realpath(frame.filename)
        if not file.endswith(".py") and any(file.startswith(root + os.sep) for root in roots):
            return f"{frame.filename}, line {frame.lineno}"
    return ""


def _without_double_blanks(text: str) -> list[str]:
    lines: list[str] = []
    for line in text.splitlines():
        if line.strip() or (lines and lines[-1]):
            lines.append(line.rstrip())
    return lines


def _folded(line: str) -> str:
    """Break a long command with LAMMPS' continuation character; comments are left alone."""
    if len(line) <= LAMMPS_LINE or line.lstrip().startswith("#"):
        return line
    cut = line.rfind(" ", 0, LAMMPS_LINE)
    return line if cut <= 0 else f"{line[:cut]} &\n    {_folded(line[cut + 1 :])}"
