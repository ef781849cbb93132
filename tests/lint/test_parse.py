"""Text of a deck -> lines, words and values, by LAMMPS' rules."""

import pytest

from lmpdrive.errors import DeckError
from lmpdrive.lint.parse import logical_lines, words
from lmpdrive.lint.variables import Variables
from lmpdrive.lint.walk import Walker


def walked(tmp_path, text, **variables):
    (tmp_path / "in.lammps").write_text(text)
    return Walker(tmp_path / "in.lammps", variables)


def commands(tmp_path, text, **variables):
    return [(c.line, c.name, *c.args) for c in walked(tmp_path, text, **variables).commands]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("run 10\n\n  # only a comment\nrun 20", [(1, "run", "10"), (4, "run", "20")]),
        ("fix 1 all &\n  nvt &\n  temp\nrun 1", [(1, "fix", "1", "all", "nvt", "temp"), (4, "run", "1")]),
        ("run 10 & \t\n", [(1, "run", "10")]),
        ("run &", [(1, "run")]),
        ("run 1&\n0", [(1, "run", "10")]),
        ("print 'a # b' # c", [(1, "print", "a # b")]),
        ('print "it\'s"', [(1, "print", "it's")]),
        ('print """two\nlines""" screen no\nrun 0', [(1, "print", "two\nlines", "screen", "no"), (3, "run", "0")]),
        ('print """a "b" \'c\'"""', [(1, "print", "a \"b\" 'c'")]),
        ("run 5\r\nrun 6\r\n", [(1, "run", "5"), (2, "run", "6")]),
        ("\trun\t5", [(1, "run", "5")]),
        ("", []),
    ],
)
def test_lines_and_words(tmp_path, text, expected):
    assert commands(tmp_path, text) == expected


def test_a_word_with_a_quote_inside_is_one_word():
    assert words("shell don't 'a b'c") == ["shell", "don't", "a b", "c"]


def test_a_comment_that_ends_in_an_ampersand_takes_the_next_line():
    first, second = logical_lines("timestep 0.5 # fs &\nrun 10\nrun 20")
    assert (first.number, first.text, first.swallowed) == (1, "timestep 0.5", "run 10")
    assert (second.number, second.text, second.swallowed) == (3, "run 20", "")
    (only,) = logical_lines("run 10 # a comment & more")
    assert not only.swallowed


def test_an_open_quote_is_told():
    assert [line.balanced for line in logical_lines("print 'open\nrun 1 # don't")] == [False, True]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("variable x index 5 6\nrun ${x}", "5"),
        ("variable x index 5\nvariable x index 7\nrun $x", "5"),  # LAMMPS keeps the first
        ("variable x string 5\nvariable x string 7\nrun $x", "7"),
        ("variable x loop 3 9\nrun $x", "3"),
        ("variable x loop 9 pad\nrun $x", "1"),
        ("variable x equal 2*(3+4)^2/7-1\nrun ${x}", "13"),
        ("variable a equal 4\nvariable x equal v_a*sqrt(v_a)\nrun ${x}", "8"),
        ("units metal\ntimestep 0.0005\nrun $(100*dt)", "0.05"),
        ("units real\nrun $(100*dt:%g)", "100"),
        ("variable d equal 0.1\nrun $(round(v_d*100))", "10"),
        ("variable x index a\nvariable y equal 2\nrun ${x}${y}b", "a2b"),
        ("variable x equal ternary(1>2,5,6)\nrun ${x}", "6"),
        ("run '$x'", "$x"),
    ],
)
def test_variables_that_can_be_known(tmp_path, text, value):
    assert commands(tmp_path, text)[-1][2] == value


@pytest.mark.parametrize(
    "text",
    [
        "run ${x}",
        "variable x equal temp\nrun ${x}",
        "variable x equal v_x+1\nrun ${x}",
        "variable x equal v_y\nvariable y equal v_x\nrun ${x}",
        "variable x equal 1/0\nrun ${x}",
        "variable x equal (1+2\nrun ${x}",
        "variable x equal 10^10^10\nrun ${x}",
        "variable x getenv HOME\nrun ${x}",
        "variable x index 5\nvariable x delete\nrun ${x}",
        "variable x index 5\nif '$(step) > 5' then 'variable x string 6'\nrun ${x}",
        "run $(temp)",
        "run $(",
        "run ${x",
        "run $",
    ],
)
def test_variables_that_cannot_be_known_stay_as_they_are(tmp_path, text):
    assert "$" in commands(tmp_path, text)[-1][2]


def test_variables_of_the_command_line_come_first(tmp_path):
    assert commands(tmp_path, "variable T index 300\nrun $T", T="330")[-1] == (2, "run", "330")


def test_variables_that_double_each_other_do_not_fill_the_memory():
    variables = Variables({})
    variables.define(["a", "string", "x" * 9_000], False)
    for _ in range(50):
        variables.define(["a", "string", variables.substitute("${a}${a}")], False)
    assert len(variables.value("a")) <= 10_000


def test_both_branches_of_if_are_read(tmp_path):
    text = """if "${x} > 1" then "run 1" "timestep 2" elif "${x}==0" "run 3" else 'run 4'\nrun 5"""
    found = walked(tmp_path, text).commands
    assert [(c.line, *c.args, c.conditional) for c in found if c.name == "run"] == [
        (1, "1", True),
        (1, "3", True),
        (1, "4", True),
        (2, "5", False),
    ]


def test_includes_are_followed_with_their_own_lines(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "part.in").write_text("# comment\nrun ${n}\n")
    found = walked(tmp_path, "variable n index 7\ninclude sub/part.in\nrun 8\n").commands
    assert [(c.file, c.line, c.args) for c in found if c.name == "run"] == [
        ("sub/part.in", 2, ("7",)),
        ("in.lammps", 3, ("8",)),
    ]


def test_an_include_through_a_link_of_the_user_is_read(tmp_path):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "part.in").write_text("run 7\n")
    (tmp_path / "deck").mkdir()
    (tmp_path / "deck" / "part.in").symlink_to(tmp_path / "shared" / "part.in")
    assert commands(tmp_path / "deck", "include part.in\n") == [(1, "include", "part.in"), (1, "run", "7")]


def test_includes_without_end_are_told(tmp_path):
    (tmp_path / "a.in").write_text("include b.in\n")
    (tmp_path / "b.in").write_text("include a.in\n")
    walker = walked(tmp_path, "include a.in\nrun 1\n")
    assert [r.code for r in walker.remarks] == ["include-loop"] and walker.commands[-1].name == "run"


def test_what_follows_quit_is_not_read_unless_it_can_be_jumped_to(tmp_path):
    assert commands(tmp_path, "run 1\nquit\nrun 2") == [(1, "run", "1"), (2, "quit")]
    assert commands(tmp_path, "jump SELF end\nquit\nlabel end\nrun 2")[-1] == (4, "run", "2")


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"\0\x01\x02", "binary"), (b"run 1\n" * 20_010, "20000 commands"), (b"#" * 8_000_001, "larger than 8 MB")],
)
def test_files_that_are_no_deck(tmp_path, content, told):
    (tmp_path / "in.lammps").write_bytes(content)
    with pytest.raises(DeckError, match=told):
        Walker(tmp_path / "in.lammps", {})


def test_a_missing_deck(tmp_path):
    with pytest.raises(DeckError, match="there is no file"):
        Walker(tmp_path / "gone.lammps", {})
