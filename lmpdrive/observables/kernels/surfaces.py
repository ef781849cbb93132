"""Compiled surface planes, distances from them, and angles with the normal.  Twin: `surfaces_numpy`.

Units: Å.  Coordinates "along the normal" are measured from the cell's corner.
"""

from __future__ import annotations

import numpy as np

from lmpdrive.common.compiled import compiled


@compiled
def first_bad_frame(bits, starts, length, exponent):
    """Index of the first frame with a number that is infinite or NaN; -1 if there is no such frame.

    bits : (F, M) the records as unsigned integers of the same size.
    starts, length : columns that hold coordinates, `Coordinates.segments`.
    exponent : the exponent's bits, all set in inf and nan only.
    """
    # the largest exponent over the frame, without a branch, so that the loop becomes vector code
    for f in range(len(bits)):
        for k in range(len(starts)):
            part = bits[f, starts[k] : starts[k] + length]
            largest = exponent - exponent
            for i in range(length):
                largest = max(largest, part[i] & exponent)
            if largest == exponent:
                return f
    return -1


@compiled
def _along(axis, f, atom):
    """Coordinate of one atom along the normal."""
    record, starts, normal = axis.columns.records[f], axis.columns.starts, axis.normals[f]
    offset, origin = axis.columns.stride * atom, axis.origins[f]
    if normal[0] == 0.0 and normal[1] == 0.0:
        return record[starts[2] + offset] * normal[2] - origin
    return (
        record[starts[0] + offset] * normal[0]
        + record[starts[1] + offset] * normal[1]
        + record[starts[2] + offset] * normal[2]
        - origin
    )


@compiled
def _branch(values, home, height):
    """A point near the middle of the slab: where the middle was at home, moved with the slab.

    values, home : coordinates now, and offsets from the middle in the frame that defined the layers.  Falls back
    to the direction of the mean unit vector on the circle where an atom has moved far against the others.
    """
    first = values[0] - home[0]
    total, largest = 0.0, 0.0
    for i in range(len(values)):
        moved = values[i] - home[i] - first
        moved -= height * np.rint(moved / height)
        total += moved
        largest = max(largest, abs(moved))
    if largest <= 0.25 * height:
        return first + total / len(values)
    sine = cosine = 0.0
    for i in range(len(values)):
        angle = (values[i] - home[i]) * (2.0 * np.pi / height)
        sine += np.sin(angle)
        cosine += np.cos(angle)
    return np.arctan2(sine, cosine) * height / (2.0 * np.pi)


@compiled
def _plane(offsets, left):
    """Mean, without the members farther than `left` from the median."""
    low, high, total = offsets[0], offsets[0], 0.0
    for value in offsets:
        low, high = min(low, value), max(high, value)
        total += value
    if high - low <= left:  # then all are within `left` of the median, wherever it is
        return total / len(offsets)
    middle = np.median(offsets)
    total, n = 0.0, 0
    for value in offsets:
        if abs(value - middle) <= left:
            total += value
            n += 1
    return total / n


@compiled
def planes(axis, bottom, top, home, left):
    """(F,) middle of the slab and (F,) half its thickness, between the planes of its outermost layers.

    axis : a `NormalAxis`.
    bottom, top : atoms of the outermost layers; home : their offsets from the middle, bottom first, in the
    frame that defined the layers; left : an atom farther than this from its layer's median does not count.
    """
    n_bottom, n = len(bottom), len(bottom) + len(top)
    values, heights = np.empty(n), axis.heights
    middle, half = np.empty(len(heights)), np.empty(len(heights))
    for f in range(len(heights)):
        for i in range(n):
            atom = bottom[i] if i < n_bottom else top[i - n_bottom]
            values[i] = _along(axis, f, atom)
        branch = _branch(values, home, heights[f])
        for i in range(n):
            offset = values[i] - branch
            values[i] = offset - heights[f] * np.rint(offset / heights[f])
        low, high = _plane(values[:n_bottom], left), _plane(values[n_bottom:], left)
        # recentre: with uneven layers the branch is not the middle of the slab
        middle[f] = branch + 0.5 * (low + high)
        half[f] = 0.5 * (high - low)
    return middle, half


@compiled
def _distance(value, middle, height, plane, sign):
    """From the plane into the electrolyte; the cell is cut in the middle of the slab."""
    x = sign * (value - middle)
    return x - height * np.floor(x / height) - sign * plane


@compiled
def distances(axis, middle, surfaces, signs, atoms):
    """(S, F, n) distances of some atoms from each surface plane.

    middle : (F,) where the cell is cut; surfaces : (S, F) planes relative to it; signs : (S,).
    """
    out = np.empty((len(signs), len(middle), len(atoms)))
    for s in range(len(signs)):
        for f in range(len(middle)):
            for i in range(len(atoms)):
                value = _along(axis, f, atoms[i])
                out[s, f, i] = _distance(value, middle[f], axis.heights[f], surfaces[s, f], signs[s])
    return out


@compiled
def paired_distances(axis, middle, surfaces, signs, frames, atoms):
    """(S, W) distances of atom `atoms[w]` in frame `frames[w]` from each surface plane."""
    out = np.empty((len(signs), len(atoms)))
    for s in range(len(signs)):
        for w in range(len(atoms)):
            f = frames[w]
            value = _along(axis, f, atoms[w])
            out[s, w] = _distance(value, middle[f], axis.heights[f], surfaces[s, f], signs[s])
    return out


@compiled
def project(vectors, normals, frames):
    """(W,) component of each vector along its frame's normal, and (W,) cosine of the angle between them.

    A vector of no length has no direction: cosine 0, so that one bad frame cannot spoil a profile.
    """
    along, cosine = np.empty(len(vectors)), np.empty(len(vectors))
    for w in range(len(vectors)):
        x, y, z = vectors[w, 0], vectors[w, 1], vectors[w, 2]
        normal = normals[frames[w]]
        along[w] = x * normal[0] + y * normal[1] + z * normal[2]
        cosine[w] = along[w] / max(np.sqrt(x * x + y * y + z * z), 1e-9)
    return along, cosine
