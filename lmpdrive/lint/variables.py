"""LAMMPS variables as far as they can be known without running: `$x`, `${x}`, `$(expression)`.

What cannot be known (thermo keywords, computes, loops' later values, other styles) stays in the text as it was written,
so that a word with `$` in it is one of unknown value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lmpdrive.lint.expressions import Unknown, evaluate

LONGEST = 10_000
"""Characters of a line before and after substitution; a longer one is left as it was (variables can double)."""
LONGEST_FORMULA = 1_000
"""Characters between `$(` and `)`."""


class Variables:
    """Values of a deck's variables; `given` are those of `lmp -var`."""

    def __init__(self, given: Mapping[str, str]):
        self.values: dict[str, str | None] = dict(given)
        self.formulas: dict[str, str] = {}
        self.thermo: dict[str, float] = {}
        """Thermo keywords of known value (`dt`)."""

    def define(self, words: Sequence[str], conditional: bool) -> None:
        """What a `variable` command does; in a branch that may not be taken the value becomes unknown."""
        if len(words) < 2:
            return
        name, style, args = words[0], words[1], words[2:]
        if style == "delete":
            self._forget(name)
        elif conditional:
            self._forget(name)
            self.values[name] = None
        elif style in ("index", "loop", "world", "universe", "uloop"):
            if name not in self.values and name not in self.formulas:  # LAMMPS keeps the first definition
                self.values[name] = _first(style, args)
        elif style == "string":
            self._forget(name)
            self.values[name] = " ".join(args)[:LONGEST]
        elif style == "equal":
            self._forget(name)
            self.formulas[name] = " ".join(args)
        else:
            self._forget(name)
            self.values[name] = None

    def _forget(self, name: str) -> None:
        self.values.pop(name, None)
        self.formulas.pop(name, None)

    def value(self, name: str) -> str | None:
        """The text that `${name}` stands for, if it is known."""
        if name in self.formulas:
            return self.immediate(self.formulas[name])
        return self.values.get(name)

    def number(self, name: str) -> float:
        """Value of `v_name`.  Raises Unknown."""
        if name in self.formulas:
            raise Unknown(name)  # evaluated by its formula
        try:
            return float(self.values.get(name) or "")
        except ValueError:
            raise Unknown(name) from None

    def immediate(self, expression: str) -> str | None:
        """The text of `$(expression)`, if it is known."""
        plain, colon, form = expression.rpartition(":")
        if colon and form.startswith("%"):
            expression = plain
        try:
            return f"{evaluate(expression, self.formulas, self.number, self.thermo):.15g}"
        except Unknown:
            return None

    def substitute(self, text: str) -> str:
        """`text` with every known variable outside quotes replaced."""
        if "$" not in text or len(text) > LONGEST:
            return text
        out: list[str] = []
        quote, i, length = "", 0, 0
        while i < len(text):
            step, piece = 1, text[i]
            if quote:
                if text.startswith(quote, i):
                    step, piece, quote = len(quote), quote, ""
            elif text.startswith('"""', i):
                step, piece, quote = 3, '"""', '"""'
            elif piece in "\"'":
                quote = piece
            elif piece == "$":
                step, value = self._reference(text, i)
                piece = text[i : i + step] if value is None else value
            out.append(piece)
            length += len(piece)
            if length > LONGEST + len(text):
                return text
            i += step
        return "".join(out)

    def _reference(self, text: str, i: int) -> tuple[int, str | None]:
        """Length of the reference at `i`, and its value."""
        following = text[i + 1 : i + 2]
        if following == "{":
            end = text.find("}", i)
            return (1, None) if end < 0 else (end + 1 - i, self.value(text[i + 2 : end]))
        if following == "(":
            depth = 0
            for j in range(i + 1, min(len(text), i + LONGEST_FORMULA)):
                depth += {"(": 1, ")": -1}.get(text[j], 0)
                if depth == 0:
                    return j + 1 - i, self.immediate(text[i + 2 : j])
            return 1, None
        if re.fullmatch(r"\w", following):
            return 2, self.value(following)
        return 1, None


def _first(style: str, args: Sequence[str]) -> str | None:
    if style in ("world", "universe", "uloop") or not args:
        return None
    if style == "index":
        return args[0]
    numbers = [a for a in args if a != "pad"]
    return numbers[0] if len(numbers) > 1 else "1"
