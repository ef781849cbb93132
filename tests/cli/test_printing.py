"""Lines on a terminal are broken between words; in a file or a pipe they are as they were said."""

import io

from lmpdrive.cli.printing import progress_printer, wrapped

LINE = "note: the thermostat is strong for dipole_correlation, reorientation, hydrogen_bond_lifetime and survival"
LIST = "what is what:\n  slab      Pt64: 4 layers, normal along z; surface plane: mean height of the 16 atoms of Pt"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_words_stay_whole_and_what_follows_is_indented(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    for text in (LINE, LIST):
        lines = wrapped(text, Terminal()).split("\n")
        assert max(map(len, lines)) <= 60 and len(lines) > len(text.split("\n"))
        assert " ".join(lines).split() == text.split()
    assert wrapped(LINE, Terminal()).split("\n")[1].startswith("  ")
    assert wrapped(LIST, Terminal()).split("\n")[2].startswith("    ")


def test_elsewhere_a_line_is_one_line(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    assert wrapped(LINE, io.StringIO()) == LINE


def test_progress_goes_to_stderr_or_nowhere(capsys):
    progress_printer(quiet=False)(LINE)
    progress_printer(quiet=True)(LINE)
    assert capsys.readouterr() == ("", f"{LINE}\n")
