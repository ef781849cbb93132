"""Files that decks partly written by hand (`templates:`) read."""

from __future__ import annotations

from collections.abc import Iterator

from lmpdrive.architectures import Problem
from lmpdrive.checks.case import Case
from lmpdrive.deck.auxiliary import missing_files
from lmpdrive.deck.render import own_folders


def files_beside_the_template(case: Case) -> Iterator[Problem]:
    """A file that the deck reads, and that is not beside the template from where it would be copied."""
    if case.own_deck is None:
        return
    there = (*case.own_deck.files, *case.own_deck.auxiliary, *case.config.potential.files())
    for command, name in missing_files(case.own_deck.deck, there):
        folders = " or ".join(map(str, own_folders(case.config)))
        yield Problem(
            "error",
            f"the deck of your templates, {command.file} line {command.line}: {' '.join(command.words[:5])} reads "
            f"{name}, and there is no {folders}/{name}. Put it there: it is copied into the run directory.",
        )
