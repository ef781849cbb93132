"""What a file fixes: whole atoms are kept fixed, other constraints cannot be and are named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ase import Atoms

CURE = "Fix whole atoms in the file (FixAtoms; F F F in a POSCAR), or set dynamics.fixed_layers."


def fixed_atoms(atoms: Atoms) -> np.ndarray | None:
    """Indices of the atoms that the constraints hold in all three directions; None if there are none."""
    fixed = [np.atleast_1d(c.get_indices()) for c in atoms.constraints if _holds_atoms(c)]
    return np.unique(np.concatenate(fixed)).astype(int) if sum(map(len, fixed)) else None


def notes_on_constraints(atoms: Atoms, source: str) -> tuple[str, ...]:
    """A sentence for each kind of constraint in `source` that is not kept."""
    free: dict[str, set[int]] = {}
    for constraint in atoms.constraints:
        if not _holds_atoms(constraint):
            for words, index in _in_words(constraint):
                free.setdefault(words, set()).add(index)
    held = set() if (fixed := fixed_atoms(atoms)) is None else set(fixed.tolist())
    return tuple(
        f"{source} holds {len(indices - held)} atoms {words}, which is not kept: they are free to move. {CURE}"
        for words, indices in free.items()
        if indices - held
    )


def _holds_atoms(constraint: Any) -> bool:
    from ase.constraints import FixAtoms

    return isinstance(constraint, FixAtoms) or (_directions(constraint) is not None and bool(_mask(constraint).all()))


def _in_words(constraint: Any) -> Iterator[tuple[str, int]]:
    """How each atom of a constraint is held."""
    letters = _directions(constraint)
    if letters is None:
        words = f"by a constraint ({type(constraint).__name__})"
    else:
        held = [letter for letter, fixed in zip(letters, _mask(constraint), strict=True) if fixed]
        words = f"along {' and '.join(held)} only"
        if not held:
            return
    indices = constraint.get_indices() if hasattr(constraint, "get_indices") else []
    yield from ((words, int(index)) for index in np.ravel(indices))


def _directions(constraint: Any) -> str | None:
    """Names of the directions of a mask; None for constraints of another sort."""
    from ase.constraints import FixCartesian, FixScaled

    if isinstance(constraint, FixCartesian):
        return "xyz"
    return "abc" if isinstance(constraint, FixScaled) else None


def _mask(constraint: Any) -> np.ndarray:
    """Which of the three directions are fixed."""
    return np.broadcast_to(np.asarray(constraint.mask, dtype=bool), (3,))
