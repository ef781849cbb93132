"""Frames that probe a potential-energy surface, made from given ones: strained, compressed, hot, and along lines.

| kind | made by | amounts |
|---|---|---|
| stretched, compressed | cell and positions times 1 + ε, all directions alike | ε |
| sheared | cell and positions times 1 + γ e_x e_y | γ |
| hot | each coordinate moved by a random number of a normal distribution | its σ [Å] |

A line is E(x₀ + s u) for s from 0 to REACH_A.  Its direction u leads to another frame of the same atoms (shortest
images, in the cell of the first), or is random, a normal number for each coordinate.  The longest displacement of an
atom in u is 1, so s is that of the atom that moves most.  Lines are short because on the straight line from one frame
of a liquid to another molecules pass through each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lmpdrive.trajectory.labelled import LabelledFrames, without_labels

if TYPE_CHECKING:
    from ase import Atoms

Array = NDArray[np.float64]

SEED = 1
MOST_FRAMES = 8
"""Given frames that others are made from, evenly spaced among all."""
MOST_LINES = 4
"""Of each of the two kinds."""
POINTS, REACH_A = 81, 0.3
STRAINS: dict[str, tuple[float, ...]] = {
    "stretched": (0.05, 0.10),
    "compressed": (-0.05, -0.10, -0.15),
    "sheared": (0.05, 0.10),
}
HOT_A = (0.1, 0.2)
AS_GIVEN, HOT = "as given", "hot"
TO_A_FRAME, RANDOM = "towards another frame", "random displacement"


class Group(NamedTuple):
    """Frames of one kind and amount, one for each that was given, or those of one line.

    amount : strain, or σ of the displacements [Å]; of a line the distance of two points.
    direction : (N, 3) of a line, for one atom 1 long.
    """

    kind: str
    amount: float
    unit: str
    frames: slice
    direction: Array | None = None


@dataclass(frozen=True)
class ProbeFrames:
    """All frames, to be evaluated at once, and what is where among them."""

    frames: LabelledFrames
    extrapolated: list[Group]
    lines: list[Group]


def make(given: LabelledFrames) -> ProbeFrames:
    """The frames that probe a surface around `given`, whose labels are not used."""
    rng = np.random.default_rng(SEED)
    chosen = np.unique(np.linspace(0, len(given) - 1, MOST_FRAMES).round().astype(int))
    bases = [given.atoms(int(number)) for number in chosen]
    every: list[Atoms] = []
    extrapolated = [_added(every, bases, AS_GIVEN, 0.0, "1")]
    for kind, amounts in STRAINS.items():
        extrapolated += [_added(every, [_strained(b, kind, e) for b in bases], kind, e, "1") for e in amounts]
    extrapolated += [_added(every, [_moved(b, s * _normal(b, rng)) for b in bases], HOT, s, "Å") for s in HOT_A]
    lines = [
        _added(every, _line(base, u), kind, REACH_A / (POINTS - 1), "Å", u)
        for kind, base, u in (*_towards(given, chosen), *_random(bases, rng))
    ]
    return ProbeFrames(without_labels(every), extrapolated, lines)


def _added(
    every: list[Atoms], new: Sequence[Atoms], kind: str, amount: float, unit: str, direction: Array | None = None
) -> Group:
    every.extend(new)
    return Group(kind, amount, unit, slice(len(every) - len(new), len(every)), direction)


def _strained(atoms: Atoms, kind: str, amount: float) -> Atoms:
    deformation = np.eye(3)
    if kind == "sheared":
        deformation[0, 1] = amount
    else:
        deformation *= 1 + amount
    new = atoms.copy()
    new.set_cell(atoms.cell.array @ deformation.T, scale_atoms=False)
    new.positions = atoms.positions @ deformation.T
    return new


def _moved(atoms: Atoms, by: Array) -> Atoms:
    new = atoms.copy()
    new.positions = atoms.positions + by
    return new


def _normal(atoms: Atoms, rng: np.random.Generator) -> Array:
    return rng.normal(size=(len(atoms), 3))


def _line(atoms: Atoms, direction: Array) -> list[Atoms]:
    return [_moved(atoms, s * direction) for s in np.linspace(0.0, REACH_A, POINTS)]


def _towards(given: LabelledFrames, chosen: Iterable[int]) -> list[tuple[str, Atoms, Array]]:
    """From each chosen frame to the next given one of the same atoms in the same order, if there is one."""
    from ase.geometry import find_mic

    found: list[tuple[str, Atoms, Array]] = []
    for number in chosen:
        a = given.atoms(int(number))
        later = (given.atoms(k) for k in range(int(number) + 1, len(given)))
        b = next((atoms for atoms in later if np.array_equal(a.numbers, atoms.numbers)), None)
        if b is not None and len(found) < MOST_LINES:
            shift = find_mic(b.positions - a.positions, a.cell, a.pbc)[0]
            if np.abs(shift).max() > 0:
                found.append((TO_A_FRAME, a, _unit(shift)))
    return found


def _random(bases: Sequence[Atoms], rng: np.random.Generator) -> list[tuple[str, Atoms, Array]]:
    return [(RANDOM, base, _unit(_normal(base, rng))) for base in bases[:MOST_LINES]]


def _unit(displacement: Array) -> Array:
    return displacement / np.linalg.norm(displacement, axis=1).max()
