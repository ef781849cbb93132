"""The count of findings on decks of other people: which files are decks, and what was judged true."""

from __future__ import annotations

import gzip
import re
import runpy

from tests.conftest import ROOT

COUNT = runpy.run_path(str(ROOT / "benchmarks" / "lint" / "count.py"))
DECK = "units metal\npair_style lj/cut 9\npair_coeff * * 0.01 3.4\ntimestep {}\nfix 1 all nve\nrun 10\n"


def test_decks_are_counted_and_errors_judged(tmp_path):
    folder = tmp_path / "argon"
    folder.mkdir()
    (folder / "in.right").write_text(DECK.format(0.002))
    (folder / "in.wrong").write_text(DECK.format(2.0))
    (folder / "in.packed.gz").write_bytes(gzip.compress(DECK.format(1.0).encode()))
    (folder / "md.lmp").write_text(DECK.format(0.001))
    (folder / "water.lmp").write_text("a data file\n\n3 atoms\n")
    (folder / "log.lammps").write_text("units metal\n")
    number, found = COUNT["count"]([tmp_path], {"argon/in.wrong timestep-unit": "2 ps"})
    one = found["error", "timestep-unit"]
    assert (number, set(found), one.findings, len(one.decks)) == (4, {("error", "timestep-unit")}, 2, 2)
    assert len(one.not_true) == 1 and "in.packed.gz" in one.not_true[0]
    assert COUNT["table"](found).splitlines()[-1] == "| `timestep-unit` | error | 2 | 2 | 1 | 1 |"


def test_the_page_has_no_false_error():
    page = (ROOT / "docs" / "lint.md").read_text()
    rows = re.findall(r"^\| `[a-z-]+` \| error \| (\d+) \| \d+ \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    assert rows and all(found == true and false == "0" for found, true, false in rows)
