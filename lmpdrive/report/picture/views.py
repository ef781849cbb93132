"""`picture`: side and top view of a snapshot as one SVG, with the periodic cell, the ions' names and a scale.

Atoms are pixels inside it, so that a hundred thousand of them take no more room than a hundred; lines and letters are
vectors in `currentColor`, black on a white page and white on a black one.
"""

from __future__ import annotations

import base64
from collections import Counter
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from lmpdrive.report.picture.snapshot import Snapshot
from lmpdrive.report.picture.spheres import Spheres, paint, png

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

SIDE, TOP = (330.0, 400.0), (250.0, 230.0)
"""Largest width and height of the two views."""
PIXELS = 2.0
"""Of the bitmap, for each unit of the SVG."""
LETTERS = 13.0
LINE = 18.0
LEGEND = 190.0
"""Least width of the right column."""
OTHERS, IONS = 0.8, 1.25
"""Radii that are drawn, in covalent radii: small water does not hide what is behind it, ions are seen at once."""
METAL = 1.0
MOST_NAMED = 12
"""More ions than this are not labelled one by one."""
SCALES_A = (1, 2, 5, 10, 20, 50, 100, 200, 500)


@dataclass(frozen=True, eq=False)
class View:
    """Positions as they are seen: x to the right, y up, z towards the eye; the corner of the window at 0.

    atoms : (N, 3) Å; edges : the twelve edges of the cell, pairs of (x, y); size : width and height, Å.
    radius : (N,) Å.
    """

    atoms: Array
    edges: Array
    size: tuple[float, float]
    radius: Array


def picture(snapshot: Snapshot) -> str:
    """The SVG; its `<title>` says in words what is seen."""
    side, top = views(snapshot)
    scale = min(SIDE[0] / side.size[0], SIDE[1] / side.size[1])
    scale_top = min(TOP[0] / top.size[0], TOP[1] / top.size[1], 2 * scale)
    left = side.size[0] * scale
    width = left + 28 + max(LEGEND, top.size[0] * scale_top)
    legend, lines = _legend(snapshot, left + 28, LINE + top.size[1] * scale_top + 2 * LINE)
    height = max(LINE + side.size[1] * scale + 1.4 * LINE, lines)
    parts = [
        _view(snapshot, side, scale, (0.0, LINE), "side"),
        _view(snapshot, top, scale_top, (left + 28, LINE), "top"),
        *legend,
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="system" role="img" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" font-family="DejaVu Sans, sans-serif" font-size="{LETTERS:g}" '
        f'fill="currentColor" stroke="none"><title>{in_words(snapshot)}</title>{"".join(parts)}</svg>'
    )


def in_words(snapshot: Snapshot) -> str:
    """What is seen, for those who cannot see it."""
    lengths = " × ".join(f"{length:.1f}" for length in np.linalg.norm(snapshot.cell, axis=1))
    ions = ", ".join(f"{len(atoms)} {label}" for label, atoms in snapshot.ions.items())
    time = f" at {snapshot.time_ps:.4g} ps" if np.isfinite(snapshot.time_ps) else ""
    count = ", ".join(f"{n} {element}" for element, n in Counter(snapshot.elements.tolist()).items())
    return f"Side and top view of the system{time}: {count}{'; ions: ' + ions if ions else ''}; cell {lengths} Å"


def views(snapshot: Snapshot) -> tuple[View, View]:
    """From the side, the normal up and the longer vector of the surface to the right; and from above."""
    normal = snapshot.normal
    first, second = (snapshot.cell[(normal + k) % 3] for k in (1, 2))
    up = np.cross(first, second)
    up /= np.linalg.norm(up)
    right = first if np.linalg.norm(first) >= np.linalg.norm(second) else second
    right = right / np.linalg.norm(right)
    behind = np.cross(up, right)
    return _seen(snapshot, np.stack([right, up, -behind])), _seen(snapshot, np.stack([right, behind, up]))


def _seen(snapshot: Snapshot, axes: Array) -> View:
    """Through axes (right, up, towards the eye), rows of a (3, 3)."""
    corners = np.array(list(product((0, 1), repeat=3)))
    edges = np.array([(a, b) for a in range(8) for b in range(a) if np.abs(corners[a] - corners[b]).sum() == 1])
    radius = radii(snapshot)
    atoms = (snapshot.positions - snapshot.origin) @ axes.T
    box = (corners @ snapshot.cell) @ axes.T
    low = np.minimum(box.min(axis=0), (atoms - radius[:, None]).min(axis=0))[:2] - 0.2
    high = np.maximum(box.max(axis=0), (atoms + radius[:, None]).max(axis=0))[:2] + 0.2
    atoms[:, :2] -= low
    size = high - low
    return View(atoms, (box[:, :2] - low)[edges], (float(size[0]), float(size[1])), radius)


def radii(snapshot: Snapshot) -> Array:
    """(N,) Å, as they are drawn."""
    from ase.data import atomic_numbers, covalent_radii

    from lmpdrive.constituents.bonds import is_metal

    kinds, which = np.unique(snapshot.elements, return_inverse=True)
    covalent = np.array([covalent_radii[atomic_numbers.get(element, 0)] for element in kinds])
    size = covalent * np.where(is_metal(kinds), METAL, OTHERS)
    radius = size[which]
    marked = _marked(snapshot)
    radius[marked] = IONS * np.minimum(covalent, 1.3)[which][marked]
    return np.asarray(radius)


def _marked(snapshot: Snapshot) -> Indices:
    """Atoms that are drawn in front of all others."""
    return np.concatenate([np.zeros(0, dtype=np.int64), *snapshot.ions.values()]).astype(np.int64)


def colours(elements: NDArray[np.str_]) -> Array:
    """(N, 3) of 0 to 1, those of Jmol."""
    from ase.data import atomic_numbers
    from ase.data.colors import jmol_colors

    kinds, which = np.unique(elements, return_inverse=True)
    return np.asarray(jmol_colors[[atomic_numbers.get(element, 0) for element in kinds]][which])


def _view(snapshot: Snapshot, view: View, scale: float, at: tuple[float, float], name: str) -> str:
    """One view with its corner at `at`: cell, atoms, labels of the ions, scale, heading."""
    width, height = (length * scale for length in view.size)
    depth = view.atoms[:, 2].copy()
    depth[_marked(snapshot)] += np.ptp(depth) + 10.0  # in front, wherever they are
    spheres = Spheres(view.atoms[:, 0], view.atoms[:, 1], depth, view.radius, colours(snapshot.elements))
    bitmap = base64.b64encode(png(paint(spheres, *view.size, PIXELS * scale))).decode()
    lines = "".join(
        f'<path d="M{a[0] * scale:.1f} {height - a[1] * scale:.1f}L{b[0] * scale:.1f} {height - b[1] * scale:.1f}"/>'
        for a, b in _distinct(view.edges)
    )
    parts = [
        f'<text x="0" y="-6" font-weight="600">{name}</text>',
        f'<image width="{width:.1f}" height="{height:.1f}" href="data:image/png;base64,{bitmap}"/>',
        f'<g class="cell" stroke="currentColor" stroke-width="1" stroke-dasharray="5 3" opacity=".7">{lines}</g>',
        *_labels(snapshot, view, scale, height),
        _scale(view.size[0], scale, height + 7),
    ]
    return f'<g transform="translate({at[0]:.1f} {at[1]:.1f})">{"".join(parts)}</g>'


def _distinct(edges: Array) -> list[Array]:
    """Without those that are seen as a point, or lie behind another."""
    found: dict[tuple[float, ...], Array] = {}
    for edge in edges:
        ends = tuple(sorted(tuple(np.round(end, 2).tolist()) for end in edge))
        if ends[0] != ends[1]:
            found.setdefault(tuple(x for end in ends for x in end), edge)
    return list(found.values())


def _labels(snapshot: Snapshot, view: View, scale: float, height: float) -> list[str]:
    """The names of the ions on them, with a halo so that they are read before any colour."""
    if sum(map(len, snapshot.ions.values())) > MOST_NAMED:
        return []
    halo = 'text-anchor="middle" font-weight="700" fill="#111" stroke="#fff" stroke-width="2.5" paint-order="stroke"'
    return [
        f'<text class="ion" x="{view.atoms[atom, 0] * scale:.1f}" y="{height - view.atoms[atom, 1] * scale + 4:.1f}" '
        f"{halo}>{label}</text>"
        for label, atoms in snapshot.ions.items()
        for atom in atoms
    ]


def _scale(width_A: float, scale: float, y: float) -> str:
    """A bar of a round length, and the length."""
    length = max((one for one in SCALES_A if one <= 0.4 * width_A), default=SCALES_A[0])
    return (
        f'<path d="M1 {y:.1f}h{length * scale:.1f}" stroke="currentColor" stroke-width="2"/>'
        f'<text x="{length * scale + 6:.1f}" y="{y + 4:.1f}">{length} Å</text>'
    )


def _legend(snapshot: Snapshot, x: float, y: float) -> tuple[list[str], float]:
    """A dot, the name and the number of each element and ion, and of the cell; and where they end."""
    labelled = {int(atom): label for label, atoms in snapshot.ions.items() for atom in atoms}
    names = [labelled.get(i, str(element)) for i, element in enumerate(snapshot.elements.tolist())]
    count, first = Counter(names), {name: i for i, name in reversed(list(enumerate(names)))}
    rgb = np.round(255 * colours(snapshot.elements)).astype(int)
    parts = []
    for name, n in count.items():
        y += LINE
        fill = "#" + "".join(f"{value:02x}" for value in rgb[first[name]])
        parts.append(
            f'<circle cx="{x + 7:.1f}" cy="{y - 4.5:.1f}" r="6" fill="{fill}" stroke="currentColor" stroke-width=".6"/>'
            f'<text x="{x + 20:.1f}" y="{y:.1f}">{name} · {n}</text>'
        )
    lengths = " × ".join(f"{length:.2f}" for length in np.linalg.norm(snapshot.cell, axis=1))
    parts.append(f'<text x="{x:.1f}" y="{y + LINE:.1f}" opacity=".8">cell {lengths} Å</text>')
    return parts, y + 1.5 * LINE
