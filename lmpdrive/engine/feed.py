"""Give a deck to LAMMPS piece by piece, so that it can be stopped between two runs.

When asked to stop, LAMMPS itself ends the current run and rushes through the rest of the deck: a restart written there
has the fixes of a later stage, or a structure that was not minimised.  So the deck is read up to each run, and when the
run was stopped nothing of the rest is read: the restart is written at once, with the fixes of that stage.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmpdrive.deck.commands import JUMPS, Deck, read_deck
from lmpdrive.engine.restart.deck import plan
from lmpdrive.errors import DeckError


@dataclass(frozen=True)
class Piece:
    """Commands, and how they end: the ID of a `fix external`, and the name of the last command."""

    text: str
    fix: str | None
    last: str


def pieces(deck: Deck) -> Iterator[Piece]:
    """The deck, cut after each `fix external pf/callback`, and after each run if no command jumps."""
    jumps = any(command.name in JUMPS for command in deck.commands)
    cut = () if jumps else ("run", "minimize")
    text = ""
    for command in deck.commands:
        text += command.text
        if command.external is not None or command.name in cut:
            yield Piece(text, command.external, command.name)
            text = ""
    yield Piece(text, None, "")


def feed(
    lmp: Any,
    path: Path,
    stopped: Callable[[], bool] = lambda: False,
    connect: Callable[[str], None] = lambda _: None,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Run a deck to its end, or to the first run that was `stopped`, and write the last files there.

    `connect` gets the ID of each `fix external`; `check` raises what failed inside it.
    """
    deck = read_deck(path)
    ends = iter(_ends(deck))
    for number, piece in enumerate(pieces(deck)):
        file = path.with_name(f".{path.name}.part{number}")  # a file, so that labels and jumps work
        try:
            file.write_text(piece.text)
            lmp.file(str(file))
        finally:
            file.unlink(missing_ok=True)
            _checked(lmp, deck, check)
        if piece.fix is not None:
            connect(piece.fix)
        end = next(ends, None) if piece.last == "run" else None
        halted = end is not None and lmp.extract_global("ntimestep") < end  # by a `fix halt`
        if piece.last and (stopped() or halted):
            if piece.last == "run" and lmp.extract_global("ntimestep") > 0:
                write_last(lmp)
                _write_frames(lmp, deck)
            return


def _ends(deck: Deck) -> list[int | None]:
    """The step at which each run ends; empty where the text does not show it."""
    try:
        return [command.after for command in plan(deck) if command.name == "run"]
    except DeckError:
        return []


def _checked(lmp: Any, deck: Deck, check: Callable[[], None]) -> None:
    """Raise what failed in a callback, after writing where that was: the worker calls it failed.restart."""
    try:
        check()
    except BaseException:
        with contextlib.suppress(Exception):  # what failed first is the error to report
            write_last(lmp)
            _write_frames(lmp, deck)
        raise


def _write_frames(lmp: Any, deck: Deck) -> None:
    for command in last_frames(deck):
        lmp.command(command)


def last_frames(deck: Deck) -> list[str]:
    """The commands behind a deck's last run that write the last frame in full; those before it wrote another one."""
    runs = [i for i, command in enumerate(deck.commands) if command.name == "run"]
    end = deck.commands[runs[-1] + 1 if runs else 0 :]
    return [" ".join(command.words) for command in end if command.name == "write_dump"]


def write_last(lmp: Any) -> None:
    """`last.restart` and `final.data`, as the deck's end writes them; each complete or as it was."""
    for command, name in (("write_restart", "last.restart"), ("write_data", "final.data")):
        lmp.command(f"{command} .{name}")
        os.replace(f".{name}", name)
