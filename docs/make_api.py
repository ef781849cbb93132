"""Write docs/api.md, the names of `lmpdrive.__all__` with their arguments, from the docstrings.

python docs/make_api.py      # a test wants it up to date
"""

from __future__ import annotations

import inspect
import re
import textwrap
from functools import cached_property
from pathlib import Path
from typing import Any

import lmpdrive

PAGE = Path(__file__).with_name("api.md")
HEAD = """# Python

<!-- Written by docs/make_api.py: change the docstrings in lmpdrive instead. -->

Everything below is a name of the package: `import lmpdrive`, then `lmpdrive.simulate(...)`. Errors are subclasses of
`lmpdrive.errors.LmpdriveError`. In a notebook progress is shown, and results show themselves."""
SHOWN_WIDTH = 100
PARAMETER = re.compile(r"^(\w+(?:, \w+)*) : ", re.M)
"""What an argument or a field means: `name, name : sentence`."""


def page() -> str:
    """The whole page, functions first."""
    found = {name: _public(name) for name in lmpdrive.__all__ if not name.startswith("_")}
    functions = {name: one for name, one in found.items() if inspect.isfunction(one)}
    classes = {name: one for name, one in found.items() if name not in functions}
    parts = [section(name, one) for name, one in (*functions.items(), *classes.items())]
    return "\n\n".join([HEAD, *parts]) + "\n"


def section(name: str, one: Any) -> str:
    """A function, or a class with what it has."""
    parts = [f"## {name}", f"```text\n{_call(name, one)}\n```", _prose(inspect.getdoc(one) or "")]
    if inspect.isclass(one):
        parts.append("\n".join(_member(word, value) for word, value in vars(one).items() if _is_member(word, value)))
    return "\n\n".join(part for part in parts if part)


def _public(name: str) -> Any:
    """The function or class; a folder of the same name (report) may hide it in the package once it is imported."""
    return lmpdrive.__getattr__(name)


def _call(name: str, one: Any) -> str:
    """`name(argument: type = default, ...)`, broken where it is long."""
    signature = inspect.signature(one)
    words = [_argument(argument) for argument in signature.parameters.values()]
    returned = "" if inspect.isclass(one) else f" -> {signature.return_annotation}".replace("'", "")
    line = f"{name}({', '.join(words)}){returned}"
    return line if len(line) <= SHOWN_WIDTH else f"{name}(\n    " + ",\n    ".join(words) + f",\n){returned}"


def _argument(argument: inspect.Parameter) -> str:
    stars = {argument.VAR_POSITIONAL: "*", argument.VAR_KEYWORD: "**"}.get(argument.kind, "")
    text = f"{stars}{argument.name}"
    if argument.annotation is not argument.empty:
        text += f": {argument.annotation}".replace("'", "").replace('"', "'")
    if argument.default is argument.empty:
        return text
    shown = getattr(argument.default, "__name__", repr(argument.default))
    return f"{text} = {'...' if shown.startswith('<') else shown}"


def _prose(docstring: str) -> str:
    """Paragraphs; the lines `name : meaning` as a list; indented ones are code."""
    parts = []
    for paragraph in docstring.split("\n\n"):
        if paragraph.startswith("    "):
            parts.append(f"```text\n{textwrap.dedent(paragraph)}\n```")
        else:
            listed = PARAMETER.sub(lambda found: "- `" + found[1].replace(", ", "`, `") + "`: ", paragraph)
            parts.append(
                re.sub(r"(?<!\n)\n(?=- `)", "\n\n", listed, count=1) if not listed.startswith("- ") else listed
            )
    return "\n\n".join(parts)


def _is_member(word: str, value: Any) -> bool:
    return not word.startswith("_") and (inspect.isfunction(value) or isinstance(value, property | cached_property))


def _member(word: str, value: Any) -> str:
    call = f"{word}{inspect.signature(value)}" if inspect.isfunction(value) else word
    call = call.replace("(self, ", "(").replace("(self)", "()").replace("'", "")
    return f"- `{call}`: {' '.join((inspect.getdoc(value) or '').split())}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
