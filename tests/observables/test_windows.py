"""Every origin is in exactly one window, however the samples arrive."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmpdrive.observables.correlation import autocorrelation
from lmpdrive.observables.windows import Stretch, Windows


def pairs(windows, longest):
    """{(t, t + τ)} of windows over arrays that hold the sample's own number."""
    found = []
    for (numbers,), n_origins, first in windows:
        assert first == numbers[0]
        assert list(numbers) == list(range(numbers[0], numbers[0] + len(numbers)))
        for i in range(n_origins):
            found += [(int(numbers[i]), int(later)) for later in numbers[i : i + longest + 1]]
    assert len(found) == len(set(found))
    return set(found)


def stretch(a, b):
    return Stretch(a, (np.arange(a, b),))


def seen(length, reach, start, cuts, stop, breaks):
    """A part of the trajectory that was added in pieces; windows it gave, and itself."""
    one, done = Windows(length, reach), []
    edges = sorted({start, stop, *(c for c in (*cuts, *breaks) if start < c < stop)})
    for a, b in pairwise(edges):
        if a in breaks:
            done += one.cut()
        done += one.add(stretch(a, b))
    return one, done


def expected(n, length, reach, breaks):
    """Pairs by definition: up to `reach` beyond the window's last origin, and not across a break."""
    limits = [*sorted(b for b in breaks if 0 < b < n), n]
    out = set()
    for t in range(n):
        last = min((t // length + 1) * length + reach, next(b for b in limits if b > t))
        out |= {(t, s) for s in range(t, min(last, t + length + 1))}
    return out


@given(
    n=st.integers(1, 60),
    length=st.integers(1, 12),
    everything=st.booleans(),
    parts=st.sets(st.integers(1, 59), max_size=6),
    pieces=st.sets(st.integers(1, 59), max_size=6),
    breaks=st.sets(st.integers(1, 59), max_size=3),
    from_the_right=st.booleans(),
)
def test_each_pair_once_whatever_the_parts(n, length, everything, parts, pieces, breaks, from_the_right):
    reach = length if everything else 1
    edges = sorted({0, n, *(p for p in parts if p < n)})
    sections, done = [], []
    for a, b in pairwise(edges):
        one, windows = seen(length, reach, a, pieces, b, breaks)
        if a in breaks:  # the observable knows from the times and cuts before merging
            one_with_cut = Windows(length, reach)
            one_with_cut.cut()
            windows = one_with_cut.merge(one) + windows
            one = one_with_cut
        sections.append(one)
        done += windows
    while len(sections) > 1:
        if from_the_right:
            last = sections.pop()
            done += sections[-1].merge(last)
        else:
            done += sections[0].merge(sections.pop(1))
    assert pairs(done + sections[0].unfinished(), length) == expected(n, length, reach, breaks)


def test_memory_is_two_windows_and_no_more():
    one = Windows(10, 10)
    for start in range(3, 5003, 50):
        one.add(stretch(start, start + 50))
    kept = len(one._head) + len(one._tail)
    assert kept <= 4 * 10
    assert one._head.arrays[0].base is None  # not a view that keeps its chunk alive


def test_unfinished_changes_nothing():
    one = Windows(4, 1)
    one.add(stretch(2, 7))
    assert pairs(one.unfinished(), 4) == pairs(one.unfinished(), 4)


@pytest.mark.parametrize(("n", "origins", "lags"), [(1, 1, 3), (7, 4, 9), (50, 25, 26), (50, 50, 50), (6, 0, 3)])
def test_fft_equals_the_double_loop(n, origins, lags):
    x = np.random.default_rng(n).normal(size=(n, 3))
    want = [sum(float(x[t] @ x[t + lag]) for t in range(origins) if t + lag < n) for lag in range(lags)]
    np.testing.assert_allclose(autocorrelation(x, origins, lags)[0], want, atol=1e-12)
    each = autocorrelation(x, origins, lags, np.eye(3))
    np.testing.assert_allclose(each.sum(axis=0), want, atol=1e-12)
    for i in (1, 2):
        np.testing.assert_allclose(each[i], autocorrelation(x[:, i : i + 1], origins, lags)[0], atol=1e-12)
