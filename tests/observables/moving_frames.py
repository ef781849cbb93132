"""Trajectories whose dynamics is known on paper, and a check that the way of cutting them does not matter."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.testing import assert_allclose

from lmpdrive.observables import Interface, observable_classes
from lmpdrive.observables.base import Settings
from lmpdrive.observables.bulk import Bulk
from tests.observables.synthetic_frames import Frames, film, slab, water

DT_PS = 0.01
"""Interval of `Frames`."""


def rotors(n_frames, period_frames, heights=(3.0, 3.5), cosine=0.0):
    """Waters above Au that turn about the normal: p·p' = cos²θ + sin²θ cos(2π τ/period)."""
    metal, (a, b) = slab()
    top = metal[:, 2].max()
    frames = []
    for f in range(n_frames):
        turn = 2 * np.pi * f / period_frames
        waters = [water((3 * k + 1, 3.0, top + h), cosine, turn + k) for k, h in enumerate(heights)]
        frames.append(np.concatenate([metal, *waters]))
    return Frames(["Au"] * len(metal) + ["O", "H", "H"] * len(heights), frames, [a, b, 40.0])


def visitors(present, inside=3.0, outside=8.0, extra=()):
    """Waters that are 3 Å from the surface where `present` (frames, waters) says so, and 8 Å from it elsewhere."""
    elements, positions, cell = film([inside] * present.shape[1], [0.0] * present.shape[1], extra=extra)
    frames = np.tile(positions, (len(present), 1, 1))
    for f, k in zip(*np.nonzero(~present)):
        frames[f, 36 + 3 * k : 39 + 3 * k, 2] += outside - inside
    return Frames(elements, frames, cell)


def two_sided(frames):
    """The same trajectory with a mirror image of each frame's water below the slab (even number of layers)."""
    metal = np.asarray(frames.topology.elements) == "Au"
    mirror = frames._positions[:, ~metal] * [1, 1, -1] + [0, 0, 7.2]
    elements = [*frames.topology.elements, *frames.topology.elements[~metal]]
    return Frames(elements, np.concatenate([frames._positions, mirror], axis=1), np.diag(frames._cell))


def made(name, frames, options=None):
    """A fresh observable of this name, and the interface it needs."""
    interface = Interface(frames.topology, frames.read(0, 1))
    settings = Settings(0.1, frames.times_known, frames.frame_interval_ps, options or {}, Bulk(5.0, 9.0))
    for cls in observable_classes():
        for one in cls.for_interface(interface, settings):
            if one.name == name:
                return one, interface
    raise AssertionError(f"no {name}")


def part(name, frames, start, stop, options=None, chunk=None):
    """An observable that saw frames `start` to `stop`, `chunk` at a time."""
    one, interface = made(name, frames, options)
    n = chunk or max(1, stop)
    for at in range(start, stop, n):
        piece = frames.read(at, min(stop, at + n))
        one.update(piece, interface.frames(piece))
    return one


def assert_cuts_do_not_matter(name, frames, options=None, edges=(1, 7, 8, 23, 41), chunk=5, rtol=1e-6, atol=1e-6):
    """One pass = small chunks = merged parts, from the left and from the right."""
    n = frames.n_frames
    whole = part(name, frames, 0, n, options).result()
    cuts = [0, *(e for e in edges if e < n), n]
    chopped = part(name, frames, 0, n, options, chunk)
    left, *rest = [part(name, frames, a, b, options, chunk) for a, b in pairwise(cuts)]
    for one in rest:
        left.merge(one)
    *rest, right = [part(name, frames, a, b, options) for a, b in pairwise(cuts)]
    for one in reversed(rest):
        one.merge(right)
        right = one
    for other in (chopped, left, right):
        assert other.n_frames == n
        for column, values in whole.items():
            assert_allclose(other.result()[column], values, rtol=rtol, atol=atol, err_msg=column)
