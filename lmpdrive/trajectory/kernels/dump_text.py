"""Compiled scan of a LAMMPS text dump: where frames are, their headers, and their numbers.  Twin: `dump_text_numpy`.

`text` is the whole file as bytes (uint8), mapped or in memory.  Nothing here raises: what cannot be read is marked,
and the caller tries again with slower, more tolerant code.
"""

from __future__ import annotations

import numpy as np

from lmpdrive.common.compiled import compiled

NEWLINE, SPACE, PLUS, MINUS, POINT, ZERO, NINE = 10, 32, 43, 45, 46, 48, 57
UNITS, TIME, TIMESTEP, NUMBER, BOX, ATOMS, OTHER = range(7)
_BLOCK = 256

READ, BAD_TEXT, BAD_ATOM = range(3)
"""What `read_frames` found: all well; a word that is no plain number or a line with too few or too many words;
an atom that the first frame does not have, or one that comes twice, or one that is of another kind there."""

SKIP, KIND = -1, -2
"""Roles of words: skipped; or compared with what the first frame has there."""

_TENS = 10.0 ** np.arange(23)
"""Exact in 64 bits up to 10^22."""


@compiled
def _kind(text, at):
    """Which item starts at `at`, where "ITEM: " stands."""
    first, fifth = text[at + 6], text[at + 10]
    if first == 85:  # U
        return UNITS
    if first == 84:  # T
        return TIMESTEP if fifth == 83 else TIME  # S
    if first == 78:  # N
        return NUMBER
    if first == 66:  # B
        return BOX
    if first == 65:  # A
        return ATOMS
    return OTHER


@compiled
def find_items(text, start, stop, room):
    """The "ITEM: " that begin in text[start:stop], at most `room` of them.

    A dump is mostly digits, so blocks without a capital I are skipped without a branch.

    Returns
    -------
    offsets, kinds : of each; lines : newlines in text[start:offset] of each.
    end, n_lines : where the search ended, and the newlines in text[start:end].
    """
    offsets, kinds, lines = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    n, n_lines, at = 0, 0, start
    while at < stop and n < room:
        block = text[at : min(at + _BLOCK, stop)]
        found, newlines = np.uint8(0), np.uint16(0)
        for i in range(len(block)):
            found |= np.uint8(block[i] == 73)
            newlines += np.uint16(block[i] == NEWLINE)
        if not found:
            n_lines += newlines
            at += len(block)
            continue
        for p in range(at, at + len(block)):
            n_lines += text[p] == NEWLINE
            if (
                text[p] == 73  # ITEM: and a space, and enough after it to identify the item
                and p + 12 <= len(text)
                and text[p + 1] == 84
                and text[p + 2] == 69
                and text[p + 3] == 77
                and text[p + 4] == 58
                and text[p + 5] == SPACE
            ):
                offsets[n], kinds[n], lines[n] = p, _kind(text, p), n_lines
                n += 1
                if n == room:
                    return offsets, kinds, lines, p + 1, n_lines
        at += len(block)
    return offsets[:n], kinds[:n], lines[:n], max(at, start), n_lines


@compiled
def _skip_line(text, at, stop):
    """Offset after the next newline."""
    while at < stop and text[at] != NEWLINE:
        at += 1
    return min(at + 1, stop)


@compiled
def _skip_blanks(text, at, stop):
    """Offset of the next word on this line, or of its newline."""
    while at < stop and text[at] <= SPACE and text[at] != NEWLINE:
        at += 1
    return at


@compiled
def _digits(text, at, stop, mantissa, n_digits, shift):
    """(mantissa, its significant digits, change of the exponent, offset after the digits) with the digits at `at`.

    The mantissa holds 18 significant digits, which fit 64 bits; shift: 0 before the decimal point, -1 after it.
    """
    exponent = 0
    while at < stop and ZERO <= text[at] <= NINE:
        if n_digits < 18:
            mantissa = mantissa * 10 + (np.int64(text[at]) - ZERO)
            n_digits += mantissa > 0
            exponent += shift
        else:
            exponent += 1 + shift
        at += 1
    return mantissa, n_digits, exponent, at


@compiled
def _exponent(text, at, stop):
    """(exponent, offset after it) of what follows an E; offset -1 if there is no digit."""
    negative = False
    if at < stop and (text[at] == MINUS or text[at] == PLUS):
        negative = text[at] == MINUS
        at += 1
    power, first = 0, at
    while at < stop and ZERO <= text[at] <= NINE and power < 10_000:
        power = power * 10 + (np.int64(text[at]) - ZERO)
        at += 1
    if at == first:
        return 0, -1
    return (-power if negative else power), at


@compiled
def _scaled(mantissa, exponent):
    """mantissa * 10^exponent."""
    value = float(mantissa)
    if exponent < 0:
        return value / _TENS[-exponent] if exponent >= -22 else value * 10.0**exponent
    if exponent > 0:
        return value * _TENS[exponent] if exponent <= 22 else value * 10.0**exponent
    return value


@compiled
def _number(text, at, stop):
    """(value, offset after the word); offset -1 if the word is no plain decimal number.

    Exact (rounded as C does) up to 15 digits and 10^±22, else within four units in the last place.
    """
    negative = False
    if at < stop and (text[at] == MINUS or text[at] == PLUS):
        negative = text[at] == MINUS
        at += 1
    first = at
    mantissa, n_digits, exponent, at = _digits(text, at, stop, 0, 0, 0)
    n_written = at - first
    if at < stop and text[at] == POINT:
        first = at + 1
        mantissa, n_digits, change, at = _digits(text, first, stop, mantissa, n_digits, -1)
        exponent += change
        n_written += at - first
    if n_written == 0:
        return 0.0, -1
    if at < stop and (text[at] == 69 or text[at] == 101):  # E, e
        power, at = _exponent(text, at + 1, stop)
        if at < 0:
            return 0.0, -1
        exponent += power
    if at < stop and text[at] > SPACE:
        return 0.0, -1
    if abs(exponent) > 280:  # a factor near the limits of 64 bits would lose digits
        return 0.0, -1
    value = _scaled(mantissa, exponent)
    return (-value if negative else value), at


@compiled
def _end_of_word(text, at, stop):
    """Offset after the word at `at`; `at` itself if there is none."""
    while at < stop and text[at] > SPACE:
        at += 1
    return at


@compiled
def _kind_of_atom(text, at, stop):
    """(last eight characters of the word, the last one in the lowest byte; offset after the word)."""
    packed = np.uint64(0)
    while at < stop and text[at] > SPACE:
        packed = (packed << np.uint64(8)) | np.uint64(text[at])
        at += 1
    return packed, at


@compiled
def _integer(text, at, stop):
    """(value, offset after the word); offset -1 if the word is no integer."""
    negative = False
    if at < stop and text[at] == MINUS:
        negative = True
        at += 1
    value, first = 0, at
    while at < stop and ZERO <= text[at] <= NINE:
        value = value * 10 + (np.int64(text[at]) - ZERO)
        at += 1
    if at == first or at - first > 18 or (at < stop and text[at] > SPACE):
        return 0, -1
    return (-value if negative else value), at


@compiled
def _begin_frame(text, at, stop, frame, start):
    """The row of `whole` of a frame whose step stands at `at`, as far as known; the body is -2 without a step."""
    frame[0], frame[2], frame[3], frame[4] = start, -1, -1, stop
    frame[1], good = _integer(text, _skip_blanks(text, at, stop), stop)
    if good < 0:
        frame[3] = -2


@compiled
def _end_frame(frame, at, lines):
    """The frame ends at `at`, with `lines` newlines before it: so many atom lines it has."""
    frame[4] = at
    frame[5] = lines - frame[5]


@compiled
def _read_bounds(text, at, stop, box):
    """The three lines of bounds at `at` into (3, 4) `box`; returns the numbers in each line, 0 if they differ."""
    columns = 0
    for line in range(3):
        n = 0
        at = _skip_blanks(text, at, stop)
        while at < stop and text[at] != NEWLINE and n < 4:
            box[line, n], good = _number(text, at, stop)
            if good < 0:
                n = 0
                break
            n += 1
            at = _skip_blanks(text, good, stop)
        at = _skip_line(text, at, stop)
        columns = n if line == 0 or n == columns else 0
    return columns


@compiled
def read_headers(text, offsets, kinds, lines, stop, n_lines):
    """Headers of the frames whose items are given; `stop` is where the last of these frames ends.

    lines : newlines before each item; n_lines : newlines before `stop`.

    Returns
    -------
    whole : (F, 6) int64 [offset of the frame, step, number of atoms, offset of the atom lines, end of the frame,
        number of atom lines]; number of atoms -1 where the header is not complete.
    box : (F, 3, 4) the bounds as written; columns : (F,) numbers per line of the bounds (2, 3 or 4).
    times : (F,) as written, nan where there is none.
    """
    room = int((kinds == TIMESTEP).sum())
    whole = np.zeros((room, 6), np.int64)
    box, columns = np.zeros((room, 3, 4)), np.zeros(room, np.int64)
    times = np.full(room, np.nan)
    f, pending, time = -1, -1, np.nan
    for item in range(len(offsets)):
        kind, below = kinds[item], _skip_line(text, offsets[item], stop)
        if pending < 0 and kind in (UNITS, TIME, TIMESTEP):  # the first item of a frame
            pending = offsets[item]
            if f >= 0:
                _end_frame(whole[f], pending, lines[item])
        if kind == TIME:
            time, good = _number(text, _skip_blanks(text, below, stop), stop)
            if good < 0:
                time = np.nan
        elif kind == TIMESTEP:
            f += 1
            _begin_frame(text, below, stop, whole[f], pending)
            times[f], time, pending = time, np.nan, -1
        elif f >= 0 and kind == NUMBER:
            n, good = _integer(text, _skip_blanks(text, below, stop), stop)
            if good >= 0 and whole[f, 3] != -2:
                whole[f, 2] = n
        elif f >= 0 and kind == BOX:
            columns[f] = _read_bounds(text, below, stop, box[f])
        elif f >= 0 and kind == ATOMS and text[below - 1] == NEWLINE and columns[f] >= 2 and whole[f, 3] != -2:
            whole[f, 3], whole[f, 5] = below, lines[item] + 1  # until the end is known: lines before the atoms
    if f >= 0 and pending < 0:
        _end_frame(whole[f], stop, n_lines)
    whole[whole[:, 3] < 0, 2] = -1
    return whole, box, columns, times


@compiled
def read_frames(text, bodies, ends, roles, slots, low, kinds, positions, velocities):
    """Numbers of some frames into (F, N, 3) `positions` and `velocities`, atoms in their slots.

    bodies, ends : (F,) where the atom lines begin, and where the frame ends.
    roles : (columns,) SKIP; KIND: what the atom is; 0: the id; 1, 2, 3: x, y, z; 4, 5, 6: vx, vy, vz.
    kinds : (N,) uint64, the last eight characters of each atom's KIND, the last one in the lowest byte; 0 without one.
    slots : slots[id - low] is the row of an atom, -1 if there is no such atom; empty: rows in the order of the lines.

    Returns (READ, BAD_TEXT or BAD_ATOM, frame).
    """
    n_frames, n_atoms = len(positions), positions.shape[1]
    seen = np.full(n_atoms, -1, np.int64)
    values, kind = np.zeros(7), np.uint64(0)
    for f in range(n_frames):
        at, stop = bodies[f], ends[f]
        for line in range(n_atoms):
            row = line
            for column in range(len(roles)):
                at = _skip_blanks(text, at, stop)
                role = roles[column]
                if role == SKIP:
                    first = at
                    at = _end_of_word(text, at, stop)
                    if at == first:
                        return BAD_TEXT, f
                elif role == 0:
                    atom, at = _integer(text, at, stop)
                    if at < 0:
                        return BAD_TEXT, f
                    if len(slots):
                        row = slots[atom - low] if 0 <= atom - low < len(slots) else -1
                        if row < 0:
                            return BAD_ATOM, f
                elif role == KIND:
                    kind, at = _kind_of_atom(text, at, stop)
                else:
                    values[role], at = _number(text, at, stop)
                    if at < 0:
                        return BAD_TEXT, f
            at = _skip_blanks(text, at, stop)
            if at >= stop or text[at] != NEWLINE:
                return BAD_TEXT, f
            at += 1
            if (seen[row] == f) | (kinds[row] != kind):
                return BAD_ATOM, f
            seen[row] = f
            positions[f, row, 0], positions[f, row, 1], positions[f, row, 2] = values[1], values[2], values[3]
            if len(velocities):
                velocities[f, row, 0], velocities[f, row, 1], velocities[f, row, 2] = values[4], values[5], values[6]
    return READ, -1
