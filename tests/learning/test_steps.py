"""Each step of the loop alone: which frames are candidates, chosen, labelled, and kept."""

import sys

import numpy as np
import pytest
import yaml
from ase import Atoms
from ase.build import fcc111, molecule

import lmpdrive
from lmpdrive import guard
from lmpdrive.common.manifest import system_of
from lmpdrive.config import load
from lmpdrive.engine.agreement import through_lammps
from lmpdrive.errors import ConfigError, EngineError, UnstableError
from lmpdrive.learning.candidates import candidates_of, stable_ps
from lmpdrive.learning.file import Candidates, Filter, Label, Select, read_learning
from lmpdrive.learning.filters import bearable, kept
from lmpdrive.learning.labels import label, labelled_copy
from lmpdrive.learning.selection import selected
from lmpdrive.trajectory.labelled import CHARGES, ENERGY, FORCES, without_labels
from tests.conftest import SMALL_CLASSICAL


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs: one to its end, one that the guard ended."""
    folder = tmp_path_factory.mktemp("runs")
    content = yaml.safe_load(yaml.safe_dump(SMALL_CLASSICAL))
    content["dynamics"] |= {"equilibrate_ps": 0.02, "production_ps": 0.1}
    content["output"] |= {"frames_every_fs": 10}
    (folder / "system.yaml").write_text(yaml.safe_dump(content))
    lmpdrive.simulate(folder / "system.yaml", folder / "whole")
    with pytest.raises(UnstableError):
        # O-H bonds of water at 300 K pull harder than this
        lmpdrive.simulate(folder / "system.yaml", folder / "ended", ["guard.force_eV_per_A=2.5"])
    return folder


def test_candidates_know_where_they_come_from(runs):
    whole = candidates_of(runs / "whole", Candidates(stable_frames=3))
    assert [(a.info["run"], a.info["step"], a.info["reason"]) for a in whole] == [
        ("whole", -1, "start"),
        ("whole", 40, "stable"),
        ("whole", 140, "stable"),
        ("whole", 240, "stable"),
    ]
    assert [a.info["time_ps"] for a in whole] == pytest.approx([0, 0.02, 0.07, 0.12])
    assert stable_ps(runs / "whole") == pytest.approx(0.12)
    (start,) = candidates_of(runs / "whole", Candidates(stable_frames=0))
    assert abs(start.positions - whole[0].positions).max() == 0


def test_candidates_before_an_event_have_no_forces_of_the_model(runs):
    event = guard.first_end(guard.events_of(runs / "ended"))
    assert stable_ps(runs / "ended") == event.time_ps
    found = candidates_of(runs / "ended", Candidates(last_ps=0.1, stable_frames=0))[1:]
    assert found, "the guard keeps frames"
    for atoms in found:
        assert atoms.info["step"] < event.step and event.time_ps - atoms.info["time_ps"] < 0.1 + 1e-9
        assert atoms.info["reason"] == "before force" and atoms.calc is None and FORCES not in atoms.arrays
        assert tuple(atoms.get_chemical_symbols()) == system_of(runs / "ended").species


def test_the_frame_that_differs_is_chosen_first():
    pytest.importorskip("quests", reason="QUESTS is not in this environment")
    rng = np.random.default_rng(3)
    slab = fcc111("Au", (2, 2, 3), vacuum=6, periodic=True)

    def shaken(scale):
        atoms = slab.copy()
        atoms.positions += rng.normal(scale=scale, size=(len(atoms), 3))
        return atoms

    known = [shaken(0.02) for _ in range(6)]
    candidates = [shaken(0.02), shaken(0.02), shaken(0.5), shaken(0.02)]
    assert selected(candidates, known, Select(n=1)) == [2]
    assert len(set(selected(candidates, known, Select(n=9)))) == 4, "not more than there are"
    assert selected([], known, Select(n=2)) == []


def test_random_choice_is_without_repetition_and_seeded():
    frames = [Atoms("H")] * 10
    one = selected(frames, [], Select(n=4, method="random", seed=1))
    assert len(set(one)) == 4 and one == selected(frames, [], Select(n=4, method="random", seed=1))
    assert one != selected(frames, [], Select(n=4, method="random", seed=2))


def frame(energy, force, symbols="OH2"):
    atoms = Atoms(symbols, positions=np.zeros((3, 3)), info={"run": "a", "step": 1})
    return labelled_copy(atoms, energy, np.full((3, 3), force))


def test_filter_on_paper():
    known = [frame(-30.0, 0), frame(-30.3, 0), frame(-29.7, 0)]
    limits = Filter(force_eV_per_A=10, energy_eV_per_atom=0.5)
    good, why = kept([frame(-29, 9.9), frame(-29, -10.1), frame(-28.4, 0), frame(np.nan, 0)], known, limits)
    assert [atoms.info[ENERGY] for atoms in good] == [-29]
    assert "a force of 10.1 eV/Å is above 10" in why[0]
    assert "0.533 eV/atom off the median, the limit is 0.5" in why[1] and "nan" in why[2]
    assert len(kept([frame(5, 99)], known, Filter(force_eV_per_A=None, energy_eV_per_atom=None))[0]) == 1
    # another composition has a median of its own
    assert len(kept([frame(900, 0, "OHF")], known, limits)[0]) == 1


def test_candidates_with_atoms_on_top_of_each_other_are_not_labelled():
    """Against the shortest distance that is known of each pair of elements, and covalent radii where none is."""
    cell = {"cell": [12, 12, 12], "pbc": True}
    known = [Atoms("OHO", [[0, 0, 0], [1, 0, 0], [0, 2.5, 0]], **cell)]

    def moved(symbol, d):
        return Atoms(
            f"OHO{symbol}", [[0, 0, 0], [1, 0, 0], [0, 2.5, 0], [0, 0, d]], info={"run": "a", "step": 3}, **cell
        )

    assert [a[3].symbol for a in bearable([moved("O", 2.1), moved("O", 1.9)], known, Filter())[0]] == ["O"]
    good, why = bearable([moved("O", 1.9), moved("Na", 1.9), moved("Na", 1.8)], known, Filter())
    assert [a[3].position[2] for a in good] == [1.9]  # Na and O: 0.8 (1.66 + 0.66 Å) = 1.856 Å
    assert why == ["a step 3: O and O are 1.90 Å apart, below 2.00", "a step 3: O and Na are 1.80 Å apart, below 1.86"]
    across = Atoms("OO", [[0, 0, 0.2], [0, 0, 11]], info={"run": "b", "step": 4}, **cell)
    assert bearable([across], known, Filter())[1] == ["b step 4: O and O are 1.20 Å apart, below 2.00"]
    assert len(bearable([across], known, Filter(closest=None))[0]) == 1


def test_labels_of_a_teacher_without_a_calculator_are_lammps_own(runs, tmp_path):
    frames = candidates_of(runs / "whole", Candidates(stable_frames=2))[1:]
    found = label(frames, runs, Label(potential={"architecture": "classical"}), tmp_path / "label", lambda line: None)
    own = through_lammps.evaluate(runs / "whole", load(runs / "whole" / "resolved.yaml"), without_labels(frames))
    assert [atoms.info[ENERGY] for atoms in found] == pytest.approx(own.energies_eV.tolist(), abs=1e-6)
    assert np.abs(np.concatenate([atoms.arrays[FORCES] for atoms in found]) - own.forces).max() < 1e-5
    assert np.abs(np.concatenate([atoms.arrays[CHARGES] for atoms in found]) - own.charges_e).max() < 1e-6
    assert [atoms.info["step"] for atoms in found] == [40, 240]


SCRIPT = """
from ase.calculators.lj import LennardJones
from ase.io import read, write
atoms = read("POSCAR")
assert open("INCAR").read() == "NELM = 9\\n" and open("blocks").read() == "H2 O1 20.0"
atoms.calc = LennardJones(sigma=1.0, epsilon=0.1)
atoms.get_forces()
write("said.xyz", atoms)
"""


def test_labels_by_a_command_in_folders_of_their_own(tmp_path):
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    (inputs / "label.py").write_text(SCRIPT)
    (inputs / "INCAR").write_text("NELM = 9\n")
    (inputs / "blocks.j2").write_text("{% for e, n in counts.items() %}{{ e }}{{ n }} {% endfor %}{{ cell[2][2] }}")
    water = molecule("H2O", cell=[10, 10, 20], pbc=True, info={"run": "a", "step": 7})
    far = water.copy()
    far.info["step"], far.positions[0, 0] = 8, 4.0
    by = Label(command=f"{sys.executable} label.py", inputs=inputs, output="said.xyz")
    found = label([water, far], tmp_path, by, tmp_path / "label", lambda line: None)
    assert [atoms.info["step"] for atoms in found] == [7, 8]
    for atoms in found:  # O first again, as in the run, though H was first in POSCAR
        assert atoms.get_chemical_symbols() == ["O", "H", "H"]
        from ase.calculators.lj import LennardJones

        atoms.calc = LennardJones(sigma=1.0, epsilon=0.1)
        assert atoms.info[ENERGY] == pytest.approx(atoms.get_potential_energy(), abs=1e-6)
        assert np.abs(atoms.arrays[FORCES] - atoms.get_forces()).max() < 1e-6
    # what is there is not labelled again
    (inputs / "label.py").unlink()
    assert len(label([water, far], tmp_path, by, tmp_path / "label", lambda line: None)) == 2


def test_a_command_that_fails_leaves_its_frame_out_and_all_of_them_are_an_error(tmp_path):
    water = molecule("H2O", cell=[9, 9, 9], pbc=True, info={"run": "a", "step": 7})
    said = []
    with pytest.raises(EngineError, match="none of 1 frames could be labelled"):
        label([water], tmp_path, Label(command="echo no licence >&2; exit 3"), tmp_path / "label", said.append)
    assert "ended with 3: no licence" in said[-1]
    assert "no licence" in next((tmp_path / "label").glob("*/failed.txt")).read_text()


FILE = {
    "learn": "water",
    "data": ["start.xyz"],
    "train": {"recipe": "deepmd"},
    "explore": {"base": "system.yaml"},
    "select": {"n": 5},
    "label": {"potential": {"architecture": "classical"}},
    "until": {"stable_ps": 10},
}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"label": {}}, "give `potential` or `command`, one of them"),
        ({"label": {"command": "x", "potential": {}}}, "one of them"),
        ({"train": {"recipe": "deepmd", "committee": 2}}, "train.committee"),
        ({"data": ["nowhere.xyz"]}, "there is no file"),
        ({"explor": {}}, "did you mean 'explore'"),
        ({"learn": "a/b"}, "becomes a folder's name"),
        (
            {"label": {"potential": {"architecture": "mace", "model": "no.model"}}},
            "label.potential: there is no file .*no.mod",
        ),
        ({"label": {"potential": {"architecture": "classical", "cutof": 3}}}, "label: potential.cutof: unknown key"),
        ({"label": {"potential": {"model": "x"}}}, "label: potential: needs 'architecture:'"),
    ],
)
def test_mistakes_in_the_file_are_named(tmp_path, change, says):
    for name in ("start.xyz", "system.yaml"):
        (tmp_path / name).touch()
    path = tmp_path / "learn.yaml"
    path.write_text(yaml.safe_dump(FILE | change))
    with pytest.raises(ConfigError, match=says):
        read_learning(path)


def test_a_key_that_is_given_twice_is_an_error_with_its_line(tmp_path):
    (tmp_path / "learn.yaml").write_text(yaml.safe_dump(FILE) + "learn: other\n")
    with pytest.raises(ConfigError, match=r"learn.yaml: line \d+: 'learn' is in line \d+ too"):
        read_learning(tmp_path / "learn.yaml")


def test_paths_count_from_the_file(tmp_path):
    for name in ("start.xyz", "system.yaml"):
        (tmp_path / name).touch()
    (tmp_path / "learn.yaml").write_text(yaml.safe_dump(FILE))
    found = read_learning(tmp_path / "learn.yaml")
    assert found.explore.base == tmp_path / "system.yaml" and found.data == [tmp_path / "start.xyz"]
    assert found.train.recipe == "deepmd"
    assert found.label.potential["architecture"] == "classical" and found.label.potential["cutoff_A"] == 9.0


TEACHER = "from ase.calculators.lj import LennardJones as Teacher\n"


def test_files_of_the_labelling_potential_and_of_the_runs_count_from_the_file(tmp_path, monkeypatch):
    """With and without a slash where only a file can be meant; words that name no file stay as they are."""
    for name in ("start.xyz", "system.yaml", "b.model", "c.model", "teacher.model"):
        (tmp_path / name).touch()
    (tmp_path / "teacher.py").write_text(TEACHER)
    monkeypatch.chdir(tmp_path.parent)
    explore = {
        "base": "system.yaml",
        "set": {"potential.committee": ["./b.model", "pt-water-mace"], "guard.force_eV_per_A": 80},
        "axes": {"m": {"potential.committee": [["./c.model"], ["none/such.model"]], "names": ["c", "n"]}},
    }
    for potential, key, word in (
        ({"architecture": "mace", "model": "teacher.model"}, "model", f"{tmp_path}/teacher.model"),
        ({"architecture": "mace", "model": "./teacher.model"}, "model", f"{tmp_path}/teacher.model"),
        ({"architecture": "ase", "calculator": "./teacher.py:Teacher"}, "calculator", f"{tmp_path}/teacher.py:Teacher"),
    ):
        content = FILE | {"explore": explore, "label": {"potential": potential}}
        (tmp_path / "learn.yaml").write_text(yaml.safe_dump(content))
        found = read_learning(tmp_path / "learn.yaml")
        assert found.label.potential[key] == word
        assert found.explore.set == {
            "potential.committee": [f"{tmp_path}/b.model", "pt-water-mace"],
            "guard.force_eV_per_A": 80,
        }
        assert found.explore.axes["m"]["potential.committee"] == [[f"{tmp_path}/c.model"], ["none/such.model"]]
