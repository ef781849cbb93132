"""What counts as a failed try, from hand-written journals."""

import pytest

from lmpdrive.campaigns import journal
from lmpdrive.campaigns.journal import Entry, tries_of


def slices(*ends, stage="md"):
    """Entries of slices: (code, step) of each, None for one that nobody ended."""
    found = []
    for one in ends:
        found.append(Entry(0, "begin", stage))
        if one is not None:
            found.append(Entry(1, "end", stage, step=one[1], code=one[0]))
    return found


@pytest.mark.parametrize(
    ("ends", "tries"),
    [
        ([(75, 100), (75, 200), (0, 300)], 0),
        ([(75, 0)], 1),  # ended in the minimisation
        ([(75, 100), (75, 100), (75, 150)], 1),  # one without progress
        ([(130, 0), (14, 0)], 0),  # told to stop; held by another process
        ([(7, 10), (7, 20)], 2),
        ([None, None, (75, 100)], 2),  # killed with the driver
        ([(75, 100), None], 0),  # it may still run
        ([(journal.LOST, 50), (75, 100)], 1),
    ],
)
def test_tries(ends, tries):
    assert tries_of(slices(*ends)) == tries


def test_lines_are_whole_or_left_out(tmp_path):
    path = tmp_path / "journal" / "a.jsonl"
    journal.begin(path, "md", 0)
    journal.end(path, "md", 100, 75, "")
    with path.open("a") as file:
        file.write('{"t": 1, "event": "be')
    entries = journal.read(path)
    assert [(e.event, e.stage, e.step, e.code) for e in entries] == [("begin", "md", 0, None), ("end", "md", 100, 75)]
    assert entries[0].where["host"] and not journal.is_open(entries)
