"""docs/faq.md quotes messages as the program says them: what stands between the values is in one text of the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.conftest import ROOT

VALUE = "\0"
"""Stands for a value in an f-string."""
QUOTES = [
    " ".join(line.removeprefix("> ") for line in quote.splitlines())
    for quote in re.findall(r"^> .*(?:\n> .*)*", (ROOT / "docs" / "faq.md").read_text(), re.M)
]


def texts(tree: ast.AST) -> Iterator[str]:
    """The strings of a file, f-strings as a whole; blanks and line ends as one blank."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [str(v.value) if isinstance(v, ast.Constant) else VALUE for v in node.values]
            yield " ".join("".join(parts).split())
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield " ".join(node.value.split())


def pieces(quote: str) -> list[str]:
    """What a quote says literally, without values."""
    return [piece for piece in (part.strip() for part in quote.split("...")) if len(piece) > 1]


def says(text: str, quote: str) -> bool:
    """Whether a text of the source has the pieces of a quote, in their order."""
    return re.search(".*".join(map(re.escape, pieces(quote))), text, re.S) is not None


@pytest.fixture(scope="module")
def source() -> list[str]:
    files = (ROOT / "lmpdrive").rglob("*.py")
    return [text for file in files for text in texts(ast.parse(file.read_text())) if len(text) > 10]


@pytest.mark.parametrize("quote", QUOTES)
def test_the_message_is_in_the_source(quote, source):
    assert max(map(len, pieces(quote))) > 10, "too little to find it by"
    assert any(says(text, quote) for text in source), "no text of lmpdrive/ says this"


def test_a_quote_is_found_whatever_its_values():
    tree = ast.parse("def f(a, b):\n    raise ValueError(f'{a} is too long, at most {b} Å' ' are possible')\n")
    text = max(texts(tree), key=len)
    assert says(text, "... is too long, at most ... Å are possible")
    assert not says(text, "... is too short, at most ... Å are possible")
    assert not says(text, "at most ... is too long")


def test_every_error_is_followed_by_its_cure():
    page = (ROOT / "docs" / "faq.md").read_text()
    paragraphs = page.split("\n\n")
    bare = [p for p, after in zip(paragraphs, [*paragraphs[1:], "#"]) if p.startswith("> ") and after.startswith("#")]
    assert len(QUOTES) >= 20 and not bare
