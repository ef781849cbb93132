"""Many lmpdrive commands at a place, side by side: trainings, committees.  Each can be called again to go on."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path

from lmpdrive.campaigns import journal
from lmpdrive.campaigns.advance import COMMAND, Work
from lmpdrive.campaigns.drive import SAY_EVERY_S
from lmpdrive.campaigns.engine import Engine, engine
from lmpdrive.campaigns.file import Resources
from lmpdrive.campaigns.places import find_place
from lmpdrive.common.durations import duration
from lmpdrive.common.say import Say
from lmpdrive.errors import EngineError, PlaceError


@dataclass(frozen=True)
class Command:
    """One command line without `lmpdrive`.  done : a file that is there when nothing is left to do."""

    name: str
    words: tuple[str, ...]
    done: Path
    resources: str = "cpu"


@dataclass(frozen=True)
class Where:
    """A place, what its tasks need, and the folder for the engine's files and the journals."""

    place: str | None
    resources: Mapping[str, Resources]
    folder: Path
    tries: int = 3


def run_commands(title: str, commands: Sequence[Command], where: Where, say: Say) -> None:
    """All that are not done, as many at a time as the place has room for.

    Raises EngineError with the reasons of those that failed, when all have ended, and PlaceError where the place
    refuses.
    """
    wanted = [command for command in commands if not command.done.exists()]
    if not wanted:
        return
    place = find_place(where.place)
    say(f"{title}: {len(wanted)} of {len(commands)} to do, place: {place.name}")
    used = {command.resources: where.resources[command.resources] for command in wanted}
    failed: dict[str, str] = {}
    with engine(used, place, where.folder / "engine") as placed:
        tries = {command.name: 1 for command in wanted}
        waiting = {_submit(placed, command, where): command for command in wanted}
        ended, began = 0, time.monotonic()
        while waiting:
            done, _ = wait(waiting, timeout=SAY_EVERY_S, return_when=FIRST_COMPLETED)
            if not done:
                say(f"{title}: {ended} of {len(wanted)}{_time(ended, len(wanted), began)}")
            for future in done:
                command = waiting.pop(future)
                why = _why_failed(future, command, where)
                if why and tries[command.name] < where.tries and not _is_final(future):
                    tries[command.name] += 1
                    waiting[_submit(placed, command, where)] = command
                    continue
                ended += 1
                if why:
                    failed[command.name] = why
                how = f"{command.name}{f' failed: {why}' if why else ''}"
                say(f"{title}: {ended} of {len(wanted)}{_time(ended, len(wanted), began)}; {how}")
    if failed:
        lines = "\n".join(f"{name}: {why}" for name, why in failed.items())
        raise EngineError(f"{title}: {len(failed)} of {len(wanted)} failed; what is done stays\n{lines}")


def _time(ended: int, total: int, began_s: float) -> str:
    """So far, and what is left if the others take as long."""
    passed_s = time.monotonic() - began_s
    left = f", about {duration(passed_s * (total - ended) / ended)} left" if 0 < ended < total else ""
    return f" after {duration(passed_s)}{left}"


def _journal(command: Command, where: Where) -> Path:
    return where.folder / "journal" / f"{command.name}.jsonl"


def _submit(placed: Engine, command: Command, where: Where) -> Future[int]:
    work = Work(
        command.name,
        COMMAND,
        directory=where.folder,
        journal=_journal(command, where),
        base=where.folder,
        overrides=(),
        words=command.words,
    )
    return placed.submit(command.resources, work)


def _why_failed(future: Future[int], command: Command, where: Where) -> str:
    error = future.exception()
    if error is not None:
        for cause in (error, error.__cause__):
            if isinstance(cause, PlaceError):
                raise cause
        return f"its worker is gone ({type(error).__name__})"
    if future.result() == 0 and command.done.exists():
        return ""
    return journal.last_reason(journal.read(_journal(command, where))) or f"exit code {future.result()}"


def _is_final(future: Future[int]) -> bool:
    return future.exception() is None and future.result() in journal.FINAL
