"""`events.jsonl`: one JSON object a line, what the guard saw in a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from lmpdrive.common.atomic import write_atomically
from lmpdrive.errors import RunDirectoryError
from lmpdrive.stability import Event

EVENTS = "events.jsonl"
ENDS = ("stop", "continue")
"""Actions after which nothing is averaged; `restart`: rolled back to before the event; `accepted`: by a person."""


def read(run_dir: Path) -> list[Event] | None:
    """The events of a run directory; None if it has no such file.

    Raises RunDirectoryError for a line that is no event.
    """
    path = run_dir / EVENTS
    if not path.is_file():
        return None
    found = []
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found.append(Event.read(line))
        except (ValueError, TypeError, AttributeError) as error:
            raise RunDirectoryError(
                f"{path}, line {number} is no event: {error}. Remove the line, or the whole file: without it "
                "guard.txt and the log are read instead"
            ) from None
    return found


def write(run_dir: Path, events: Iterable[Event]) -> None:
    """Replace the file, whole or not at all."""
    write_atomically(run_dir / EVENTS, "".join(event.line() + "\n" for event in events))


def first_end(events: Sequence[Event]) -> Event | None:
    """The earliest event that ends the stable part."""
    return min((e for e in events if e.action in ENDS), key=lambda e: e.step, default=None)
