"""Compiled search for the owner of each H, and the waters packed one after the other.  Twin: `waters_numpy`.

Units: Å.  Cost: linear in atoms and frames.  A bond below `SAFE_BOND_A` needs no search (see `water.py`); the
other H are searched among all O, in a grid of cells where there are many.
"""

from __future__ import annotations

from math import floor

import numpy as np

from lmpdrive.common.compiled import compiled

_GRID_A = 3.0
"""Edge of a cell of the grid: at least the longest bond, about one O in each in liquid water."""


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
def _fill_grid(record, starts, oxygens, inverse, head, following):
    """Sort the O of one frame into a grid: `head[cell]` is the first, `following` the next in the same cell."""
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
def _search_all(record, starts, oxygens, h, cell, inverse, orthogonal, vector):
    """Nearest O of one H among all O: (index, squared distance); writes the vector from O to H."""
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
def _search_grid(record, starts, oxygens, h, cell, inverse, orthogonal, vector, head, following):
    """As `_search_all`, looking into the cells around the H only: misses nothing within a cell's width."""
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
def _assign(owners, oxygens, count, slots, mol_o, mol_h, kinds):
    """Number of waters, their atoms into `mol_o` and `mol_h`, and counts by number of H into `kinds`."""
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
            mol_o[n_waters] = oxygens[o]
            mol_h[n_waters, 0], mol_h[n_waters, 1] = slots[o, 0], slots[o, 1]
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
    return n_waters


@compiled
def find_waters(records, starts, stride, cells, oxygens, hydrogens, owners, bond, safe):
    """Waters of each frame.

    records, starts, stride : see `Coordinates`.
    cells : (F, 3, 3).
    oxygens, hydrogens : atom indices.
    owners : (n_H,) index among `oxygens` that each H had in the frame before, -1 if none or not known; only a
        hint, and updated in place.
    bond, safe : longest bond, and the one below which no search is needed.

    Returns frame (W,), oxygen (W,), hydrogens (W, 2), bisector (W, 3), species (F, 6).
    """
    n_frames, n_o, n_h = len(records), len(oxygens), len(hydrogens)
    room = n_frames * min(n_o, n_h // 2)
    frame = np.empty(room, np.int64)
    oxygen = np.empty(room, np.int64)
    pairs = np.empty((room, 2), np.int64)
    bisector = np.empty((room, 3), np.float64)
    species = np.zeros((n_frames, 6), np.int64)
    at_o, at_h = stride * oxygens, stride * hydrogens
    mine = np.empty(n_h, np.int64)  # column of the hinted O of each H
    for h in range(n_h):
        mine[h] = at_o[max(owners[h], 0)]
    bx, by, bz = np.empty(n_h), np.empty(n_h), np.empty(n_h)
    squared = np.empty(n_h)
    count, slots = np.empty(n_o, np.int64), np.empty((n_o, 2), np.int64)
    mol_o = np.empty(n_o, np.int64)  # the O of each water of the frame, and where its two H are in the list of H
    mol_h = np.empty((n_o, 2), np.int64)
    kinds = np.zeros(6, np.int64)
    n_waters, changed = 0, True
    vector = np.zeros(3)
    inverse = np.empty((3, 3))
    following = np.empty(n_o, np.int64)
    head = np.empty((1, 1, 1), np.int64)
    sx, sy, sz = starts[0], starts[1], starts[2]
    w = 0
    for f in range(n_frames):
        record, cell = records[f], cells[f]
        orthogonal = invert(cell, inverse)
        x, y, z = record[sx:], record[sy:], record[sz:]
        for h in range(n_h):
            i, j = at_h[h], mine[h]
            bx[h] = np.float64(x[i]) - np.float64(x[j])
            by[h] = np.float64(y[i]) - np.float64(y[j])
            bz[h] = np.float64(z[i]) - np.float64(z[j])
        if orthogonal:
            a, b, c = cell[0, 0], cell[1, 1], cell[2, 2]
            ia, ib, ic = inverse[0, 0], inverse[1, 1], inverse[2, 2]
            for h in range(n_h):
                bx[h] -= a * np.rint(bx[h] * ia)
                by[h] -= b * np.rint(by[h] * ib)
                bz[h] -= c * np.rint(bz[h] * ic)
        else:
            for h in range(n_h):
                bx[h], by[h], bz[h] = nearest_image(bx[h], by[h], bz[h], cell, inverse, False)
        n_far = 0
        for h in range(n_h):
            squared[h] = bx[h] * bx[h] + by[h] * by[h] + bz[h] * bz[h]
            # written so that a hint of -1, or a number that is none, is searched as well
            n_far += not (squared[h] <= safe * safe and owners[h] >= 0)
        if n_far:
            gridded = n_far * n_o > 15 * n_o + 100 * n_far
            if gridded:
                n0, n1, n2 = _grid_size(inverse, 0), _grid_size(inverse, 1), _grid_size(inverse, 2)
                if head.shape != (n0, n1, n2):
                    head = np.empty((n0, n1, n2), np.int64)
                _fill_grid(record, starts, at_o, inverse, head, following)
            for h in range(n_h):
                if squared[h] <= safe * safe and owners[h] >= 0:
                    continue
                if gridded:
                    o, best = _search_grid(
                        record, starts, at_o, at_h[h], cell, inverse, orthogonal, vector, head, following
                    )
                else:
                    o, best = _search_all(record, starts, at_o, at_h[h], cell, inverse, orthogonal, vector)
                if not best <= bond * bond:
                    o = -1
                changed = changed or o != owners[h]
                owners[h] = o
                if o >= 0:
                    mine[h] = at_o[o]
                    bx[h], by[h], bz[h] = vector[0], vector[1], vector[2]
        if changed:  # else the waters are those of the frame before
            n_waters = _assign(owners, oxygens, count, slots, mol_o, mol_h, kinds)
            changed = False
        for k in range(6):
            species[f, k] = kinds[k]
        for m in range(n_waters):
            first, second = mol_h[m, 0], mol_h[m, 1]
            bisector[w + m, 0] = bx[first] + bx[second]
            bisector[w + m, 1] = by[first] + by[second]
            bisector[w + m, 2] = bz[first] + bz[second]
        for m in range(n_waters):
            frame[w + m], oxygen[w + m] = f, mol_o[m]
            pairs[w + m, 0], pairs[w + m, 1] = hydrogens[mol_h[m, 0]], hydrogens[mol_h[m, 1]]
        w += n_waters
    return frame[:w], oxygen[:w], pairs[:w], bisector[:w], species


@compiled
def bond_vectors(records, starts, stride, cells, frame, oxygen, hydrogens):
    """(W, 2, 3) vectors from O to each of its H, nearest image."""
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
