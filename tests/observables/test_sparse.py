"""Ragged samples and the dense arrays made of them."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from lmpdrive.observables.sparse import by_sample, dense, presence


def test_there_and_back():
    rng = np.random.default_rng(0)
    there = rng.random((7, 5)) < 0.4
    sample, thing = np.nonzero(there)
    order = rng.permutation(len(sample))
    vectors = rng.normal(size=(7, 5, 3)).astype(np.float32) * there[:, :, None]
    keys, values = by_sample(sample[order], 7, 10 + 3 * thing[order], vectors[sample, thing][order])
    ever = there.any(axis=0)
    assert (presence(keys)[0] == there[:, ever]).all()
    got, present, _ = dense(keys, values)
    assert_allclose(got, vectors[:, ever])
    assert (present == there[:, ever]).all()
    assert keys[0].base is None  # no view of the chunk


def test_nothing_there():
    none = np.zeros(0, dtype=np.int64)
    keys, values = by_sample(none, 3, none, np.zeros((0, 3), dtype=np.float32))
    assert presence(keys)[0].shape == (3, 0)
    assert dense(keys, values)[0].shape == (3, 0, 3)
    assert by_sample(none, 0, none)[0].shape == (0,)
