"""A progress bar for work on frames: rate and time left, on a terminal or in a notebook; else a line every 30 s."""

from __future__ import annotations

import sys
import time
from typing import Any, Self

from lmpdrive.common.notebook import NotebookLine, in_notebook

QUIET_S = 1.0
"""Work that ends sooner shows nothing."""

LINE_EVERY_S = 30.0


class FramesBar:
    """Call it with (frames done, frames in all); use it as a context, so that the bar is taken down.

    >>> with FramesBar() as bar:
    ...     bar(500, 1000)
    """

    def __init__(self) -> None:
        self._started = self._shown = time.monotonic()
        self._first = 0
        self._last: int | None = None
        self._line = NotebookLine() if in_notebook() else None
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for shown in (self._bar, self._line):
            if shown:
                shown.stop()

    def __call__(self, done: int, total: int) -> None:
        """Show it."""
        now = time.monotonic()
        if self._last is None or done <= self._last:  # a pass over the frames begins; what came before is no rate
            self._started, self._first = now, done
        self._last = done
        if now - self._started < QUIET_S:
            return
        rate = (done - self._first) / (now - self._started)
        if self._line is not None:
            self._line.update(f"{done} of {total} frames, {_rate_and_time(done, total, rate)}", done / total)
        elif sys.stderr.isatty():
            self._draw(done, total, rate)
        elif now - self._shown >= LINE_EVERY_S:
            self._shown = now
            left = (total - done) / rate
            print(f"{done} of {total} frames, {rate:,.0f} frames/s, {left:.0f} s left", file=sys.stderr, flush=True)

    def _draw(self, done: int, total: int, rate: float) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            columns = (BarColumn(), MofNCompleteColumn(), TextColumn("frames  {task.fields[rate]}"))
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("", total=total, rate="")
            self._bar.start()
        self._bar.update(self._task, completed=done, total=total, rate=_rate_and_time(done, total, rate))


def _rate_and_time(done: int, total: int, rate: float) -> str:
    left = (total - done) / rate
    return f"{rate:,.0f}/s, {int(left) // 60}:{int(left) % 60:02d} left"
