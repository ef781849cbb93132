"""Atoms that a person names: `Ti O bonded to Ti`: elements, each of them alone or with what it must be bonded to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lmpdrive.constituents.bonds import Array, Indices, find_bonds


def by_elements(text: str, elements: NDArray[np.str_], positions: Array, cell: Array) -> Indices | None:
    """The atoms that such words name; None where they are not all elements of the system."""
    words, known = text.replace(",", " ").split(), set(elements.tolist())
    chosen = np.zeros(len(elements), dtype=bool)
    k = 0
    while k < len(words):
        if words[k] not in known:
            return None
        own, partners = elements == words[k], []
        k += 1
        if words[k : k + 2] == ["bonded", "to"]:
            k += 2
            while k < len(words) and words[k] in known:
                partners.append(words[k])
                k += 1
            if not partners:
                return None
            own = own & bonded_to(elements, positions, cell, partners)
        chosen |= own
    return np.flatnonzero(chosen)


def bonded_to(elements: NDArray[np.str_], positions: Array, cell: Array, partners: Sequence[str]) -> NDArray[np.bool_]:
    """(N,) which atoms are bonded to an atom of one of the elements `partners`."""
    return find_bonds(elements, positions, cell).count_to(np.isin(elements, list(partners))) > 0
