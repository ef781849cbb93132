"""Commands for the user to paste: paths with blanks and the like are quoted."""

from __future__ import annotations

import shlex
from os import PathLike


def to_paste(*words: str | PathLike[str]) -> str:
    """`to_paste("resume", folder)` -> `lmpdrive resume 'my runs/au'`."""
    return shlex.join(["lmpdrive", *map(str, words)])
