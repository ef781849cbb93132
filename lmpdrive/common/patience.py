"""`announced_if_long`: what takes more than some seconds says what it is; what is quick says nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from lmpdrive.common.say import Say, silent

AFTER_S = 5.0


@contextmanager
def announced_if_long(say: Say, what: str, after_s: float = AFTER_S) -> Iterator[None]:
    """Say `what` once, from another thread, if the work within this context is not done after `after_s` seconds."""
    if say is silent:
        yield
        return
    timer = threading.Timer(after_s, say, [what])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
