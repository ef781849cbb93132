"""The report says what the atoms were taken for, before its numbers."""

from __future__ import annotations

import re

from lmpdrive.observables import analyse
from lmpdrive.report import write_report
from lmpdrive.report.what_is_what import what_is_what
from tests.constituents import interfaces as made
from tests.observables.test_any_surface import frames_of


def test_the_table_stands_before_the_results(tmp_path):
    atoms, _ = made.with_water(made.rutile(repeat=(4, 1)), n=6)
    page = write_report(tmp_path, analyse(frames_of(atoms), names=["water_density"]), None).read_text()
    text = re.sub(r"<[^>]+>", " ", page)
    assert page.index("What is what") < page.index("Results")
    for words in ("Ti24 O48: 3 layers, normal along z", "6 H2O", "Found from 5 frames"):
        assert words in " ".join(text.split()), words


def test_notes_of_older_analyses_have_no_table():
    assert what_is_what(("a note",)) == ("", (), ("a note",))
