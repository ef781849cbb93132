"""LAMMPS against the calculator: differences are found and named; what acts besides the model is none."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from ase.calculators.emt import EMT

import lmpdrive
from lmpdrive.architectures import DOUBLE, SINGLE, AseEvaluator, Configuration, Evaluation
from lmpdrive.common.manifest import read_manifest
from lmpdrive.config import load
from lmpdrive.deck.commands import parse_deck
from lmpdrive.engine.agreement import step0
from lmpdrive.engine.agreement.compare import Equality, Frame, UnequalError, compare
from lmpdrive.engine.agreement.coverage import left_out
from lmpdrive.engine.agreement.deck import first_frame, short_run
from lmpdrive.errors import ModelError
from tests.conftest import SMALL_CLASSICAL
from tests.engine.test_callback import CRYSTAL, alloy

PERIODIC = (True, True, True)


def configuration() -> Configuration:
    atoms = alloy()
    return Configuration(atoms.numbers, atoms.positions, atoms.cell.array, PERIODIC)


def emt(c: Configuration) -> Evaluation:
    return AseEvaluator(EMT())(c)


def swapped(c: Configuration) -> Evaluation:
    return emt(replace(c, numbers=np.where(c.numbers == 29, 78, 29)))


WRONG = {
    "elements": (swapped, "Cu is taken for Pt, Pt for Cu; check pair_coeff"),
    "units": (lambda c: times(emt(c), 27.2114), "every force in LAMMPS is 27.2114 times the model's"),
    "energy": (lambda c: replace(emt(c), energy_eV=0.0), "check that the deck has fix_modify ... energy yes"),
    "virial": (lambda c: replace(emt(c), virial=np.zeros((3, 3))), "check that the deck has fix_modify ... virial yes"),
    "one atom": (lambda c: pushed(emt(c)), "run.compare: never"),
    "not a number": (lambda c: times(emt(c), np.nan), "Likely cause"),
}


def times(e: Evaluation, factor: float) -> Evaluation:
    return Evaluation(e.energy_eV * factor, e.forces * factor, e.virial * factor)


def pushed(e: Evaluation) -> Evaluation:
    e.forces[3, 1] += 0.01
    return e


@pytest.mark.parametrize("name", WRONG)
def test_a_difference_is_found_and_its_cause_named(name):
    lammps, says = WRONG[name]
    c = configuration()
    found = compare([Frame(0, c, emt(c)), Frame(8, c, lammps(c))], emt, DOUBLE)
    assert not found.equal and "DIFFERS" in found.verdict and "at step 8" in found.verdict
    assert says in found.explanation
    assert [d.ratio(DOUBLE) <= 1 for d in found.differences] == [True, False]


def test_equal_frames_and_what_the_manifest_keeps():
    c = configuration()
    found = compare([Frame(0, c, emt(c))], emt, DOUBLE)
    assert found.equal and found.verdict.startswith("LAMMPS equals") and found.causes == ()
    again = Equality.of(json.loads(json.dumps(found.content())))
    assert again.verdict == found.verdict and again.equal


def test_limits_grow_with_forces_only_above_ten_eV_per_A():
    c, large = configuration(), times(emt(configuration()), 100.0)
    found = compare([Frame(0, c, large)], lambda _: large, SINGLE)
    assert found.differences[0].factor == pytest.approx(np.abs(large.forces).max() / 10)


def alloy_yaml(write_yaml, folder, skewed=False, **changes):
    alloy(rattle=0.02, skewed=skewed).write(folder / "alloy.xyz")
    return write_yaml(CRYSTAL, system__read=str(folder / "alloy.xyz"), **changes)


SWAP = """{% extends "shipped/callback.lmp.j2" %}
{% block potential %}
group           first type 1
group           second type 2
set             group first type 2
set             group second type 1
{{ super() }}
{% endblock %}
"""

BIAS = """{% extends "shipped/callback.lmp.j2" %}
{% block guard %}
{{ super() }}
fix             hold all spring/self 5.0
fix_modify      hold energy yes
{% endblock %}
"""


def template(folder, text):
    (folder / "mine").mkdir()
    (folder / "mine" / "callback.lmp.j2").write_text(text)
    return "mine"


def test_simulate_begins_with_the_comparison(write_yaml, tmp_path):
    said = []
    result = lmpdrive.simulate(alloy_yaml(write_yaml, tmp_path), tmp_path / "run", say=said.append)
    kept = read_manifest(result.directory).step0
    assert kept["equal"] is True and kept["differences"][0]["force_eV_per_A"] < 1e-10
    assert f"step 0: {kept['verdict']}" in said
    assert "calculator in the first frame: max |ΔF|" in result.report.read_text()
    assert not list(result.directory.glob(".equality*"))


def test_simulate_stops_before_the_run_when_the_deck_mixes_up_elements(write_yaml, tmp_path):
    path = alloy_yaml(write_yaml, tmp_path, templates=template(tmp_path, SWAP))
    with pytest.raises(UnequalError, match="Cu is taken for Pt, Pt for Cu"):
        lmpdrive.simulate(path, tmp_path / "run")
    manifest = read_manifest(tmp_path / "run")
    assert manifest.state == "failed" and manifest.step0["equal"] is False
    assert not (tmp_path / "run" / "traj.dcd").exists()
    assert UnequalError.exit_code == ModelError.exit_code == 4
    result = lmpdrive.simulate(path, tmp_path / "anyway", ["run.compare=never"])
    assert result.state == "finished" and read_manifest(result.directory).step0 is None


def test_a_hand_edited_deck_is_compared_too(write_yaml, tmp_path):
    run = lmpdrive.render(alloy_yaml(write_yaml, tmp_path), tmp_path / "run")
    deck = (run / "in.lammps").read_text()
    swap = "group a type 1\ngroup b type 2\nset group a type 2\nset group b type 1\n"
    (run / "in.lammps").write_text(deck.replace("# --- potential", swap + "# --- potential"))
    with pytest.raises(UnequalError, match="element order"):
        lmpdrive.run_deck(run / "in.lammps")


def rendered(path, folder):
    run = lmpdrive.render(path, folder)
    return run, load(run / "resolved.yaml")


@pytest.mark.parametrize("ensemble", ["nvt", "npt", "minimise"])
def test_frames_of_a_short_run(write_yaml, tmp_path, ensemble):
    """The cell changes under NPT; after a minimisation there is one frame more."""
    changes = {"dynamics__ensemble": ensemble, "dynamics__barostat": {"coupling": "tri"}}
    run, config = rendered(alloy_yaml(write_yaml, tmp_path, skewed=True, **changes), tmp_path / "run")
    found = step0.apart(run, config, whole=True)
    assert found.equal, found.verdict
    assert max(d.force_eV_per_A for d in found.differences) < 1e-9
    assert max(d.virial_eV for d in found.differences) < 1e-6
    assert len(found.differences) == (2 if ensemble == "minimise" else 6)
    stages = ["guard.lammps", "guard.equilibrate.lammps", "guard.end.lammps", "guard.production.lammps"]
    guard = [] if ensemble == "minimise" else stages
    assert sorted(p.name for p in run.iterdir()) == sorted(
        ["in.lammps", *guard, "manifest.json", "resolved.yaml", "system.data", "system.yaml"]
    ), "the run directory stays as it was"


def test_a_bias_is_no_difference(write_yaml, tmp_path):
    """Forces and energy of the guard's fixes are not the model's."""
    path = alloy_yaml(write_yaml, tmp_path, templates=template(tmp_path, BIAS))
    run, config = rendered(path, tmp_path / "run")
    found = step0.apart(run, config, whole=True)
    assert found.equal and len(found.differences) == 6, found.verdict
    line = 1 + (run / "in.lammps").read_text().splitlines().index("fix             hold all spring/self 5.0")
    assert found.verdict.endswith(f"Not part of the comparison: fix spring/self (in.lammps, line {line})")
    assert Equality.of(found.content()) == found


LATE_SWAP = """{% extends "shipped/callback.lmp.j2" %}
{% block before_production %}
group           first type 1
group           second type 2
set             group first type 2
set             group second type 1
{% endblock %}
"""


@pytest.mark.parametrize("whole", [False, True])
def test_what_changes_the_potential_between_two_runs_is_compared(write_yaml, tmp_path, whole):
    path = alloy_yaml(write_yaml, tmp_path, templates=template(tmp_path, LATE_SWAP))
    run, config = rendered(path, tmp_path / "run")
    found = step0.apart(run, config, whole=whole)
    *before, after = [d.ratio(found.limits) for d in found.differences]
    assert len(before) == (6 if whole else 1) and max(before) < 1 < after
    assert "Cu is taken for Pt, Pt for Cu" in found.explanation


def test_a_limit_of_the_guard_neither_ends_nor_spoils_the_short_run(write_yaml, tmp_path):
    """Every force passes this limit at step 10, in the second of five frames."""
    path = alloy_yaml(write_yaml, tmp_path, guard={"force_eV_per_A": 0.05})
    run, config = rendered(path, tmp_path / "run")
    found = step0.apart(run, config, whole=True)
    assert found.equal and [d.step for d in found.differences] == [0, 8, 16, 24, 32, 40], found.verdict


def test_a_calculator_that_cannot_be_evaluated_leaves_auto_running(write_yaml, tmp_path, monkeypatch):
    (tmp_path / "once.py").write_text(
        "from ase.calculators.emt import EMT\n"
        "class Once(EMT):\n"
        "    calls = 0\n"
        "    def calculate(self, *args, **kwargs):\n"
        "        self.calls += 1\n"
        "        if self.calls == 2: raise RuntimeError('only once')\n"
        "        super().calculate(*args, **kwargs)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    path = alloy_yaml(write_yaml, tmp_path, potential__calculator="once:Once")
    said = []
    assert lmpdrive.simulate(path, tmp_path / "run", say=said.append).state == "finished"
    assert any("not compared" in line and "only once" in line for line in said)
    with pytest.raises(lmpdrive.errors.EngineError, match="only once"):
        lmpdrive.simulate(path, tmp_path / "always", ["run.compare=always"])


def test_a_deck_without_our_comments_is_cut_at_the_first_fix_of_its_own():
    deck = """units metal
read_data system.data
pair_style zero 1.0 nocoeff
pair_coeff * *
fix model all external &
  pf/callback 1 1
fix_modify model energy yes virial yes
fix hold all spring/self 1.0
velocity all create 300 1
fix move all nve
minimize 0 0.1 500 5000
run 1000
write_restart last.restart
"""
    first, short = first_frame(parse_deck(deck)), short_run(parse_deck(deck))
    assert "fix_modify model" in first and "spring/self" not in first
    assert "fix hold all spring/self" in short and "minimize 0 0.1 50 5000" in short
    assert short.index("store/force") < short.index("spring/self")
    assert short.count("run 8 post no") == 5 and "run 1000" not in short and "write_restart" not in short


MODEL = "read_data system.data\npair_style x\npair_coeff * *\nfix frozen all setforce 0 0 0\n"


@pytest.mark.parametrize(
    ("text", "frames", "not_compared"),
    [
        ("run 10\n", 1, []),
        ("neigh_modify exclude type 1 1\nrun 10\n", 1, []),
        (
            "minimize 0 1 5 5\nfix move all nvt temp 1 1 1\nrun 10\nunfix move\nfix b all langevin 1 1 1 1\nrun 9\n",
            1,
            [],
        ),
        ("run 10\nneigh_modify exclude type 1 1\nrun 10\nspecial_bonds lj 1 1 1\nrun 5\npair_coeff 1 1 y\n", 3, []),
        ("fix push all efield 0 0 1\nfix_modify push energy yes\nrun 10\n", 1, ["fix efield (in.lammps, line 5)"]),
        ("run 10\nfix ramp all adapt 1 pair x a 1 1 v_s\nrun 10\n", 1, ["fix adapt (in.lammps, line 6)"]),
        ('run 0\nif "$(pe) > 0" then "print wrong" "quit 1"\nrun 10\n', 1, []),
        (
            'run 0\nif "1" then "pair_coeff 1 1 z"\nrun 10\n',
            1,
            ['everything from if "1" then "pair_coeff 1 1 z" (in.lammps, line 6) on'],
        ),
        ("label loop\nrun 10\njump SELF loop\n", 1, ["everything from label loop (in.lammps, line 5) on"]),
        ("include ${stage}\nrun 10\n", 1, ["everything from include ${stage} (in.lammps, line 5) on"]),
        ('run 10 every 5 "set type 1 charge 1"\n', 1, ["run 10 every 5 (in.lammps, line 5)"]),
        (
            "compute c all reduce sum f_frozen[1]\nvariable v equal c_c\nrun 0\nset group all charge $(v_v)\nrun 1\n",
            1,
            ["set group all charge (in.lammps, line 8)"],
        ),
        ("variable v equal $(f_frozen)\nset group all charge ${v}\n", 1, ["set group all charge (in.lammps, line 6)"]),
    ],
)
def test_what_may_change_forces_is_compared_or_named(text, frames, not_compared):
    deck = parse_deck(MODEL + text)
    assert first_frame(deck).count("write_dump") == frames
    assert left_out(deck) == not_compared


def test_an_architecture_without_a_calculator_is_no_error(write_yaml):
    path = write_yaml(SMALL_CLASSICAL)
    done = subprocess.run(
        [sys.executable, "-m", "lmpdrive", "check", str(path), "--compare"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "not compared with the model's own calculator: the architecture classical has none" in done.stdout
