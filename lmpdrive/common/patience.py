"""What takes long says what it is, and goes on to say how long it has taken; what is quick says nothing."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lmpdrive.common.durations import duration
from lmpdrive.common.say import Say, silent

AFTER_S = 5.0
ON_A_TERMINAL_S, ELSEWHERE_S = 9.0, 60.0
"""Between two lines about the same work."""


class Heartbeat:
    """A thread that speaks of work that goes on: `what` after a while, then how long it has taken."""

    def __init__(self, say: Say, what: str | None, after_s: float, every_s: float | None = None) -> None:
        self._say, self._what, self._after_s = say, what, after_s
        self._every_s = every_s or (ON_A_TERMINAL_S if sys.stderr.isatty() else ELSEWHERE_S)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin to count."""
        self._thread.start()

    def stop(self) -> None:
        """Say no more."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        began = time.monotonic()
        if self._what is not None:
            if self._ended.wait(self._after_s):
                return
            self._say(self._what)
        while not self._ended.wait(self._every_s):
            self._say(f"  {duration(time.monotonic() - began)} so far")


@contextmanager
def announced_if_long(say: Say, what: str, after_s: float = AFTER_S, every_s: float | None = None) -> Iterator[None]:
    """Say `what` if the work within this context is not done after `after_s` seconds, and then that it goes on."""
    with _beating(Heartbeat(say, what, after_s, every_s), say):
        yield


@contextmanager
def going_on(say: Say, what: str, every_s: float | None = None) -> Iterator[None]:
    """Say `what` at once, and then that it goes on."""
    say(what)
    with _beating(Heartbeat(say, None, 0.0, every_s), say):
        yield


@contextmanager
def _beating(heartbeat: Heartbeat, say: Say) -> Iterator[None]:
    if say is silent:
        yield
        return
    heartbeat.start()
    try:
        yield
    finally:
        heartbeat.stop()
