"""Sums of observables in which each frame counts with a weight, for many sets of weights at once."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lmpdrive.observables.base import Observable
from lmpdrive.observables.profile import Bins
from lmpdrive.observables.series import Series

Array = NDArray[np.float64]
Seen = TypeVar("Seen", bound=Observable)


def weighted_sums(parts: Sequence[Seen], weights: Array) -> list[Seen]:
    """For each row of (S, P) weights an observable in which part p counts weights[s, p] times.

    What is no sum over frames (a smallest cell, a series) is as if all parts were merged.
    """
    merged = parts[0].blank()
    for part in parts:
        merged.merge(part)
    found = [copy.copy(merged) for _ in weights]
    for name in merged.frame_sums:
        values = [getattr(part, name) for part in parts]
        rows = isinstance(merged, Series) and name == "_rows"
        for one, value in zip(found, _rows(values, weights) if rows else _sums(values, weights), strict=True):
            setattr(one, name, value)
    return found


def _rows(values: Sequence[list[Array]], weights: Array) -> list[list[Array]]:
    """The rows of a series, which are kept one by one, each times its weight."""
    rows = [np.concatenate(value) for value in values]
    each = np.repeat(weights, [len(one) for one in rows], axis=1)
    every = np.concatenate(rows)
    return [[every * one[:, None]] for one in each]


def _sums(values: Sequence[Any], weights: Array) -> Sequence[Any]:
    """Σ_p weights[s, p] values[p] for each s, of numbers, arrays or bins, or of collections of them."""
    first = values[0]
    if isinstance(first, Bins):
        return _bins(values, weights)
    if isinstance(first, Mapping):
        columns = {key: _sums([value[key] for value in values], weights) for key in first}
        return [{key: column[s] for key, column in columns.items()} for s in range(len(weights))]
    if isinstance(first, list | tuple):
        each = [_sums([value[i] for value in values], weights) for i in range(len(first))]
        return [type(first)(column[s] for column in each) for s in range(len(weights))]
    summed = np.tensordot(weights, np.array(values, dtype=float), axes=1)
    return [float(one) for one in summed] if summed.ndim == 1 else list(summed)


def _bins(values: Sequence[Bins], weights: Array) -> list[Bins]:
    filled = [one for one in values if len(one.sums)]
    low = min((one.start for one in filled), default=0)
    high = max((one.stop for one in filled), default=0)
    summed = weights @ np.array([one.within(low, high) for one in values])
    found = []
    for sums in summed:
        one = Bins(values[0].width)
        one.start, one.sums = low, sums
        found.append(one)
    return found
