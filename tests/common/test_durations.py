"""Durations for people."""

from __future__ import annotations

import time

import pytest

from lmpdrive.campaigns.commands import _time
from lmpdrive.common.durations import duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (50, "50 s"), (100, "2 min"), (12 * 60, "12 min"), (3 * 3600 + 20 * 60, "3 h 20 min")],
)
def test_words(seconds, words):
    assert duration(seconds) == words


def test_what_is_left_is_as_slow_as_what_was_done():
    began = time.monotonic() - 20 * 60
    assert _time(0, 6, began) == " after 20 min"
    assert _time(2, 6, began) == " after 20 min, about 40 min left"
    assert _time(6, 6, began) == " after 20 min"
