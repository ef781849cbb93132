"""Read what the text files of pair styles say: their elements, and lines of `keyword value`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ase.data import atomic_numbers

from lmpdrive.errors import ModelError

HEAD_BYTES = 1_000_000
"""Elements stand at the beginning of a model file, which may have gigabytes."""


def read_head(path: Path) -> str:
    """The beginning of a text file."""
    with path.open("rb") as stream:
        return stream.read(HEAD_BYTES).decode("utf-8", errors="replace")


def uncommented_lines(text: str) -> list[str]:
    """The lines of `text` that are not empty, without their comments."""
    return [bare for line in text.splitlines() if (bare := line.split("#")[0].strip())]


def words_after(keyword: str, path: Path) -> list[str] | None:
    """Words after `keyword` in a file of `keyword value` lines, None if it has no such line."""
    lines = (line.split() for line in uncommented_lines(read_head(path)))
    return next((words[1:] for words in lines if words[0] == keyword), None)


def element_symbols(words: Iterable[str], path: Path) -> tuple[str, ...]:
    """The words, if all are elements.  Raises ModelError."""
    found = tuple(words)
    strange = [word for word in found if word not in atomic_numbers]
    if strange or not found:
        raise ModelError(
            f"{path.name} has no list of elements where one belongs; found: {' '.join(found) or 'nothing'}"
        )
    return found
