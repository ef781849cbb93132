"""What `lmpdrive check` finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Problem:
    """Something `lmpdrive check` found.  Errors stop a run; warnings and notes do not."""

    level: Literal["error", "warning", "note"]
    message: str


def element_problems(elements: Sequence[str], known: Sequence[str], model: str) -> list[Problem]:
    """One error per element of the system that the model does not know."""
    return [
        Problem(
            "error",
            f"the model {model} does not know {e}; it knows {', '.join(known)}. "
            f"Use another model, or a system without {e}.",
        )
        for e in elements
        if e not in known
    ]
