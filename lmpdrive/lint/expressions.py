"""Formulas of equal-style variables: numbers, operators, functions and `v_name`; anything else is Unknown."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

TOKEN = re.compile(r"\s*(\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|\w+|\|\||&&|\|\^|[=!<>]=|[-+*/^%()<>!,])")
MOST_STEPS = 2_000
DEEPEST = 40

FUNCTIONS: dict[str, Callable[..., float]] = {
    "sqrt": math.sqrt,
    "exp": math.exp,
    "ln": math.log,
    "log": math.log10,
    "abs": abs,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "atan2": math.atan2,
    "ceil": math.ceil,
    "floor": math.floor,
    "round": round,
    "ternary": lambda c, a, b: a if c else b,
}
CONSTANTS = {"PI": math.pi, "yes": 1.0, "on": 1.0, "true": 1.0, "no": 0.0, "off": 0.0, "false": 0.0}
BINARY: tuple[dict[str, Callable[[float, float], float]], ...] = (
    {"||": lambda a, b: float(bool(a or b)), "|^": lambda a, b: float(bool(a) != bool(b))},
    {"&&": lambda a, b: float(bool(a and b))},
    {"==": lambda a, b: float(a == b), "!=": lambda a, b: float(a != b)},
    {
        "<": lambda a, b: float(a < b),
        "<=": lambda a, b: float(a <= b),
        ">": lambda a, b: float(a > b),
        ">=": lambda a, b: float(a >= b),
    },
    {"+": lambda a, b: a + b, "-": lambda a, b: a - b},
    {"*": lambda a, b: a * b, "/": lambda a, b: a / b, "%": math.fmod},
)
"""Operators, those that bind least first; `^` and signs bind most."""


class Unknown(Exception):
    """The value cannot be known without running the deck."""


def evaluate(
    text: str, formulas: Mapping[str, str], number: Callable[[str], float], thermo: Mapping[str, float]
) -> float:
    """Value of a formula.  `formulas` are other equal-style variables, `number` gives the rest, `thermo` keywords.

    Raises Unknown.
    """
    reader = _Reader(formulas, number, thermo)
    try:
        value = float(reader.formula(text, 0))
    except (ArithmeticError, ValueError, TypeError):
        raise Unknown(text) from None
    if not math.isfinite(value):
        raise Unknown(text)
    return value


class _Reader:
    def __init__(self, formulas: Mapping[str, str], number: Callable[[str], float], thermo: Mapping[str, float]):
        self.formulas, self.number, self.thermo = formulas, number, thermo
        self.steps = 0

    def formula(self, text: str, depth: int) -> float:
        tokens, at = [], 0
        while at < len(text.rstrip()):
            found = TOKEN.match(text, at)
            if not found:
                raise Unknown(text)
            tokens.append(found[1])
            at = found.end()
        tokens.reverse()  # the next one is the last
        value = self._binary(tokens, 0, depth)
        if tokens:
            raise Unknown(text)
        return value

    def _binary(self, tokens: list[str], level: int, depth: int) -> float:
        self.steps += 1
        if depth > DEEPEST or self.steps > MOST_STEPS:
            raise Unknown("too long")
        if level == len(BINARY):
            return self._power(tokens, depth)
        value = self._binary(tokens, level + 1, depth)
        while tokens and tokens[-1] in BINARY[level]:
            operator = BINARY[level][tokens.pop()]
            value = operator(value, self._binary(tokens, level + 1, depth))
        return value

    def _power(self, tokens: list[str], depth: int) -> float:
        if depth > DEEPEST:
            raise Unknown("too deep")
        if tokens and tokens[-1] in ("-", "!"):
            sign = tokens.pop()
            value = self._power(tokens, depth + 1)
            return -value if sign == "-" else float(not value)
        value = self._atom(tokens, depth)
        if tokens and tokens[-1] == "^":
            tokens.pop()
            value = float(value) ** float(self._power(tokens, depth + 1))
        return value

    def _atom(self, tokens: list[str], depth: int) -> float:
        if not tokens:
            raise Unknown("ends early")
        token = tokens.pop()
        if token == "(":
            value = self._binary(tokens, 0, depth + 1)
            _expect(tokens, ")")
            return value
        if token[0].isdigit() or token[0] == ".":
            return float(token)
        if token.startswith("v_"):
            name = token[2:]
            if name in self.formulas:
                return self.formula(self.formulas[name], depth + 1)
            return self.number(name)
        if token in FUNCTIONS and tokens and tokens[-1] == "(":
            tokens.pop()
            args = [self._binary(tokens, 0, depth + 1)]
            while tokens and tokens[-1] == ",":
                tokens.pop()
                args.append(self._binary(tokens, 0, depth + 1))
            _expect(tokens, ")")
            return FUNCTIONS[token](*args)
        for known in (CONSTANTS, self.thermo):
            if token in known:
                return known[token]
        raise Unknown(token)


def _expect(tokens: list[str], token: str) -> None:
    if not tokens or tokens.pop() != token:
        raise Unknown(f"no {token}")
