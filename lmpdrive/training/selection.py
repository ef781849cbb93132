"""Choose frames by the numbers of their atoms: `Na == 3`, `Na in (0, 3)`, `Na - Cl == 1 and O > 40`.

An element stands for its number of atoms in the frame, `atoms` for all of them.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from ase.data import chemical_symbols

from lmpdrive.errors import ConfigError

ALL = "atoms"
_COMPARED: dict[type, Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda value, choices: value in choices,
    ast.NotIn: lambda value, choices: value not in choices,
}
_COMPUTED: dict[type, Callable[[Any, Any], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Mod: operator.mod,
}


class Selection:
    """A condition on the composition of a frame.  Raises ConfigError if it is not one."""

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._tree = ast.parse(text, mode="eval").body
        except SyntaxError:
            raise self._wrong("it cannot be read") from None
        if not isinstance(self({}), bool):
            raise self._wrong("it compares nothing")

    def __call__(self, counts: Mapping[str, int]) -> bool:
        """Whether a frame with so many atoms of each element is chosen."""
        return self._value(self._tree, counts)

    def _value(self, node: ast.AST, counts: Mapping[str, int]) -> Any:
        match node:
            case ast.Constant(value=int(value)) if not isinstance(value, bool):
                return value
            case ast.Name(id=name):
                return self._count(name, counts)
            case ast.Tuple(elts=items) | ast.List(elts=items):
                return [self._value(item, counts) for item in items]
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return not self._value(operand, counts)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self._value(operand, counts)
            case ast.BoolOp(op=op, values=values):
                found = [self._value(value, counts) for value in values]
                return all(found) if isinstance(op, ast.And) else any(found)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _COMPUTED:
                return _COMPUTED[type(op)](self._value(left, counts), self._value(right, counts))
            case ast.Compare(left=left, ops=ops, comparators=others) if all(type(op) in _COMPARED for op in ops):
                return self._compared([left, *others], ops, counts)
        raise self._wrong(f"'{ast.unparse(node)}' is not allowed")

    def _compared(self, nodes: list[ast.expr], ops: list[ast.cmpop], counts: Mapping[str, int]) -> bool:
        values = [self._value(node, counts) for node in nodes]
        try:
            return all(_COMPARED[type(op)](a, b) for op, a, b in zip(ops, values, values[1:], strict=False))
        except TypeError:
            raise self._wrong("a number cannot be compared with this") from None

    def _count(self, name: str, counts: Mapping[str, int]) -> int:
        if name == ALL:
            return sum(counts.values())
        if name not in chemical_symbols[1:]:
            raise self._wrong(f"'{name}' is no element")
        return counts.get(name, 0)

    def _wrong(self, why: str) -> ConfigError:
        return ConfigError(
            f"--select '{self.text}': {why}. Write conditions on numbers of atoms: 'Na == 3', 'Na in (0, 3)', "
            f"'Na - Cl == 1 and O > 40', '{ALL} < 200'"
        )
