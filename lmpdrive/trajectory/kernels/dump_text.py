"""Compiled scan of a LAMMPS text dump: where frames are, their headers, and their numbers.  Twin: `dump_text_numpy`.

`text` is the whole file as bytes (uint8), mapped or in memory.  Nothing here raises: what cannot be read is marked,
and the caller looks at it again with slower, more patient code.
"""

from __future__ import annotations

import numpy as np

from lmpdrive.common.compiled import compiled

NEWLINE, SPACE, PLUS, MINUS, POINT, ZERO, NINE = 10, 32, 43, 45, 46, 48, 57
UNITS, TIME, TIMESTEP, NUMBER, BOX, ATOMS, OTHER = range(7)
_BLOCK = 256

READ, BAD_TEXT, BAD_ATOM = range(3)
"""What `read_frames` found: all well; a word that is no plain number or a line with too few or too many words;
an atom that the first frame does not have, or one that comes twice."""

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
                text[p] == 73  # ITEM: and a space, and enough behind it to tell which
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
def _number(text, at, stop):
    """(value, offset after the word); offset -1 if the word is no plain decimal number.

    Exact (rounded as C does) up to 15 digits and 10^±22, else within four units in the last place.
    """
    negative = False
    if at < stop and (text[at] == MINUS or text[at] == PLUS):
        negative = text[at] == MINUS
        at += 1
    mantissa, digits, exponent, first = 0, 0, 0, at
    while at < stop and ZERO <= text[at] <= NINE:
        if digits < 18:
            mantissa = mantissa * 10 + (np.int64(text[at]) - ZERO)
            digits += mantissa > 0
        else:
            exponent += 1
        at += 1
    n = at - first
    if at < stop and text[at] == POINT:
        at += 1
        first = at
        while at < stop and ZERO <= text[at] <= NINE:
            if digits < 18:
                mantissa = mantissa * 10 + (np.int64(text[at]) - ZERO)
                digits += mantissa > 0
                exponent -= 1
            at += 1
        n += at - first
    if n == 0:
        return 0.0, -1
    if at < stop and (text[at] == 69 or text[at] == 101):  # E, e
        at += 1
        down = False
        if at < stop and (text[at] == MINUS or text[at] == PLUS):
            down = text[at] == MINUS
            at += 1
        power, first = 0, at
        while at < stop and ZERO <= text[at] <= NINE and power < 10_000:
            power = power * 10 + (np.int64(text[at]) - ZERO)
            at += 1
        if at == first:
            return 0.0, -1
        exponent += -power if down else power
    if at < stop and text[at] > SPACE:
        return 0.0, -1
    if abs(exponent) > 280:  # a factor near the limits of 64 bits would lose digits
        return 0.0, -1
    value = float(mantissa)
    if exponent < 0:
        value = value / _TENS[-exponent] if exponent >= -22 else value * 10.0**exponent
    elif exponent > 0:
        value = value * _TENS[exponent] if exponent <= 22 else value * 10.0**exponent
    return (-value if negative else value), at


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
    room = 0
    for kind in kinds:
        room += kind == TIMESTEP
    whole = np.zeros((room, 6), np.int64)
    box, columns = np.zeros((room, 3, 4)), np.zeros(room, np.int64)
    times = np.full(room, np.nan)
    f, pending, time = -1, -1, np.nan
    for item in range(len(offsets)):
        at = offsets[item]
        if kinds[item] == UNITS or kinds[item] == TIME:
            if pending < 0:
                pending = at
                if f >= 0:
                    whole[f, 4] = at
                    whole[f, 5] = lines[item] - whole[f, 5]
            if kinds[item] == TIME:
                time, good = _number(text, _skip_blanks(text, _skip_line(text, at, stop), stop), stop)
                if good < 0:
                    time = np.nan
            continue
        if kinds[item] == TIMESTEP:
            if f >= 0 and pending < 0:
                whole[f, 4] = at
                whole[f, 5] = lines[item] - whole[f, 5]
            f += 1
            whole[f, 0] = pending if pending >= 0 else at
            whole[f, 2] = -1
            whole[f, 3] = -1
            whole[f, 4] = stop
            whole[f, 1], good = _integer(text, _skip_blanks(text, _skip_line(text, at, stop), stop), stop)
            if good < 0:
                whole[f, 3] = -2
            times[f], time, pending = time, np.nan, -1
        elif f >= 0 and kinds[item] == NUMBER:
            n, good = _integer(text, _skip_blanks(text, _skip_line(text, at, stop), stop), stop)
            if good >= 0 and whole[f, 3] != -2:
                whole[f, 2] = n
        elif f >= 0 and kinds[item] == BOX:
            at = _skip_line(text, at, stop)
            for line in range(3):
                n = 0
                at = _skip_blanks(text, at, stop)
                while at < stop and text[at] != NEWLINE and n < 4:
                    box[f, line, n], good = _number(text, at, stop)
                    if good < 0:
                        n = 0
                        break
                    n += 1
                    at = _skip_blanks(text, good, stop)
                at = _skip_line(text, at, stop)
                columns[f] = n if line == 0 or n == columns[f] else 0
        elif f >= 0 and kinds[item] == ATOMS:
            body = _skip_line(text, at, stop)
            if text[body - 1] == NEWLINE and columns[f] >= 2 and whole[f, 3] != -2:
                whole[f, 3] = body
                whole[f, 5] = lines[item] + 1  # until the frame's end is known: lines before its atoms
    if f >= 0 and pending < 0:
        whole[f, 5] = n_lines - whole[f, 5]
    for f in range(room):
        if whole[f, 3] < 0:
            whole[f, 2] = -1
    return whole, box, columns, times


@compiled
def read_frames(text, bodies, ends, roles, slots, low, positions, velocities):
    """Numbers of some frames into (F, N, 3) `positions` and `velocities`, atoms in their slots.

    bodies, ends : (F,) where the atom lines begin, and where the frame ends.
    roles : (columns,) -1: skip the word; 0: the id; 1, 2, 3: x, y, z; 4, 5, 6: vx, vy, vz.
    slots : slots[id - low] is the row of an atom, -1 if there is no such atom; empty: rows as the lines come.

    Returns (READ, BAD_TEXT or BAD_ATOM, frame).
    """
    n_frames, n_atoms = len(positions), positions.shape[1]
    seen = np.full(n_atoms, -1, np.int64)
    values = np.zeros(7)
    for f in range(n_frames):
        at, stop = bodies[f], ends[f]
        for line in range(n_atoms):
            row = line
            for column in range(len(roles)):
                at = _skip_blanks(text, at, stop)
                role = roles[column]
                if role < 0:
                    first = at
                    while at < stop and text[at] > SPACE:
                        at += 1
                    if at == first:
                        return BAD_TEXT, f
                elif role == 0:
                    atom, at = _integer(text, at, stop)
                    if at < 0:
                        return BAD_TEXT, f
                    if len(slots):
                        if not 0 <= atom - low < len(slots):
                            return BAD_ATOM, f
                        row = slots[atom - low]
                        if row < 0:
                            return BAD_ATOM, f
                else:
                    values[role], at = _number(text, at, stop)
                    if at < 0:
                        return BAD_TEXT, f
            at = _skip_blanks(text, at, stop)
            if at >= stop or text[at] != NEWLINE:
                return BAD_TEXT, f
            at += 1
            if seen[row] == f:
                return BAD_ATOM, f
            seen[row] = f
            positions[f, row, 0], positions[f, row, 1], positions[f, row, 2] = values[1], values[2], values[3]
            if len(velocities):
                velocities[f, row, 0], velocities[f, row, 1], velocities[f, row, 2] = values[4], values[5], values[6]
    return READ, -1
