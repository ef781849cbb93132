"""Windows of consecutive samples, cut at fixed places of the trajectory, for correlations in time.

A sample is a frame that is used (every `stride`-th of the trajectory).  Window k has the time origins
k L <= s < (k + 1) L and the `reach` samples after them.  Because windows are numbered from the start of the
trajectory and not from the start of a chunk, results do not depend on how the frames were cut: a part that begins
inside a window keeps its first samples (the head), a part that ends inside one keeps its last (the tail), and
`merge` joins the two.  Nothing else is kept.

    windows = Windows(length=250, reach=1)
    for window in windows.add(Stretch(first, (array,))):
        ...                                   # window.arrays: over n_origins + reach samples
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Arrays = tuple[NDArray[Any], ...]


class Window(NamedTuple):
    """Arrays over the samples of a window, how many of the first are time origins, and the number of the first."""

    arrays: Arrays
    n_origins: int
    first: int


@dataclass(frozen=True)
class Stretch:
    """Consecutive samples: number of the first, and arrays whose first axis is the sample."""

    first: int
    arrays: Arrays

    def __len__(self) -> int:
        return len(self.arrays[0])

    @property
    def stop(self) -> int:
        """One past the last sample."""
        return self.first + len(self)

    def part(self, start: int, stop: int) -> Stretch:
        """Samples `start` to `stop` (exclusive), as far as they are here."""
        start, stop = max(start, self.first), min(stop, self.stop)
        cut = slice(start - self.first, max(start, stop) - self.first)
        return Stretch(start, tuple(array[cut] for array in self.arrays))

    def joined(self, other: Stretch) -> Stretch:
        """These samples and the next."""
        return Stretch(self.first, tuple(np.concatenate(pair) for pair in zip(self.arrays, other.arrays, strict=True)))

    def owned(self) -> Stretch:
        """A copy, so that a small part does not keep a chunk in memory."""
        return Stretch(self.first, tuple(array.copy() for array in self.arrays))


class Windows:
    """Turns stretches of samples into windows; remembers what the parts before and after will need."""

    def __init__(self, length: int, reach: int) -> None:
        self.length, self.reach = length, reach
        self._head: Stretch | None = None
        self._head_end = 0
        self._tail: Stretch | None = None
        self._origin = 0
        self._started = False

    def add(self, new: Stretch) -> list[Window]:
        """The windows that are complete with these samples, which follow those added before."""
        if not len(new):
            return []
        if self._tail is None:
            aligned = -(-new.first // self.length) * self.length
            may_have_begun = not self._started and new.first > 0
            self._origin = aligned if may_have_begun else new.first
            if may_have_begun:
                self._head_end = aligned + self.reach
                self._head = new.part(new.first, self._head_end).owned()
            self._tail = new.owned()
            self._started = True
        else:
            if self._head is not None and self._head.stop == self._tail.stop:
                self._head = self._head.joined(new.part(new.first, self._head_end))
            self._tail = self._tail.joined(new)
        done = []
        while self._tail.stop >= (end := self._end(self._origin)) + self.reach:
            samples = self._tail.part(self._origin, end + self.reach)
            done.append(Window(samples.arrays, end - self._origin, self._origin))
            self._origin = end
        if done:
            self._tail = self._tail.part(self._origin, self._tail.stop).owned()
        return done

    def cut(self) -> list[Window]:
        """No pair may reach from the samples so far to the next; the windows that end here."""
        done = self._tail_windows()
        self._tail = None
        self._started = True
        return done

    def merge(self, other: Windows) -> list[Window]:
        """Continue with what `other` saw after this; the windows that both complete together."""
        if not other._started:
            return []
        if not self._started:
            self._started, self._origin = True, other._origin
            self._head, self._head_end, self._tail = other._head, other._head_end, other._tail
            return []
        head = other._head
        if head is None or self._tail is None or head.first != self._tail.stop:
            done = self.cut() + other._head_windows()
            self._tail, self._origin = other._tail, other._origin
            return done
        done = self.add(head)
        if other._tail is None or other._tail.stop != head.stop or head.stop == other._head_end:
            if head.stop < other._head_end:  # a cut came before the head was full; `other` did the rest of it
                done += self._tail_windows(stop=other._head_end - other.reach)
            self._tail, self._origin = other._tail, other._origin
        return done

    def unfinished(self) -> list[Window]:
        """What is left at both ends, as shorter windows; changes nothing."""
        return self._head_windows() + self._tail_windows()

    def _end(self, origin: int) -> int:
        return (origin // self.length + 1) * self.length

    def _head_windows(self) -> list[Window]:
        if self._head is None:
            return []
        n = min(self._head_end - self.reach, self._head.stop) - self._head.first
        return [Window(self._head.arrays, n, self._head.first)] if n > 0 else []

    def _tail_windows(self, stop: int | None = None) -> list[Window]:
        """Windows of the origins that are left (before `stop`), with as much reach as there is."""
        if self._tail is None:
            return []
        windows, origin = [], self._origin
        stop = self._tail.stop if stop is None else min(stop, self._tail.stop)
        while origin < stop:
            end = min(self._end(origin), stop)
            windows.append(Window(self._tail.part(origin, end + self.reach).arrays, end - origin, origin))
            origin = end
        return windows
