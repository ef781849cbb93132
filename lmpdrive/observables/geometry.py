"""Cells and periodic distances, for many frames at once.  Units: Å."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def keep_freed_memory() -> None:
    """Let the C library keep what the arrays of one chunk leave behind for the next.

    glibc takes arrays above 128 kB from the system, page by page and zeroed, and gives them back when they die: for
    chunk after chunk that costs as much as the analysis itself.  Once an array of this size (24 MB; it is never
    touched, so it takes no memory) was freed, it serves smaller ones from memory that it keeps.
    """
    np.empty(3 << 20)


def cross_ab(cells: Array) -> Array:
    """(F, 3) a x b of each cell [Å^2]."""
    (ax, ay, az), (bx, by, bz) = cells[:, 0].T, cells[:, 1].T
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=1)


def normals(cells: Array) -> Array:
    """(F, 3) unit normals of the a-b plane, in the direction of c."""
    cross = cross_ab(cells)
    cross /= np.linalg.norm(cross, axis=1, keepdims=True)
    return cross * np.sign(np.einsum("fi,fi->f", cross, cells[:, 2]))[:, None]


def areas(cells: Array) -> Array:
    """(F,) area of the a-b plane [Å^2]."""
    return np.linalg.norm(cross_ab(cells), axis=1)


def heights(cells: Array) -> Array:
    """(F,) cell height along the normal [Å]."""
    return np.einsum("fi,fi->f", normals(cells), cells[:, 2])


def minimum_image(vectors: Array, cells: Array, inverses: Array) -> Array:
    """(F, ..., 3) vectors to their nearest periodic image.

    Exact for vectors that end up shorter than half the smallest height of the cell, so always for bonds.
    """
    shape = vectors.shape
    flat = vectors.reshape(shape[0], int(np.prod(shape[1:-1])), 3)
    return (flat - np.rint(flat @ inverses) @ cells).reshape(shape)


def wrap_symmetric(values: Array, period: Array) -> Array:
    """Values to [-period/2, period/2]; `period` broadcasts."""
    return values - period * np.rint(values / period)


def circular_mean(values: Array, period: Array) -> Array:
    """(F,) mean of periodic (F, n) values: the direction of the mean unit vector on the circle."""
    angles = values * (2.0 * np.pi / period[:, None])
    mean = np.arctan2(np.sin(angles).mean(axis=1), np.cos(angles).mean(axis=1))
    return mean * period / (2.0 * np.pi)
