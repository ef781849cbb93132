"""The deck that continues another: the same end, nothing done twice, nothing of the old output touched."""

import pytest

from lmpdrive.engine.restart.deck import DONE, Seam, end_of, numbered, plan, resumed
from lmpdrive.errors import DeckError
from tests.conftest import ROOT

DECKS = ROOT / "tests" / "decks"
WATER = (DECKS / "au111-water-3na.lammps").read_text()
NVE = (DECKS / "pt111-water-nve.lammps").read_text()


def live(deck: str) -> list[str]:
    """Commands without comments, blanks squeezed."""
    return [" ".join(c.words) for c in plan(deck) if c.words]


def test_steps_of_the_shipped_decks():
    ends = {path.stem: end_of(path.read_text()) for path in DECKS.glob("*.lammps") if "-ase" not in path.stem}
    assert ends["au111-water-3na"] == 140_000 and ends["pt111-water-minimise"] == 0
    assert all(ends[name] > 0 for name in ends if not name.endswith("minimise"))


def test_in_production_only_the_rest_is_run():
    deck = resumed(WATER, "in.lammps", 1, 60_000, "a.restart")
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
    commands = live(resumed(NVE, "in.lammps", 2, 1_000, "last.restart"))
    runs = [c for c in commands if c.startswith("run")]
    assert runs == ["run 4000 upto start 0 stop 4000", "run 12000 upto"]
    assert [c.split()[3] for c in commands if c.startswith("fix move")] == ["nvt", "nve"]
    assert "traj.2.dcd" in " ".join(commands)


def test_a_thermostat_of_an_earlier_stage_stays_away():
    """Else LAMMPS would give it the state of the later one."""
    commands = live(resumed(NVE, "in.lammps", 1, 4_000, "a.restart"))
    assert [c.split()[3] for c in commands if c.startswith("fix move")] == ["nve"]
    assert not any(c.startswith("unfix") for c in commands)


def test_noise_is_not_repeated():
    deck = (DECKS / "au111-water-3na-langevin.lammps").read_text()
    seeds = [
        c.split()[7] for d in (deck, resumed(deck, "in.lammps", 1, 12_345, "x")) for c in live(d) if "langevin" in c
    ]
    assert [int(s) for s in seeds] == [1, 12_346]


def test_energies_are_compared_before_the_first_step():
    deck = resumed(WATER, "in.lammps", 1, 60_000, "a.restart", seam=Seam(-80.5, 7.25, 378))
    commands = live(deck)
    check = commands.index("run 0 post no")
    assert commands[check + 1].startswith('if "$(abs(pe-(-80.5)) > 0.0756 || abs(ke-(7.25)) > 7.25e-06)" then "print')
    assert commands[check + 2].startswith("dump guard all")
    assert not any(c.startswith("run 0") for c in live(resumed(WATER, "in.lammps", 1, 60_000, "a.restart")))


def test_a_longer_run():
    longer = "run 160000 upto start 40000 stop 160000"
    extended = resumed(WATER, "in.lammps", 1, 140_000, "x", end=160_000, seam=Seam(-80.5, 7.25, 378))
    assert longer in live(extended) and end_of(extended) == 160_000
    assert "run 160000 upto" in live(resumed(WATER, "in.lammps", 1, 500, "x", end=160_000))


HAND_MADE = """units metal
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
"""


def test_hand_made_decks():
    commands = live(resumed(HAND_MADE, "in.mine", 3, 100, "last.restart"))
    assert "group low region lower" not in commands and "group id4 id 4" in commands
    assert "pair_style deepmd a.pb b.pb out_file model_devi.3.out out_freq 10" in commands
    assert "fix mean all ave/time 1 1 10 c_x file mean.3.txt" in commands
    assert "dump each all custom 10 frame.*.txt id x y z" in commands  # a file of its own for each step
    assert "velocity all scale 300" in commands and "velocity all create 100 5" not in commands
    assert [c for c in commands if c.startswith("fix heat")] == ["fix heat all nvt temp 400 400 0.1"]
    early = live(resumed(HAND_MADE, "in.mine", 3, 40, "last.restart"))
    assert 'run 300 upto every 50 "print x"' in early and "run 100 upto start 0 stop 100" in early
    late = live(resumed(HAND_MADE, "in.mine", 3, 150, "last.restart"))
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
        resumed(deck, "in.lammps", 1, 5, "a.restart")


def test_names():
    assert [numbered(n, 2) for n in ("traj.dcd", "in.lammps", "devi", ".x")] == [
        "traj.2.dcd",
        "in.2.lammps",
        "devi.2",
        ".x.2",
    ]
