"""Shaded spheres as pixels: the nearest sphere wins in each pixel, so that they also cut into each other.

The work is one operation for each pixel of each sphere, in compiled loops of NumPy: 0.05 s for 400 atoms.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
SMOOTH = 2
"""Pixels along each edge of which one of the picture is the mean."""
STEP = 8
"""Of the 256 levels of a colour: what no eye sees takes most of the room in a PNG."""
AT_ONCE = 4_000_000
"""Pixels of spheres in memory at once."""
LIGHT = np.array([-0.45, 0.55, 0.70]) / np.linalg.norm([-0.45, 0.55, 0.70])
RIM = 0.28
"""Where the surface of a sphere is seen more edge-on than this (the cosine), it is its outline."""


@dataclass(frozen=True, eq=False)
class Spheres:
    """x, y : (N,) centres, from the left and from the bottom; depth : towards the eye; radius : all in one unit.

    colour : (N, 3), 0 to 1.
    """

    x: Array
    y: Array
    depth: Array
    radius: Array
    colour: Array


def paint(spheres: Spheres, width: float, height: float, pixels_per_unit: float) -> NDArray[np.uint8]:
    """(rows, columns, 4) RGBA of a window with its lower left corner at 0; transparent where no sphere is."""
    scale = pixels_per_unit * SMOOTH
    shape = tuple(SMOOTH * max(1, round(length * pixels_per_unit)) for length in (height, width))
    nearest = _nearest(spheres, shape, scale)
    row, column = np.divmod(np.arange(nearest.size), shape[1])
    hit = nearest >= 0
    who = nearest[hit]
    radius = spheres.radius[who] * scale
    right = (column[hit] + 0.5 - spheres.x[who] * scale) / radius
    up = (shape[0] - row[hit] - 0.5 - spheres.y[who] * scale) / radius
    towards = np.sqrt(np.clip(1 - right**2 - up**2, 0, 1))
    lit = np.clip(np.stack([right, up, towards], axis=1) @ LIGHT, 0, 1)
    shade = np.where(towards < RIM, 0.45, 0.62 + 0.38 * lit)
    gloss = 0.35 * np.clip(lit, 0, 1) ** 24
    picture = np.zeros((nearest.size, 4))
    picture[hit, :3] = np.clip(spheres.colour[who] * shade[:, None] + gloss[:, None], 0, 1)
    picture[hit, 3] = 1.0
    return _smoothed(picture.reshape(*shape, 4))


def _nearest(spheres: Spheres, shape: tuple[int, ...], scale: float) -> NDArray[np.int64]:
    """(pixels,) number of the sphere in front, -1 where there is none."""
    front = np.full(shape[0] * shape[1], -np.inf)
    found = np.full(front.size, -1)
    pieces = list(_pieces(spheres, shape, scale))
    for place, height, _ in pieces:
        np.maximum.at(front, place, height)
    for place, height, who in pieces:
        wins = height == front[place]
        found[place[wins]] = who[wins]
    return found


def _pieces(spheres: Spheres, shape: tuple[int, ...], scale: float):  # type: ignore[no-untyped-def]
    """(pixel, height towards the eye, sphere) of every pixel of every sphere, in pieces of one radius."""
    column = np.floor(spheres.x * scale).astype(np.int64)
    row = shape[0] - 1 - np.floor(spheres.y * scale).astype(np.int64)
    for radius in np.unique(spheres.radius):
        r = radius * scale
        span = np.arange(-int(r), int(r) + 1)
        down, across = np.meshgrid(span, span, indexing="ij")
        inside = down**2 + across**2 <= r * r
        down, across = down[inside], across[inside]
        bulge = np.sqrt(r * r - down**2 - across**2)
        every = np.flatnonzero(spheres.radius == radius)
        for members in np.array_split(every, max(1, len(every) * len(down) // AT_ONCE)):
            at_row, at_column = row[members, None] + down, column[members, None] + across
            seen = (at_row >= 0) & (at_row < shape[0]) & (at_column >= 0) & (at_column < shape[1])
            place = (at_row * shape[1] + at_column)[seen]
            height = (spheres.depth[members, None] * scale + bulge)[seen]
            yield place, height, np.broadcast_to(members[:, None], seen.shape)[seen]


def _smoothed(picture: Array) -> NDArray[np.uint8]:
    """Means of squares of pixels; colours weighted with their opacity."""
    rows, columns = picture.shape[0] // SMOOTH, picture.shape[1] // SMOOTH
    picture[..., :3] *= picture[..., 3:]
    mean = picture.reshape(rows, SMOOTH, columns, SMOOTH, 4).mean(axis=(1, 3))
    mean[..., :3] /= np.maximum(mean[..., 3:], 1e-9)
    return (np.round(mean * 255 / STEP) * STEP).clip(0, 255).astype(np.uint8)


def png(picture: NDArray[np.uint8]) -> bytes:
    """As a PNG file."""
    from matplotlib.image import imsave

    buffer = io.BytesIO()
    imsave(buffer, picture, format="png", pil_kwargs={"compress_level": 6})
    return buffer.getvalue()
