"""Where deck templates are rendered: Jinja2's sandbox, made tighter.

Jinja2 keeps templates away from names with underscores.  But what they are handed has methods that write, delete and
start programs (paths, the potential): here only methods of text, numbers and lists, and Jinja2's own functions, can be
called.  Lists and dictionaries cannot be changed.
"""

from __future__ import annotations

from typing import Any

from jinja2.sandbox import ImmutableSandboxedEnvironment

PLAIN = (str, int, float, list, tuple, dict, set, frozenset)


class DeckEnvironment(ImmutableSandboxedEnvironment):
    """The environment of `deck.render`; a forbidden call raises jinja2's SecurityError."""

    def is_safe_callable(self, obj: Any) -> bool:
        """Macros, blocks, `range`, `dict` and the like, and methods of plain values."""
        owner = getattr(getattr(obj, "__wrapped__", obj), "__self__", None)  # Jinja2 wraps str.format
        known = type(owner) in PLAIN or obj is dict or any(_of_jinja(x) for x in (obj, type(obj), type(owner)))
        return known and super().is_safe_callable(obj)


def _of_jinja(thing: Any) -> bool:
    """Whether a class or function is defined in Jinja2."""
    module = getattr(thing, "__module__", None)
    return isinstance(module, str) and module.split(".")[0] == "jinja2"
