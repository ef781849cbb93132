"""Compiled search for the owner of each H, and the waters packed one after the other.  Twin: `waters_numpy`.

Units: Å.  Cost: linear in atoms and frames.  A bond below `SAFE_BOND_A` needs no search (see `water.py`); the
other H are searched among all O, in a grid of cells where there are many.
"""

from __future__ import annotations

from math import floor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lmpdrive.common.compiled import compiled
from lmpdrive.observables.kernels.arguments import Array, Indices

_GRID_A = 3.0
"""Edge of a cell of the grid: at least the longest bond, about one O in each in liquid water."""


class _Box(NamedTuple):
    """Cell of one frame, its inverse, and whether it is orthogonal along x, y, z."""

    cell: Array
    inverse: Array
    orthogonal: bool


class _Frame(NamedTuple):
    """One record, and where x, y, z of each O and each H are: at `starts[k] + oxygens[i]`."""

    record: NDArray
    starts: Indices
    oxygens: Indices
    hydrogens: Indices


class _Grid(NamedTuple):
    """`head[cell]` is the first O in a cell, `following` the next in the same cell."""

    head: Indices
    following: Indices


class _Bonds(NamedTuple):
    """(n_H,) of each H: its O among all O (-1: none), where that O is in a record, vector from O to H, its square."""

    owner: Indices
    column: Indices
    x: Array
    y: Array
    z: Array
    squared: Array


class _Molecules(NamedTuple):
    """Waters of a frame: O of each and where its H are in the list of H; (6,) counts by number of H; work space."""

    oxygen: Indices
    hydrogens: Indices
    kinds: Indices
    n_hydrogens: Indices
    slots: Indices


@compiled
def nearest_image(dx, dy, dz, cell, inverse, orthogonal):
    """The nearest periodic image of a vector; exact for vectors that end up below half the cell's least height."""
    if orthogonal:
        dx -= cell[0, 0] * np.rint(dx * inverse[0, 0])
        dy -= cell[1, 1] * np.rint(dy * inverse[1, 1])
        dz -= cell[2, 2] * np.rint(dz * inverse[2, 2])
        return dx, dy, dz
    a = np.rint(dx * inverse[0, 0] + dy * inverse[1, 0] + dz * inverse[2, 0])
    b = np.rint(dx * inverse[0, 1] + dy * inverse[1, 1] + dz * inverse[2, 1])
    c = np.rint(dx * inverse[0, 2] + dy * inverse[1, 2] + dz * inverse[2, 2])
    dx -= a * cell[0, 0] + b * cell[1, 0] + c * cell[2, 0]
    dy -= a * cell[0, 1] + b * cell[1, 1] + c * cell[2, 1]
    dz -= a * cell[0, 2] + b * cell[1, 2] + c * cell[2, 2]
    return dx, dy, dz


@compiled
def invert(cell, inverse):
    """Write the inverse of a (3, 3) cell; returns whether the cell is orthogonal along x, y, z."""
    orthogonal = (
        cell[0, 1] == 0.0
        and cell[0, 2] == 0.0
        and cell[1, 0] == 0.0
        and cell[1, 2] == 0.0
        and cell[2, 0] == 0.0
        and cell[2, 1] == 0.0
    )
    if orthogonal:
        for i in range(3):
            for j in range(3):
                inverse[i, j] = 0.0
            inverse[i, i] = 1.0 / cell[i, i]
        return True
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        for m in range(3):
            n, p = (m + 1) % 3, (m + 2) % 3
            inverse[m, i] = cell[j, n] * cell[k, p] - cell[j, p] * cell[k, n]
    volume = cell[0, 0] * inverse[0, 0] + cell[0, 1] * inverse[1, 0] + cell[0, 2] * inverse[2, 0]
    for i in range(3):
        for j in range(3):
            inverse[i, j] /= volume
    return False


@compiled
def _fraction(record, starts, offset, inverse, axis):
    """Fractional coordinate in [0, 1) along one cell vector."""
    s = (
        record[starts[0] + offset] * inverse[0, axis]
        + record[starts[1] + offset] * inverse[1, axis]
        + record[starts[2] + offset] * inverse[2, axis]
    )
    return s - floor(s)


@compiled
def _fill_grid(frame, inverse, grid):
    """Sort the O of one frame into a grid."""
    record, starts, oxygens, _ = frame
    head, following = grid
    head[:] = -1
    # from the last to the first, so that each cell lists its atoms in ascending order
    for o in range(len(oxygens) - 1, -1, -1):
        place = 0
        for axis in range(3):
            n = head.shape[axis]
            place = place * n + min(int(_fraction(record, starts, oxygens[o], inverse, axis) * n), n - 1)
        following[o] = head.flat[place]
        head.flat[place] = o


@compiled
def _search_all(frame, h, box, vector):
    """Nearest O of one H among all O: (index, squared distance); writes the vector from O to H."""
    record, starts, oxygens, _ = frame
    cell, inverse, orthogonal = box
    nearest, best = -1, np.inf
    for o in range(len(oxygens)):
        dx, dy, dz = nearest_image(
            np.float64(record[starts[0] + h]) - np.float64(record[starts[0] + oxygens[o]]),
            np.float64(record[starts[1] + h]) - np.float64(record[starts[1] + oxygens[o]]),
            np.float64(record[starts[2] + h]) - np.float64(record[starts[2] + oxygens[o]]),
            cell,
            inverse,
            orthogonal,
        )
        squared = dx * dx + dy * dy + dz * dz
        if squared < best:
            nearest, best = o, squared
            vector[0], vector[1], vector[2] = dx, dy, dz
    return nearest, best


@compiled
def _search_grid(frame, h, box, vector, grid):
    """As `_search_all`, in the cells around the H only: misses nothing within a cell's width."""
    record, starts, oxygens, _ = frame
    cell, inverse, orthogonal = box
    head, following = grid
    nearest, best = -1, np.inf
    place = np.empty(3, np.int64)
    width = np.empty(3, np.int64)
    for axis in range(3):
        n = head.shape[axis]
        place[axis] = min(int(_fraction(record, starts, h, inverse, axis) * n), n - 1)
        width[axis] = min(n, 3)  # with one or two cells along an axis each is visited once
    for i in range(width[0]):
        a = (place[0] + i - (width[0] // 2) + head.shape[0]) % head.shape[0]
        for j in range(width[1]):
            b = (place[1] + j - (width[1] // 2) + head.shape[1]) % head.shape[1]
            for k in range(width[2]):
                c = (place[2] + k - (width[2] // 2) + head.shape[2]) % head.shape[2]
                o = head[a, b, c]
                while o >= 0:
                    dx, dy, dz = nearest_image(
                        np.float64(record[starts[0] + h]) - np.float64(record[starts[0] + oxygens[o]]),
                        np.float64(record[starts[1] + h]) - np.float64(record[starts[1] + oxygens[o]]),
                        np.float64(record[starts[2] + h]) - np.float64(record[starts[2] + oxygens[o]]),
                        cell,
                        inverse,
                        orthogonal,
                    )
                    squared = dx * dx + dy * dy + dz * dz
                    if squared < best or (squared == best and o < nearest):
                        nearest, best = o, squared
                        vector[0], vector[1], vector[2] = dx, dy, dz
                    o = following[o]
    return nearest, best


@compiled
def _grid_size(inverse, axis):
    """Cells of the grid along one axis."""
    height = 1.0 / np.sqrt(inverse[0, axis] ** 2 + inverse[1, axis] ** 2 + inverse[2, axis] ** 2)
    return max(1, min(128, int(height / _GRID_A)))


@compiled
def _resized(head, inverse):
    """The grid's cells, as many as fit this frame."""
    n0, n1, n2 = _grid_size(inverse, 0), _grid_size(inverse, 1), _grid_size(inverse, 2)
    if head.shape != (n0, n1, n2):
        return np.empty((n0, n1, n2), np.int64)
    return head


@compiled
def _measure(frame, box, bonds):
    """Vectors from the O that each H had before."""
    record, starts, _, hydrogens = frame
    cell, inverse, orthogonal = box
    _, column, bx, by, bz, _ = bonds
    x, y, z = record[starts[0] :], record[starts[1] :], record[starts[2] :]
    for h in range(len(hydrogens)):
        i, j = hydrogens[h], column[h]
        bx[h] = np.float64(x[i]) - np.float64(x[j])
        by[h] = np.float64(y[i]) - np.float64(y[j])
        bz[h] = np.float64(z[i]) - np.float64(z[j])
    if orthogonal:
        a, b, c = cell[0, 0], cell[1, 1], cell[2, 2]
        ia, ib, ic = inverse[0, 0], inverse[1, 1], inverse[2, 2]
        for h in range(len(hydrogens)):
            bx[h] -= a * np.rint(bx[h] * ia)
            by[h] -= b * np.rint(by[h] * ib)
            bz[h] -= c * np.rint(bz[h] * ic)
    else:
        for h in range(len(hydrogens)):
            bx[h], by[h], bz[h] = nearest_image(bx[h], by[h], bz[h], cell, inverse, False)


@compiled
def _n_to_search(bonds, safe):
    """Number of H whose bond is not safe; writes the squared lengths."""
    owner, _, bx, by, bz, squared = bonds
    n = 0
    for h in range(len(owner)):
        squared[h] = bx[h] * bx[h] + by[h] * by[h] + bz[h] * bz[h]
        # written so that a hint of -1, or a number that is none, is searched as well
        n += not (squared[h] <= safe * safe and owner[h] >= 0)
    return n


@compiled
def _search(frame, box, bonds, limits, grid, gridded):
    """Find the owner of each H whose bond is not safe; returns whether any H changed its owner."""
    owner, column, bx, by, bz, squared = bonds
    bond, safe = limits
    vector = np.zeros(3)
    changed = False
    for h in range(len(owner)):
        if squared[h] <= safe * safe and owner[h] >= 0:
            continue
        if gridded:
            o, best = _search_grid(frame, frame.hydrogens[h], box, vector, grid)
        else:
            o, best = _search_all(frame, frame.hydrogens[h], box, vector)
        if not best <= bond * bond:
            o = -1
        changed = changed or o != owner[h]
        owner[h] = o
        if o >= 0:
            column[h] = frame.oxygens[o]
            bx[h], by[h], bz[h] = vector[0], vector[1], vector[2]
    return changed


@compiled
def _assign(owners, oxygens, molecules):
    """Write the waters' atoms and the counts by number of H."""
    waters, pairs, kinds, count, slots = molecules
    count[:] = 0
    kinds[:] = 0
    for h in range(len(owners)):
        o = owners[h]
        if o < 0:
            kinds[5] += 1
            continue
        if count[o] < 2:
            slots[o, count[o]] = h
        count[o] += 1
    n_waters = 0
    for o in range(len(oxygens)):
        n = count[o]
        if n == 2:
            waters[n_waters] = oxygens[o]
            pairs[n_waters, 0], pairs[n_waters, 1] = slots[o, 0], slots[o, 1]
            n_waters += 1
        elif n == 1:
            kinds[1] += 1
        elif n == 3:
            kinds[2] += 1
        elif n == 0:
            kinds[3] += 1
        else:
            kinds[4] += 1
    kinds[0] = n_waters


@compiled
def _pack(f, molecules, bonds, hydrogens, waters, w):
    """Write the waters of frame `f` from row `w` on; returns the next row."""
    own_oxygen, own_pairs, kinds, _, _ = molecules
    _, _, bx, by, bz, _ = bonds
    frame, oxygen, pairs, bisector = waters
    n_waters = kinds[0]
    for m in range(n_waters):
        first, second = own_pairs[m, 0], own_pairs[m, 1]
        bisector[w + m, 0] = bx[first] + bx[second]
        bisector[w + m, 1] = by[first] + by[second]
        bisector[w + m, 2] = bz[first] + bz[second]
    for m in range(n_waters):
        frame[w + m], oxygen[w + m] = f, own_oxygen[m]
        pairs[w + m, 0], pairs[w + m, 1] = hydrogens[own_pairs[m, 0]], hydrogens[own_pairs[m, 1]]
    return w + n_waters


@compiled
def find_waters(columns, cells, oxygens, hydrogens, owners, bond, safe):
    """Waters of each frame.

    columns : see `Coordinates`.
    cells : (F, 3, 3).
    oxygens, hydrogens : atom indices.
    owners : (n_H,) index among `oxygens` that each H had in the frame before, -1 if none or not known; only a
        hint, and updated in place.
    bond, safe : longest bond, and the one below which no search is needed.

    Returns frame (W,), oxygen (W,), hydrogens (W, 2), bisector (W, 3), species (F, 6).
    """
    records, starts, stride = columns
    n_frames, n_o, n_h = len(records), len(oxygens), len(hydrogens)
    room = n_frames * min(n_o, n_h // 2)
    of_frame, oxygen, pairs = np.empty(room, np.int64), np.empty(room, np.int64), np.empty((room, 2), np.int64)
    bisector, species = np.empty((room, 3), np.float64), np.zeros((n_frames, 6), np.int64)
    waters = (of_frame, oxygen, pairs, bisector)
    at_o, at_h = stride * oxygens, stride * hydrogens
    hinted = np.empty(n_h, np.int64)
    for h in range(n_h):
        hinted[h] = at_o[max(owners[h], 0)]
    bonds = _Bonds(owners, hinted, np.empty(n_h), np.empty(n_h), np.empty(n_h), np.empty(n_h))
    molecules = _Molecules(
        np.empty(n_o, np.int64),
        np.empty((n_o, 2), np.int64),
        np.zeros(6, np.int64),
        np.empty(n_o, np.int64),
        np.empty((n_o, 2), np.int64),
    )
    inverse, head, following = np.empty((3, 3)), np.empty((1, 1, 1), np.int64), np.empty(n_o, np.int64)
    w, changed = 0, True
    for f in range(n_frames):
        frame, box = _Frame(records[f], starts, at_o, at_h), _Box(cells[f], inverse, invert(cells[f], inverse))
        _measure(frame, box, bonds)
        n_far = _n_to_search(bonds, safe)
        if n_far:
            gridded = n_far * n_o > 15 * n_o + 100 * n_far
            if gridded:
                head = _resized(head, inverse)
                _fill_grid(frame, inverse, _Grid(head, following))
            changed |= _search(frame, box, bonds, (bond, safe), _Grid(head, following), gridded)
        if changed:  # else the waters are those of the frame before
            _assign(owners, oxygens, molecules)
            changed = False
        for k in range(6):
            species[f, k] = molecules.kinds[k]
        w = _pack(f, molecules, bonds, hydrogens, waters, w)
    return of_frame[:w], oxygen[:w], pairs[:w], bisector[:w], species


@compiled
def bond_vectors(columns, cells, frame, oxygen, hydrogens):
    """(W, 2, 3) vectors from O to each of its H, nearest image."""
    records, starts, stride = columns
    out = np.empty((len(frame), 2, 3))
    inverse = np.empty((3, 3))
    before, orthogonal = -1, False
    for w in range(len(frame)):
        f = frame[w]
        if f != before:
            orthogonal, before = invert(cells[f], inverse), f
        o = stride * oxygen[w]
        for k in range(2):
            h = stride * hydrogens[w, k]
            out[w, k, 0], out[w, k, 1], out[w, k, 2] = nearest_image(
                np.float64(records[f, starts[0] + h]) - np.float64(records[f, starts[0] + o]),
                np.float64(records[f, starts[1] + h]) - np.float64(records[f, starts[1] + o]),
                np.float64(records[f, starts[2] + h]) - np.float64(records[f, starts[2] + o]),
                cells[f],
                inverse,
                orthogonal,
            )
    return out
