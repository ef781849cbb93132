"""The deck that continues another: the same end, nothing done twice, nothing of the old output touched."""

import pytest

from lmpdrive.deck.commands import Deck, parse_deck, read_deck
from lmpdrive.engine.restart.deck import (
    DONE,
    SEAM_FILE,
    Resumption,
    Seam,
    SeamMismatch,
    end_of,
    numbered,
    plan,
    plumed_files,
    resumed,
    take_seam_mismatch,
)
from lmpdrive.errors import DeckError
from tests.conftest import ROOT

DECKS = ROOT / "tests" / "decks"
WATER = read_deck(DECKS / "au111-water-3na" / "in.lammps")
NVE = read_deck(DECKS / "pt111-water-nve" / "in.lammps")


def again(text: str, beside: str = "au111-water-3na") -> Deck:
    """The commands of a resumed deck in the folder of a golden one."""
    return parse_deck(text, "in.1.lammps", lambda name: (DECKS / beside / name).read_text())


def live(deck: str | Deck, beside: str = "au111-water-3na") -> list[str]:
    """Commands without comments, blanks squeezed; those of included files in their place."""
    return [" ".join(c.words) for c in plan(again(deck, beside) if isinstance(deck, str) else deck) if c.words]


def test_steps_of_the_shipped_decks():
    ends = {path.name: end_of(read_deck(path / "in.lammps")) for path in DECKS.iterdir() if "-ase" not in path.name}
    assert ends["au111-water-3na"] == 140_000 and ends["pt111-water-minimise"] == 0
    assert all(ends[name] > 0 for name in ends if not name.endswith("minimise"))


def test_in_production_only_the_rest_is_run():
    deck = resumed(WATER, Resumption(1, "a.restart", 60_000))
    commands = live(deck)
    assert "read_restart a.restart" in commands and not any(c.startswith("read_data") for c in commands)
    assert [c for c in commands if c.startswith("run")] == ["run 140000 upto start 40000 stop 140000"]
    gone = ("velocity", "minimize", "reset_timestep", "min_style")
    assert not any(c.startswith(gone) for c in commands)
    assert f"{DONE}velocity" in deck and f"{DONE}run             40000" in deck
    assert any(c.startswith("dump frames all dcd 20 traj.1.dcd") for c in commands)
    assert any("traj.1.lammpstrj" in c for c in commands)
    # the file that was read is overwritten last
    assert any(c.startswith("restart 10000 b.restart a.restart") for c in commands)
    assert any(c.startswith("fix move mobile nvt") for c in commands)
    assert "lmp -in in.1.lammps" in deck


def test_in_the_equilibration_both_stages_are_run():
    commands = live(resumed(NVE, Resumption(2, "last.restart", 1_000)), "pt111-water-nve")
    runs = [c for c in commands if c.startswith("run")]
    assert runs == ["run 4000 upto start 0 stop 4000", "run 12000 upto"]
    stages = [c for c in commands if c.startswith(("fix move", "fix bath", "unfix bath"))]
    assert [c.split()[:4] for c in stages] == [
        ["fix", "move", "mobile", "nve"],
        ["fix", "bath", "mobile", "langevin"],
        ["unfix", "bath"],
        ["fix", "move", "mobile", "nve"],
    ]
    assert "traj.2.dcd" in " ".join(commands)


def test_a_thermostat_of_an_earlier_stage_stays_away():
    """Else LAMMPS would give it the state of the later one."""
    commands = live(resumed(NVE, Resumption(1, "a.restart", 4_000)), "pt111-water-nve")
    assert [c.split()[3] for c in commands if c.startswith("fix move")] == ["nve"]
    assert not any(c.startswith("unfix") for c in commands)


def test_noise_is_not_repeated():
    name = "au111-water-3na-langevin"
    deck = read_deck(DECKS / name / "in.lammps")
    decks = (deck, resumed(deck, Resumption(1, "x", 12_345)))
    seeds = [c.split()[7] for d in decks for c in live(d, name) if "langevin" in c]
    assert [int(s) for s in seeds] == [1, 12_346]


def test_energies_are_compared_before_the_first_step():
    deck = resumed(WATER, Resumption(1, "a.restart", 60_000, seam=Seam(-80.5, 7.25, 378)))
    commands = live(deck)
    check = commands.index("run 0 start 40000 stop 140000 post no")
    assert commands[check + 1].startswith('if "$(abs(pe-(-80.5)) > 0.0756 || abs(ke-(7.25)) > 7.25e-06)" then "print')
    assert commands[check + 2].startswith("dump guard all")
    assert not any(c.startswith("run 0") for c in live(resumed(WATER, Resumption(1, "a.restart", 60_000))))


def test_a_longer_run():
    longer = "run 160000 upto start 40000 stop 160000"
    extended = resumed(WATER, Resumption(1, "x", 140_000, end=160_000, seam=Seam(-80.5, 7.25, 378)))
    assert longer in live(extended) and end_of(again(extended)) == 160_000
    assert "run 160000 upto" in live(resumed(WATER, Resumption(1, "x", 500, end=160_000)))


HAND_MADE = parse_deck(
    """units metal
read_data system.data
group low region lower
group id4 id 4
pair_style deepmd a.pb b.pb out_file model_devi.out out_freq 10
fix heat all nvt temp 100 400 0.1
fix mean all ave/time 1 1 10 c_x file mean.txt
velocity all create 100 5
dump each all custom 10 frame.*.txt id x &
 y z
run 100
unfix heat
velocity all scale 300
fix heat all nvt temp 400 400 0.1
run 200 every 50 "print x"
""",
    "in.mine",
)


def test_hand_made_decks():
    commands = live(resumed(HAND_MADE, Resumption(3, "last.restart", 100)))
    assert "group low region lower" not in commands and "group id4 id 4" in commands
    assert "pair_style deepmd a.pb b.pb out_file model_devi.3.out out_freq 10" in commands
    assert "fix mean all ave/time 1 1 10 c_x file mean.3.txt" in commands
    assert "dump each all custom 10 frame.*.txt id x y z" in commands  # a file of its own for each step
    assert "velocity all scale 300" in commands and "velocity all create 100 5" not in commands
    assert [c for c in commands if c.startswith("fix heat")] == ["fix heat all nvt temp 400 400 0.1"]
    early = live(resumed(HAND_MADE, Resumption(3, "last.restart", 40)))
    assert 'run 300 upto every 50 "print x"' in early and "run 100 upto start 0 stop 100" in early
    late = live(resumed(HAND_MADE, Resumption(3, "last.restart", 150)))
    assert 'run 300 upto start 100 stop 300 every 50 "print x"' in late and "velocity all scale 300" not in late


@pytest.mark.parametrize(
    ("deck", "says"),
    [
        ("read_data x\nlabel again\nrun 10\njump SELF again\n", "line 2: label again: what is done already"),
        ("read_data x\nrun ${N}\n", r"line 2: run \$\{N\}: its length is not a plain number"),
        ("read_data x\nminimize 0 0 1 1\nrun 10\n", "line 3: run 10: the step before it is not known"),
        ("units metal\nrun 10\n", "reads or makes 0 structures"),
    ],
)
def test_what_cannot_be_followed_is_named(deck, says):
    with pytest.raises(DeckError, match=says):
        resumed(parse_deck(deck), Resumption(1, "a.restart", 5))


def test_included_files():
    """Included again while nothing in them changes; a completed one is a comment, of others the commands are given."""
    early = resumed(WATER, Resumption(1, "a.restart", 500)).splitlines()
    assert any(line.startswith("include         guard.lammps ") for line in early)
    assert "include         guard.production.lammps" in early, "it begins later"
    assert f'{DONE}print           "# equilibrate" append guard.txt screen no' in early
    deck = resumed(WATER, Resumption(1, "a.restart", 60_000, seam=Seam(-80.5, 7.25, 378)))
    late = deck.splitlines()
    assert any(line.startswith("include         guard.lammps ") for line in late)
    assert {f"{DONE}include         guard.equilibrate.lammps", f"{DONE}include         guard.end.lammps"} <= set(late)
    commands = live(deck)
    assert sum(c.startswith("variable guard_E ") for c in commands) == 1
    assert commands.index("run 0 start 40000 stop 140000 post no") > commands.index(
        next(c for c in commands if "fix guard_print" in c)
    )


def test_steps_of_another_timestep():
    deck = resumed(WATER, Resumption(1, "good.1", 60_000, time_ps=30))
    assert "read_restart    good.1\nreset_timestep  60000 time 30     # counted in the smaller timestep\n" in deck


def test_a_mismatch_at_the_seam_is_read_and_forgotten(tmp_path):
    assert take_seam_mismatch(tmp_path) is None
    (tmp_path / SEAM_FILE).write_text("a.restart 600 -80.25 7.125 -80.5 7.25\n")
    assert take_seam_mismatch(tmp_path) == SeamMismatch("a.restart", 600, -80.25, 7.125, -80.5, 7.25)
    assert take_seam_mismatch(tmp_path) is None
    (tmp_path / SEAM_FILE).write_text("a.restart 600 -80.2")
    assert take_seam_mismatch(tmp_path) is None, "cut short by a full disk"


def test_names():
    assert [numbered(n, 2) for n in ("traj.dcd", "in.lammps", "devi", ".x")] == [
        "traj.2.dcd",
        "in.2.lammps",
        "devi.2",
        ".x.2",
    ]


def test_plumed_goes_on_with_files_of_its_own():
    """`RESTART` comes before the text of the first part, so that PLUMED appends to its own files."""
    deck = read_deck(DECKS / "au111-water-1na-plumed" / "in.lammps")
    assert plumed_files(deck, 2) == {"bias.2.plumed": "bias.plumed"} and plumed_files(WATER, 2) == {}
    commands = live(resumed(deck, Resumption(2, "a.restart", 60_000)), "au111-water-1na-plumed")
    (fix,) = (c for c in commands if c.startswith("fix bias"))
    assert fix == "fix bias all plumed plumedfile bias.2.plumed outfile bias.plumed.2.log"
