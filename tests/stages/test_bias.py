"""A bias through Colvars: its text in the deck, its energy on paper, and a resumption."""

import numpy as np
import pytest

from lmpdrive.config import load
from lmpdrive.deck.bias import colvars_text
from lmpdrive.errors import ConfigError, DeckError
from lmpdrive.system import make_system
from lmpdrive.trajectory import thermo_of
from tests.conftest import SMALL_CLASSICAL
from tests.stages.resuming import CHEAP, copy, kill_all, rendered, resumed, started, wait_for_step

UMBRELLA = {"ion": "Na", "at_A": 3.0, "k_eV_per_A2": 4.0, "every_fs": 5}
CONTENT = CHEAP | {"dynamics": CHEAP["dynamics"] | {"minimise": None, "bias": {"umbrella": UMBRELLA}}, "guard": "off"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Finished, and not run."""
    run = rendered(tmp_path_factory.mktemp("bias") / "case", CONTENT)
    before = copy(run, run.parent / "before")
    assert resumed(run) == "finished"
    return run, before


def heights(run, name="bias.colvars.traj"):
    return np.loadtxt(run / name)


def test_the_height_is_that_above_the_outermost_layer_and_the_spring_counts(runs, tmp_path):
    run, _ = runs
    config = load(run / "resolved.yaml")
    system = make_system(config)
    z = system.atoms.positions[:, 2]
    height = z[system.groups["ion_Na"]][0] - z[system.groups["layer_3"]].mean()
    step, first = heights(run)[0]
    assert (step, first) == (0, pytest.approx(height, abs=1e-5))
    free = rendered(tmp_path / "free", CONTENT, ["dynamics.bias=null"])
    assert resumed(free) == "finished"
    energies = [thermo_of(one)["PotEng"].iloc[0] for one in (run, free)]
    assert energies[0] - energies[1] == pytest.approx(2.0 * (height - 3.0) ** 2, rel=1e-4)


def test_the_ion_is_drawn_to_its_window(runs):
    table = heights(runs[0])
    assert list(table[:3, 0]) == [0, 10, 20]
    late = table[len(table) // 2 :, 1]
    assert abs(late.mean() - 3.0) < 0.5


def test_a_resumed_run_keeps_its_bias_and_both_tables(runs, tmp_path):
    run = copy(runs[1], tmp_path / "run")
    process = started(run)
    wait_for_step(process, run / "log.lammps", 250)
    kill_all(process)
    assert resumed(run) == "finished"
    late = heights(run, "bias.1.colvars.traj")
    assert late[-1, 0] == 500 and late[0, 0] >= 100
    assert "fix             bias all colvars none output bias.1 " in (run / "in.1.lammps").read_text()
    whole = {int(step): z for step, z in heights(runs[0])}
    assert late[0, 1] == pytest.approx(whole[int(late[0, 0])], abs=1e-3)


@pytest.fixture
def text(write_yaml):
    def of(bias, **more):
        config = load(write_yaml(SMALL_CLASSICAL | {"dynamics": {"bias": bias}} | more))
        return colvars_text(config, make_system(config))

    return of


def test_a_file_stands_in_the_deck_as_it_is(text, tmp_path):
    (tmp_path / "mine.colvars").write_text("colvar {\n  name a # $x\n}\n")
    assert text({"colvars": "mine.colvars"}) == "colvar {\n  name a # $x\n}"


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot read"), ('a """ b', "cannot stand in a deck"), ("x" * 201, "more than 200 characters")],
)
def test_files_that_cannot_stand_there(text, tmp_path, content, words):
    if content is not None:
        (tmp_path / "mine.colvars").write_text(content)
    with pytest.raises(DeckError, match=words):
        text({"colvars": "mine.colvars"})


@pytest.mark.parametrize(
    ("umbrella", "error", "words"),
    [
        ({"ion": "K", "at_A": 3}, DeckError, "K must be one ion of the system.*Ions: 1 Na"),
        ({"ion": "Na", "at_A": -3}, ConfigError, "greater than or equal to 0"),
        ({"ion": "Na"}, ConfigError, "give at_A: 4 for one window, or z_A.*not none of them"),
        ({"ion": "Na", "z_A": [2, 4], "windows": 5}, DeckError, "stands for 5 runs.*simulate.*at_A: 2"),
    ],
)
def test_umbrellas_that_cannot_be(text, umbrella, error, words):
    with pytest.raises(error, match=words):
        text({"umbrella": umbrella})


def test_one_bias_only(text):
    with pytest.raises(ConfigError, match="exactly one of colvars"):
        text({})
