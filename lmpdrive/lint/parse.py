"""Text of a LAMMPS input -> logical lines, comments and words, by the rules of LAMMPS' `Input` class.

A line continues when its last printable character is `&` (also inside a comment) or while triple quotes are open.  `#`
begins a comment outside quotes.  A quoted word begins at white space and is one word; nothing in it is substituted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

TRIPLE = '"""'


@dataclass(frozen=True)
class Logical:
    """A logical line: number of its first physical line, text without comment, and the comment."""

    number: int
    text: str
    comment: str
    balanced: bool
    swallowed: str = ""
    """Lines that a comment ending in `&` took with it, those that are comments themselves left out."""


def logical_lines(text: str) -> Iterator[Logical]:
    """The logical lines that are not empty, in order."""
    start = 0
    parts: list[str] = []
    triple = False
    for number, line in enumerate(text.split("\n"), start=1):
        if not parts:
            start = number
        triple ^= line.count(TRIPLE) % 2 == 1
        stripped = line.rstrip()
        if stripped.endswith("&"):
            parts.append(stripped[:-1])
        elif triple:
            parts.append(line + "\n")
        else:
            yield from _logical(start, [*parts, line])
            parts = []
    if parts:
        yield from _logical(start, parts)


def _logical(number: int, parts: list[str]) -> Iterator[Logical]:
    whole = "".join(parts)
    cut, balanced = comment_start(whole)
    body, comment = whole[:cut], whole[cut + 1 :]
    # the physical lines after the one in which the comment begins: LAMMPS never sees them
    length, after = 0, []
    for part in parts:
        if length > cut and part.strip() and not part.lstrip().startswith("#"):
            after.append(part.strip())
        length += len(part)
    swallowed = "\n".join(after) if cut < len(whole) else ""
    if body.strip() or comment.strip():
        yield Logical(number, body.strip(), comment.strip(), balanced, swallowed)


def comment_start(text: str) -> tuple[int, bool]:
    """Where the comment begins (length if there is none), and whether all quotes are closed before it."""
    quote, i = "", 0
    while i < len(text):
        if quote:
            if text.startswith(quote, i):
                i += len(quote)
                quote = ""
                continue
        elif text[i] == "#":
            return i, True
        elif text.startswith(TRIPLE, i):
            quote = TRIPLE
            i += 3
            continue
        elif text[i] in "\"'":
            quote = text[i]
        i += 1
    return len(text), not quote


def words(text: str) -> list[str]:
    """Words of a line without its comment; quotes are taken off, an open one ends with the line."""
    return [_unquoted(text[begin:end]) for begin, end in spans(text)]


def spans(text: str) -> list[tuple[int, int]]:
    """Where each word of a line without its comment begins and ends, quotes included."""
    found, i = [], 0
    while i < len(text):
        if text[i].isspace():
            i += 1
            continue
        begin, quote = i, _quote(text, i)
        if quote:
            end = text.find(quote, i + len(quote))
            i = len(text) if end < 0 else end + len(quote)
        else:
            while i < len(text) and not text[i].isspace():
                i += 1
        found.append((begin, i))
    return found


def _quote(text: str, i: int) -> str:
    """The quote that opens at a position; empty if none does."""
    return TRIPLE if text.startswith(TRIPLE, i) else text[i] if text[i] in "\"'" else ""


def _unquoted(word: str) -> str:
    quote = _quote(word, 0)
    inner = word[len(quote) :]
    return inner.removesuffix(quote) if quote else word
