"""Decks of which a person wrote a part: what `lmpdrive lint` finds in them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from lmpdrive.architectures import Problem
from lmpdrive.checks.case import Case
from lmpdrive.common.run_files import DATA, DECK
from lmpdrive.lint import lint

ELSEWHERE = ("frozen-thermostat", "frozen-momentum", "damping-unit")
"""Rules of own_templates.py."""


def lint_of_own_decks(case: Case) -> Iterator[Problem]:
    """Errors and warnings of the deck's text, with the system's own data file beside it."""
    if case.own_deck is None:
        return
    from lmpdrive.system import write_data

    with tempfile.TemporaryDirectory(prefix="lmpdrive-") as name:
        folder, potential = Path(name), case.config.potential
        case.own_deck.write(folder)
        write_data(case.system, folder / DATA, potential.atom_style)
        for one in lint(folder / DECK).findings:
            if one.level != "note" and one.code not in ELSEWHERE:
                file = "" if one.file == DECK else f"{one.file}, "
                yield Problem(
                    one.level, f"the deck of your templates, {file}line {one.line}: [{one.code}] {one.what}; {one.fix}"
                )
