"""Break the long lines of prose in README.md, CONTRIBUTING.md and docs/, so that they can be read in any editor.

python docs/wrap.py      # a test wants no line above 120 characters

Paragraphs and list items with a longer line are filled again.  Tables, code, headings and what the other scripts here
write stay as they are; inline code is not broken.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
MOST = 120
"""Characters of a line of prose."""
GENERATED = re.compile(r"^<!-- (?:From here on w|W)ritten by docs/make_", re.M)
VERBATIM = re.compile(r"^(?:#|\||>|!\[|<!--| {4,}\S)")
"""Lines that are not prose: headings, tables, quotations, figures, comments, indented code."""
ITEM = re.compile(r"^( *)(?:[-*]|\d+\.) +")
MARKUP = re.compile(r"^(?:[-+*>#|=]+|\d+[.)])$")
"""Words that would become markup at the beginning of a line."""
GLUE = "\0"
"""Stands for a blank at which no line may end."""


def wrapped(text: str) -> str:
    """The page with its long paragraphs filled again."""
    found = GENERATED.search(text)
    by_hand, rest = (text[: found.start()], text[found.start() :]) if found else (text, "")
    lines = (line for prose, part in _parts(by_hand) for line in (_filled(part) if prose else part))
    return "\n".join(lines) + rest


def _parts(text: str) -> Iterator[tuple[bool, list[str]]]:
    """(True, lines) of each paragraph and list item; (False, [line]) of everything else."""
    part: list[str] = []
    fenced = False
    for line in text.split("\n"):
        fence = line.lstrip().startswith("```")
        verbatim = fenced or fence or not line.strip() or (VERBATIM.match(line) and not (part and ITEM.match(part[0])))
        if part and (verbatim or ITEM.match(line)):
            yield True, part
            part = []
        if verbatim:
            yield False, [line]
        else:
            part.append(line)
        fenced ^= fence
    if part:
        yield True, part


def _filled(part: list[str]) -> list[str]:
    """A paragraph or an item, filled if one of its lines is too long."""
    if max(map(len, part)) <= MOST:
        return part
    item = ITEM.match(part[0])
    indent = " " * len(item[0]) if item else re.match(" *", part[0])[0]  # type: ignore[index]
    lead = item[0] if item else indent
    words = _glued(" ".join([part[0][len(lead) :], *(line.strip() for line in part[1:])])).split(" ")
    text = words[0]
    for word in words[1:]:
        text += (GLUE if MARKUP.match(word) else " ") + word
    filler = textwrap.TextWrapper(
        MOST, initial_indent=lead, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return [line.replace(GLUE, " ") for line in filler.wrap(text)]


def _glued(text: str) -> str:
    """Inline code in one piece."""
    return re.sub(r"(`+)[^`]+\1", lambda found: found[0].replace(" ", GLUE), text)


def main() -> None:
    """Write the pages that change."""
    for page in PAGES:
        before = page.read_text(encoding="utf-8")
        if (after := wrapped(before)) != before:
            page.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main()
