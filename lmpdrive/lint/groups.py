"""Whether two groups of a deck definitely share atoms, from their `group` commands alone."""

from __future__ import annotations

from collections.abc import Sequence

from lmpdrive.lint.walk import Command

DEEPEST = 20
MOST_STEPS = 5_000
COMPARISONS = ("<", ">", "<=", ">=", "==", "!=", "<>")
Ranges = list[tuple[int, int]]


class Groups:
    """Definitions of the groups; several `group NAME id|type` add up, as in LAMMPS."""

    def __init__(self, commands: Sequence[Command]):
        self.defined: dict[str, list[tuple[str, ...]]] = {}
        for command in commands:
            name, style, rest = command.arg(0), command.arg(1), command.args[2:]
            if style in ("delete", "clear"):
                self.defined.pop(name, None)
            elif style and not command.conditional:
                self.defined.setdefault(name, []).append((style, *rest))
        self.steps = 0

    def share(self, one: str, other: str) -> bool:
        """True only if both definitely have atoms in common (if the second has any)."""
        self.steps = 0
        return self._share(one, other, 0)

    def _share(self, one: str, other: str, depth: int) -> bool:
        self.steps += 1
        if depth > DEEPEST or self.steps > MOST_STEPS:
            return False
        if one == other or "all" in (one, other):
            return True
        for a, b in ((one, other), (other, one)):
            for style, *names in self.defined.get(a, ()):
                if style == "union" and any(self._share(n, b, depth + 1) for n in names):
                    return True
                if (
                    style == "subtract"
                    and names
                    and self._holds(names[0], b, depth + 1)
                    and not any(self._may_share(n, b, depth + 1) for n in names[1:])
                ):
                    return True
        return any(_meet(self._ranges(one, kind), self._ranges(other, kind)) for kind in ("id", "type"))

    def _holds(self, outer: str, inner: str, depth: int) -> bool:
        """Whether `inner` is definitely a part of `outer`."""
        self.steps += 1
        if depth > DEEPEST or self.steps > MOST_STEPS:
            return False
        if outer in ("all", inner):
            return True
        if any(
            style == "union" and any(self._holds(n, inner, depth + 1) for n in names)
            for style, *names in self.defined.get(outer, ())
        ):
            return True
        definition = self.defined.get(inner, [])
        if len(definition) == 1 and definition[0][0] in ("subtract", "intersect"):
            style, *names = definition[0]
            return any(self._holds(outer, n, depth + 1) for n in (names[:1] if style == "subtract" else names))
        return False

    def _may_share(self, one: str, other: str, depth: int) -> bool:
        """False only where the ids or types of both are known and differ."""
        for kind in ("id", "type"):
            a, b = self._ranges(one, kind), self._ranges(other, kind)
            if a and b and len(self.defined[one]) == 1 == len(self.defined[other]):
                return _meet(a, b)
        return True

    def _ranges(self, name: str, kind: str) -> Ranges:
        found: Ranges = []
        for style, *words in self.defined.get(name, ()):
            if style == kind and not any(word in COMPARISONS for word in words):
                found += [r for word in words if (r := _range(word))]
        return found


def _range(word: str) -> tuple[int, int] | None:
    """`5`, `1:96` or `1:96:2` (its ends only where all of it is taken)."""
    parts = word.split(":")
    if not all(p.isascii() and p.isdigit() and len(p) < 16 for p in parts) or len(parts) > 2:
        return None
    return int(parts[0]), int(parts[-1])


def _meet(one: Ranges, other: Ranges) -> bool:
    return any(a <= d and c <= b for a, b in one for c, d in other)
