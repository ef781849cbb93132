"""Plain twin of `dump_text`: the same functions, with regular expressions and pandas' parser."""

from __future__ import annotations

import io
import re

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

UNITS, TIME, TIMESTEP, NUMBER, BOX, ATOMS, OTHER = range(7)
READ, BAD_TEXT, BAD_ATOM = range(3)
SKIP, KIND = -1, -2
_ITEM = re.compile(rb"ITEM: (?=(U)|(T...(?!S))|(T...S)|(N)|(B)|(A)|)", re.DOTALL)
"""The groups are in the order of the kinds; one letter identifies each (and TIMESTEP by its fifth)."""


def find_items(text: NDArray[np.uint8], start: int, stop: int, room: int) -> tuple[Indices, Indices, Indices, int, int]:
    """See `dump_text.find_items`."""
    part = text[start : min(stop, len(text)) + 20].tobytes()
    found = [m for m in _ITEM.finditer(part) if start + m.start() < stop and start + m.start() + 12 <= len(text)]
    end = stop if len(found) < room else start + found[room - 1].start() + 1
    found = found[:room]
    columns = [
        (start + m.start(), m.lastindex - 1 if m.lastindex else OTHER, part.count(b"\n", 0, m.start())) for m in found
    ]
    offsets, kinds, lines = np.array(columns, dtype=np.int64).reshape(-1, 3).T
    return offsets, kinds, lines, end, part.count(b"\n", 0, end - start)


def _number(line: bytes) -> float:
    """Its value, or nan."""
    try:
        return float(line)
    except ValueError:
        return float("nan")


def _first_item(kinds: Indices, after: int, stop: int) -> int:
    """The first item from `after` on that begins a header, else `stop`."""
    return next((item for item in range(after, stop) if kinds[item] in (UNITS, TIME)), stop)


def read_headers(
    text: NDArray[np.uint8], offsets: Indices, kinds: Indices, lines: Indices, stop: int, n_lines: int
) -> tuple[Indices, Array, Indices, Array]:
    """See `dump_text.read_headers`."""
    starts = [i for i, kind in enumerate(kinds) if kind == TIMESTEP]
    firsts = [_first_item(kinds, after + 1, i) for after, i in zip([-1, *starts], starts)]
    trailing = len(offsets)  # the header of a frame that was cut short ends the last frame
    if starts:
        trailing = _first_item(kinds, starts[-1] + 1, trailing)
    if trailing < len(offsets):
        stop, n_lines = int(offsets[trailing]), int(lines[trailing])
    whole, box = np.zeros((len(starts), 6), np.int64), np.zeros((len(starts), 3, 4))
    columns, times = np.zeros(len(starts), np.int64), np.full(len(starts), np.nan)
    for f, (first, i) in enumerate(zip(firsts, starts)):
        after = starts[f + 1] if f + 1 < len(starts) else len(offsets)
        end = int(offsets[firsts[f + 1]]) if f + 1 < len(firsts) else stop
        whole[f] = offsets[first], 0, -1, -1, end, 0
        before = int(lines[firsts[f + 1]]) if f + 1 < len(firsts) else n_lines
        try:
            n_atoms = body = -1
            for item in range(first, after):
                at = int(offsets[item])
                rest = text[at : min(at + 2000, stop)].tobytes().split(b"\n")
                if kinds[item] == TIME and item < i:
                    times[f] = _number(rest[1])
                elif kinds[item] == TIMESTEP:
                    whole[f, 1] = int(rest[1])
                elif kinds[item] == NUMBER:
                    n_atoms = int(rest[1])
                elif kinds[item] == BOX:
                    rows = [[float(word) for word in line.split()] for line in rest[1:4]]
                    columns[f] = len(rows[0])
                    box[f, :, : columns[f]] = rows
                elif kinds[item] == ATOMS and len(rest) > 1 and columns[f] >= 2:
                    body = at + len(rest[0]) + 1
                    whole[f, 5] = before - int(lines[item]) - 1
            if body >= 0:
                whole[f, 2:4] = n_atoms, body
        except (ValueError, IndexError):
            continue
    return whole, box, columns, times


def _packed(words: NDArray) -> NDArray[np.uint64]:
    """(N,) last eight characters of each word, the last one in the lowest byte."""
    unique, inverse = np.unique(words.astype(str), return_inverse=True)
    return np.array([int.from_bytes(word.encode()[-8:], "big") for word in unique], dtype=np.uint64)[inverse]


def read_frames(
    text: NDArray[np.uint8],
    bodies: Indices,
    ends: Indices,
    roles: Indices,
    slots: Indices,
    low: int,
    kinds: NDArray[np.uint64],
    positions: Array,
    velocities: Array,
) -> tuple[int, int]:
    """See `dump_text.read_frames`."""
    import pandas as pd

    n_atoms = positions.shape[1]
    for f, (body, end) in enumerate(zip(bodies, ends)):
        try:
            table = pd.read_csv(
                io.BytesIO(text[body:end].tobytes()),
                sep=r"\s+",
                header=None,
                na_filter=False,
                nrows=n_atoms,
            )
            if table.shape != (n_atoms, len(roles)):
                return BAD_TEXT, f
            numbers = {int(role): table[i].to_numpy() for i, role in enumerate(roles) if role >= 0}
            words = next((table[i].to_numpy() for i, role in enumerate(roles) if role == KIND), None)
            if any(column.dtype.kind not in "iuf" for column in numbers.values()):
                return BAD_TEXT, f
        except ValueError:  # pandas' parser errors are
            return BAD_TEXT, f
        rows = np.arange(n_atoms)
        if 0 in numbers and len(slots):
            ids = numbers[0] - low
            if ((ids < 0) | (ids >= len(slots))).any():
                return BAD_ATOM, f
            rows = slots[ids]
        if (rows < 0).any() or len(np.unique(rows)) != n_atoms:
            return BAD_ATOM, f
        if words is not None and (_packed(words) != kinds[rows]).any():
            return BAD_ATOM, f
        positions[f, rows] = np.stack([numbers[k] for k in (1, 2, 3)], axis=-1)
        if len(velocities):
            velocities[f, rows] = np.stack([numbers[k] for k in (4, 5, 6)], axis=-1)
    return READ, -1
