"""A deck that was edited after it was rendered is linted before it runs."""

from __future__ import annotations

from pathlib import Path

from lmpdrive.common.say import Say
from lmpdrive.errors import DeckError
from lmpdrive.lint import lint


def must_pass(deck: Path, say: Say) -> None:
    """Report the warnings; raise DeckError with the errors."""
    found = lint(deck).findings
    texts = [f"{one.file}:{one.line}: [{one.code}] {one.what}; {one.fix}" for one in found]
    for one, text in zip(found, texts, strict=True):
        if one.level == "warning":
            say(f"warning: {text}")
    errors = [text for one, text in zip(found, texts, strict=True) if one.level == "error"]
    if errors:
        advice = "If it is what you want, end the line with `# lint: allow CODE` (docs/lint.md)."
        raise DeckError("\n".join(["the deck was edited, and is wrong:", *errors, advice]))
