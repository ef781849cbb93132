"""Decks as commands: words with their places, and files that a deck includes."""

from __future__ import annotations

import pytest

from lmpdrive.deck.commands import parse_deck, read_deck
from lmpdrive.engine import mpi_deck, speed
from lmpdrive.engine.agreement.coverage import end_of_model
from lmpdrive.engine.agreement.deck import first_frame, short_run
from lmpdrive.engine.feed import last_frames, pieces
from lmpdrive.engine.restart.deck import end_of, plan
from lmpdrive.errors import DeckError


def names(deck) -> list[str]:
    return [command.name for command in deck.commands if command.name]


def test_words_are_those_of_lammps():
    (command,) = parse_deck('  print  "a # b" file &\n x.txt   # c "d\n').commands
    assert command.words == ("print", '"a # b"', "file", "x.txt")
    assert command.with_words({3: "y.txt"}) == '  print  "a # b" file &\n y.txt   # c "d\n'
    assert command.with_words({0: "shell", 3: "longer.txt"}) == '  shell  "a # b" file &\n longer.txt   # c "d\n'


def test_included_commands_say_where_they_are(tmp_path):
    (tmp_path / "in.lammps").write_text("units metal\ninclude a.lammps # here\nrun 5\n")
    (tmp_path / "a.lammps").write_text("\ninclude parts/b.lammps\nnewton on")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "b.lammps").write_text("timestep 1\n")
    deck = read_deck(tmp_path / "in.lammps")
    where = [(c.file, c.line, c.name) for c in deck.commands if c.name]
    expected = [("in.lammps", 1, "units"), ("parts/b.lammps", 1, "timestep"), ("a.lammps", 3, "newton")]
    assert where == [*expected, ("in.lammps", 3, "run")]
    assert deck.included == ("a.lammps", "parts/b.lammps")
    assert "".join(c.text for c in deck.commands).splitlines()[-2:] == ["newton on", "run 5"]


@pytest.mark.parametrize(
    ("include", "content"),
    [
        ("gone.lammps", None),
        ("${file}", "run 1\n"),
        ("../other.lammps", "run 1\n"),
        ("loop.lammps", "label x\nrun 1\njump SELF x\n"),
        ("a.lammps b.lammps", "run 1\n"),
    ],
)
def test_what_is_not_followed_stays_a_command(tmp_path, include, content):
    (tmp_path / "run").mkdir()
    if content is not None:
        (tmp_path / "run" / include).write_text(content)
    (tmp_path / "run" / "in.lammps").write_text(f"units metal\ninclude {include}\n")
    deck = read_deck(tmp_path / "run" / "in.lammps")
    assert names(deck) == ["units", "include"] and deck.included == ()


def test_circles_end():
    files = {"a.lammps": "include b.lammps\n", "b.lammps": "include a.lammps\nrun 1\n"}
    assert names(parse_deck("include a.lammps\n", "in.lammps", files.get)) == ["include", "run"]


INCLUDING = parse_deck(
    "units metal\ninclude potential.lammps\ninclude stage.lammps\nrun 20\nwrite_dump all atom end.dump   # all\n",
    "in.lammps",
    {
        "potential.lammps": "read_data x\nfix model all external pf/callback 1 1\npair_style zero 5\npair_coeff * *\n",
        "stage.lammps": "fix hot all halt 10 v_T > 9\nminimize 0 0.1 500 5000\nreset_timestep 0\nrun 10\n",
    }.get,
)
"""The whole of a stage in an included file."""


def test_readers_of_decks_follow_includes(tmp_path):
    assert end_of(INCLUDING) == 30
    assert [(p.fix, p.last) for p in pieces(INCLUDING)] == [
        *(("model", "fix"), (None, "minimize"), (None, "run"), (None, "run"), (None, ""))
    ]
    assert last_frames(INCLUDING) == ["write_dump all atom end.dump"]
    text = speed.short(INCLUDING)
    assert "halt" not in text and "minimize 0 0.1 20 5000" in text and "fix model all external" in text
    assert text.count("\nrun ") == 2 and "run 10\n" not in text and "include" not in text
    assert "halt" not in first_frame(INCLUDING) and "pair_coeff * *" in first_frame(INCLUDING)
    assert "+f_model" in short_run(INCLUDING) and "minimize 0 0.1 50 5000" in short_run(INCLUDING)


def test_a_stopped_run_writes_only_the_frames_of_the_end():
    """Those between two runs hold another moment of the run."""
    deck = parse_deck(
        "write_dump all atom a.dump\nrun 10\nwrite_dump all atom b.dump\nrun 5\nwrite_dump all atom c.dump\n"
    )
    assert last_frames(deck) == ["write_dump all atom c.dump"]


def test_the_deck_under_mpiexec_stops_in_included_runs(tmp_path):
    (tmp_path / "in.lammps").write_text("include stage.lammps\nrun 20\nwrite_dump all atom end.dump   # all\n")
    (tmp_path / "stage.lammps").write_text("run 10\n")
    lines = (tmp_path / mpi_deck.write(tmp_path, "in.lammps")).read_text().splitlines()
    assert [line for line in lines if line.startswith(("run", "if"))] == [
        *("run 10", 'if "$(step) < 10" then &', "run 20", 'if "$(step) < 30" then &')
    ]
    assert lines[1].startswith("fix lmpdrive_stop all halt") and '"write_dump all atom end.dump" ' in lines[4]


def test_what_cannot_be_followed_is_named_in_its_file():
    deck = parse_deck("read_data x\ninclude a.lammps\n", "in.lammps", {"a.lammps": "\nrun ${N}\n"}.get)
    with pytest.raises(DeckError, match=r"a.lammps, line 2: run \$\{N\}: its length is not a plain number"):
        plan(deck)


MODEL = "pair_style x\npair_coeff * *\n"


@pytest.mark.parametrize(
    ("text", "first_outside"),
    [
        (MODEL + "neighbor 1 bin\nfix a all setforce 0 0 0\n", "neighbor"),
        ("neighbor 2 bin\nneigh_modify delay 0\n" + MODEL + "fix a all spring/self 1\nneighbor 1 bin\n", "fix"),
        (MODEL + "fix e all electrode/conp 0 1\nfix g all pair 1 pace gamma 1\nneighbor 1 bin\n", "neighbor"),
        (
            MODEL + "fix q all qeq/point 1 9 1e-6 9 x\nfix a all ave/time 1 1 1 c_x\nvelocity all create 1 1\n",
            "velocity",
        ),
        (MODEL + "run 0\nneighbor 1 bin\n", "run"),
        (MODEL + "thermo 1\n", ""),
    ],
)
def test_where_the_model_ends(text, first_outside):
    """Decks without our comments too: by what the commands are."""
    deck = parse_deck(text)
    assert next((c.name for c in deck.commands[end_of_model(deck) :]), "") == first_outside
