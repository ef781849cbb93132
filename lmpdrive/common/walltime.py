"""Wall-time limits of jobs.

    seconds("24h"), seconds("90min"), seconds("45s"), seconds("2d"), seconds("24:00:00"), seconds("1-12:00:00")

The last two are how batch systems write them.  Time is measured by the monotonic clock, which cannot be set.
"""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lmpdrive.errors import ConfigError

EXIT_CODE = 75
"""EX_TEMPFAIL of sysexits.h: not done, try again."""
RESERVE_S = 120.0
"""Reserved for the last step, the final restart and shutdown; a tenth of short limits."""

_UNITS = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86400}
_EXAMPLES = "write 24h, 90min, 45s, 2d, 24:00:00 or 1-12:00:00"


def seconds(text: str) -> float:
    """The length of a limit.  Raises ConfigError for what is none."""
    words = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d)", text.strip())
    clock = re.fullmatch(r"(?:(\d+)-)?(\d+):(\d\d):(\d\d)", text.strip())
    if words:
        found = float(words[1]) * _UNITS[words[2]]
    elif clock:
        days, hours, minutes, rest = (int(part or 0) for part in clock.groups())
        found = float(((days * 24 + hours) * 60 + minutes) * 60 + rest)
    else:
        raise ConfigError(f"'{text}' is no wall-time limit: {_EXAMPLES}")
    if found <= 0:
        raise ConfigError(f"'{text}' leaves no time: {_EXAMPLES}")
    return found


class OutOfTime(BaseException):
    """The deadline of `within` has passed; no Exception, so that nothing on the way takes it for its own."""


@contextmanager
def within(deadline: Deadline | None) -> Iterator[None]:
    """Raise OutOfTime in this thread when the deadline passes, whatever it is doing in Python then.

    Does nothing without a deadline, and outside of the main thread, where there are no signals.
    """
    if deadline is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    left_s = deadline.left_s()
    if left_s <= 0:
        raise OutOfTime

    def stop(*_: object) -> None:
        raise OutOfTime

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, left_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


class Deadline:
    """When a run must begin to stop, so that it has ended within `limit` seconds from now."""

    def __init__(self, limit_s: float) -> None:
        self._at = time.monotonic() + limit_s - min(RESERVE_S, 0.1 * limit_s)

    @classmethod
    def of(cls, text: str | None) -> Deadline | None:
        """From a limit as the user writes it; None without one."""
        return None if text is None else cls(seconds(text))

    def left_s(self) -> float:
        """Time that remains; negative when it has passed."""
        return self._at - time.monotonic()
