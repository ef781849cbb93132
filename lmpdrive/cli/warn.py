"""Warnings of Python as sentences on stderr, each once: never with a path, a line number and a class.

Deprecations of other packages are for their developers, and NumPy's remarks on a division by zero are for ours: a
number that is not defined is printed as such.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import TextIO

PACKAGE = Path(__file__).parents[1]
NOT_FOR_USERS = (
    DeprecationWarning,
    PendingDeprecationWarning,
    FutureWarning,
    ImportWarning,
    ResourceWarning,
    RuntimeWarning,
)


def warn_in_sentences() -> None:
    """Show the warnings of this process so from now on."""
    shown: set[str] = set()

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        text = sentence(message, category, filename)
        if text and text not in shown:
            shown.add(text)
            print(text, file=file or sys.stderr, flush=True)

    for category in NOT_FOR_USERS:
        warnings.simplefilter("ignore", category)
    warnings.showwarning = show


def sentence(message: Warning | str, category: type[Warning], filename: str) -> str:
    """`warning: ...`, with the package that it comes from if that is not lmpdrive; empty for what is not for users."""
    if issubclass(category, NOT_FOR_USERS):
        return ""
    path = Path(filename)
    text = " ".join(str(message).split())
    if path.is_relative_to(PACKAGE) or "site-packages" not in path.parts:
        return f"warning: {text}"
    package = path.parts[path.parts.index("site-packages") + 1].removesuffix(".py")
    return f"warning: {text} ({package})"
