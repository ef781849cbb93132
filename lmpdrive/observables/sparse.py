"""What is there in each sample and nothing else: a number (key) for each thing, and perhaps a vector.

Most molecules are not in a region most of the time, so this is what windows keep; a window is made dense when it is
correlated.  A key identifies an item for as long as it exists, e.g. an O-H bond by both atoms.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ragged = NDArray[np.object_]
"""(samples,) of arrays."""


def by_sample(sample: NDArray[np.int64], n_samples: int, *columns: NDArray[Any]) -> tuple[Ragged, ...]:
    """Columns (first axis: things, in any order of `sample`) cut into one array for each sample."""
    if len(sample) and (np.diff(sample) < 0).any():
        order = np.argsort(sample, kind="stable")
        sample, columns = sample[order], tuple(column[order] for column in columns)
    edges = np.searchsorted(sample, np.arange(n_samples + 1)).tolist()
    out = []
    for column in columns:
        cut = np.empty(n_samples, dtype=object)
        for i in range(n_samples):
            cut[i] = column[edges[i] : edges[i + 1]].copy()  # a view would keep the whole chunk in memory
        out.append(cut)
    return tuple(out)


def places(keys: Ragged) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(things,) sample and column of each key, and the (columns,) distinct keys."""
    sizes = [len(one) for one in keys]
    distinct, column = np.unique(np.concatenate(keys).astype(np.int64), return_inverse=True)
    return np.repeat(np.arange(len(keys)), sizes), column, distinct


def presence(keys: Ragged) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """(samples, columns) which things are there, and the key of each column."""
    sample, column, distinct = places(keys)
    out = np.zeros((len(keys), len(distinct)), dtype=bool)
    out[sample, column] = True
    return out, distinct


def dense(keys: Ragged, vectors: Ragged) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.int64]]:
    """(samples, columns, 3) vectors, zero where there is none, (samples, columns) which are there, and their keys."""
    sample, column, distinct = places(keys)
    out = np.zeros((len(keys), len(distinct), 3), dtype=np.float32)
    present = np.zeros((len(keys), len(distinct)), dtype=bool)
    out[sample, column] = np.concatenate(vectors)
    present[sample, column] = True
    return out, present, distinct
