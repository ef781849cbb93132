"""Lines of prose can be read in an editor, and breaking them changes nothing else."""

from __future__ import annotations

import pytest

from tests.conftest import ROOT
from tests.docs.generated import script

wrap = script("wrap")
WORDS = "word " * 30


@pytest.mark.parametrize("page", wrap.PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_prose_has_short_lines(page):
    text = page.read_text(encoding="utf-8")
    assert wrap.wrapped(text) == text, "run: python docs/wrap.py"


@pytest.mark.parametrize(
    "text",
    [
        "short\nlines\n",
        f"| {WORDS} | table |\n|---|---|\n",
        f"```text\n{WORDS}\n```\n",
        f"    indented code {WORDS}\n",
        f"# {WORDS}\n",
        f"hand\n\n<!-- Written by docs/make_x.py -->\n\n{WORDS}\n",
    ],
)
def test_what_is_no_long_paragraph_stays(text):
    assert wrap.wrapped(text) == text


def test_a_paragraph_is_filled_and_keeps_its_words():
    text = f"First {WORDS}\nlast.\n"
    lines = wrap.wrapped(text).splitlines()
    assert len(lines) == 2 and max(map(len, lines)) <= wrap.MOST
    assert " ".join(lines).split() == text.split()


def test_an_item_is_indented_under_its_text():
    first, second, third = wrap.wrapped(f"- {WORDS}\n- next\n").splitlines()
    assert first.startswith("- word") and second.startswith("  word") and third == "- next"


def test_code_stays_in_one_piece():
    lines = wrap.wrapped(f"{'x' * 110} `lmpdrive check system.yaml` {WORDS}\n").splitlines()
    assert lines[1].startswith("`lmpdrive check system.yaml` ")


def test_a_minus_sign_begins_no_line():
    text = f"{'x' * 118} - y {WORDS}\n"
    assert all(not line.startswith("- ") for line in wrap.wrapped(text).splitlines())
