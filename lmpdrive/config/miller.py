"""Miller indices as users write them: `111`, "211", "10-10", "1 1 -2 0", [3, 1, 1]."""

from __future__ import annotations

import re
from collections.abc import Sequence


def canonical(value: object) -> str:
    """One spelling of Miller indices: digits with their signs, spaces only where a number has two digits.

    >>> canonical([1, 0, -1, 0]), canonical("(211)"), canonical("10 0 1")
    ('10-10', '211', '10 0 1')

    Raises ValueError for what is no three or four integers, for (000), and for four that are not (h k -(h+k) l).
    """
    indices = _numbers(value)
    shown = str(value)
    if len(indices) not in (3, 4):
        raise ValueError(f"{shown} is no facet: write Miller indices like 111, '211', '0001' (in quotes) or [3, 1, 1]")
    if not any(indices):
        raise ValueError(f"{shown} is no facet: one Miller index must differ from 0")
    if len(indices) == 4 and indices[2] != -(indices[0] + indices[1]):
        right = [*indices[:2], -(indices[0] + indices[1]), indices[3]]
        raise ValueError(f"{shown}: the third of four Miller indices is minus the sum of the first two: {right}")
    separator = "" if all(abs(index) < 10 for index in indices) else " "
    return separator.join(str(index) for index in indices)


def miller(facet: str) -> tuple[int, int, int]:
    """The three indices (h, k, l) of a facet, the redundant one of four left out."""
    indices = _numbers(facet)
    h, k, last = indices[0], indices[1], indices[-1]
    return h, k, last


def _numbers(value: object) -> list[int]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [v for v in value if isinstance(v, int)] if all(isinstance(v, int) for v in value) else []
    text = str(value).strip().strip("()[]{}").replace(",", " ")
    if not re.fullmatch(r"[-\d\s]+", text):
        return []
    if len(text.split()) > 1:
        return [int(word) for word in text.split()] if all(re.fullmatch(r"-?\d+", w) for w in text.split()) else []
    return [int(digit) for digit in re.findall(r"-?\d", text)]
