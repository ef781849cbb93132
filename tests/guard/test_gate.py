"""Gates on the disagreement of a committee: levels on paper, frames kept in real runs, what ends a run and how."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase.io import read

import lmpdrive
from lmpdrive.config import load
from lmpdrive.errors import ConfigError, UncertainError
from lmpdrive.guard import Keeper
from lmpdrive.guard import gate as gates
from lmpdrive.guard.frames import Frame, frame_text
from lmpdrive.stability import Gate, Limits
from tests.architectures.structures import water_on
from tests.conftest import SMALL_DEEPMD

GATE = Gate(rule="model_deviation", file="model_devi.out", every=10, low=0.1, high=0.5, on_high="stop", most_frames=200)
LIMITS = Limits(timestep_fs=0.5, every=10, gates=(GATE,))


def record(folder: Path, rows: list[tuple[int, float]], name: str = "model_devi.out") -> None:
    lines = ["#       step  max_devi_v ...", *(f"{step:12d} 0 0 0 {value:.6e} 0 0" for step, value in rows)]
    (folder / name).write_text("\n".join(lines) + "\n")


# --- on paper -----------------------------------------------------------------------------------------


def test_below_low_nothing_between_kept_above_stopped(tmp_path):
    record(tmp_path, [(0, 0.05), (10, 0.2), (20, 0.3), (30, 0.6), (40, 0.9)])
    (end,) = gates.ends(tmp_path, LIMITS)
    assert (end.step, end.time_ps, end.rule, end.value, end.limit, end.action) == (
        *(30, 0.015, "model_deviation", 0.6, 0.5, "stop"),
    )
    assert end.sentence == "stopped at 0.015 ps: the committee's forces deviate by up to 0.6 eV/Å (limit 0.5 eV/Å)"
    (note,) = gates.notes(tmp_path, LIMITS, before=30)
    assert note.action == "keep" and note.step == 10
    assert note.sentence == (
        "frames were kept from the first at 0.005 ps: the committee's forces deviate by more than 0.1 eV/Å at 3 of 4 "
        "steps, 1 of them above 0.5 eV/Å, 0.6 eV/Å at most, at 0.015 ps (candidates.xyz)"
    )
    record(tmp_path, [(0, 0.05), (10, 0.1)])
    assert not [*gates.ends(tmp_path, LIMITS), *gates.notes(tmp_path, LIMITS, None)]


def test_keep_goes_on_and_counts(tmp_path):
    record(tmp_path, [(0, 0.05), (10, 0.6), (20, 0.7), (30, 0.2)])
    kept = replace(LIMITS, gates=(replace(GATE, on_high="keep"),))
    assert not list(gates.ends(tmp_path, kept))
    (note,) = gates.notes(tmp_path, kept, None)
    assert "at 3 of 4 steps, 2 of them above 0.5 eV/Å" in note.what


def test_a_minimisation_is_not_judged(tmp_path):
    record(tmp_path, [(0, 3.0), (10, 2.0), (20, 1.0), (0, 0.05), (10, 0.2)])
    assert gates.values(tmp_path, GATE) == {0: 0.05, 10: 0.2}


def test_a_resumed_record_replaces_what_it_repeats(tmp_path):
    record(tmp_path, [(0, 0.0), (10, 0.1), (20, 0.9), (30, 0.9)])
    record(tmp_path, [(20, 0.2), (30, 0.3)], "model_devi.1.out")
    record(tmp_path, [(30, 0.4), (40, 0.4)], "model_devi.2.out")
    assert gates.values(tmp_path, GATE) == {0: 0.0, 10: 0.1, 20: 0.2, 30: 0.4, 40: 0.4}


def test_the_extrapolation_grade_has_no_unit(tmp_path):
    gamma = replace(GATE, rule="extrapolation_grade", file="uncertainty.dat", low=1.0, high=10.0)
    (tmp_path / "uncertainty.dat").write_text("# TimeStep c_gamma_max c_gamma_mean\n0 0.5 0.1\n10 3 1\n20 12 2\n")
    (end,) = gates.ends(tmp_path, replace(LIMITS, gates=(gamma,)))
    assert end.step == 20 and end.what == "the extrapolation grade is up to 12 (limit 10)"


def test_levels_survive_the_manifest():
    assert Limits.read(json.loads(json.dumps(LIMITS.content()))) == LIMITS


def test_a_resumed_run_makes_its_candidates_again(tmp_path):
    """Frames of steps 10 and 30 are there; resumed from step 20 the second is taken out, as the run repeats it."""
    about = {"rule": "model_deviation", "sigma_F_eV_per_A": "0.2", "level": "low"}
    frames = [Frame(step, np.full((2, 3), float(step)), np.eye(3) * 9) for step in (10, 30)]
    (tmp_path / "candidates.xyz").write_text("".join(frame_text(f, ("H", "O"), 0.5, about) for f in frames))
    Keeper(tmp_path, LIMITS, ("H", "O"), {}, from_step=20)
    (kept,) = read(tmp_path / "candidates.xyz", ":")
    assert kept.info["step"] == 10 and kept.positions[0, 0] == 10 and kept.get_chemical_symbols() == ["H", "O"]


def test_rows_without_a_frame_wait_and_end_nothing(tmp_path):
    """Those of a minimisation: LAMMPS keeps no frames of it."""
    record(tmp_path, [(0, 3.0), (10, 2.0)])
    keeper = Keeper(tmp_path, LIMITS, ("H", "O"), {})
    assert not keeper.poll() and not (tmp_path / "candidates.xyz").exists()


# --- real runs ----------------------------------------------------------------------------------------


def film():
    return water_on("Pt", 3.94, layers=1, heights_A=(7.0, 9.5, 12.0), height_A=16.0, shake_A=0.05)


def case(folder: Path, write_yaml, gate: dict, steps: int = 60, **potential) -> Path:
    """Two Lennard-Jones models of which the second is weaker by a tenth: σ_F is a twentieth of the force."""
    film().write(folder / "start.xyz")
    content = {
        "system": {"read": str(folder / "start.xyz")},
        "potential": {
            "architecture": "ase",
            "calculator": "ase.calculators.lj:LennardJones",
            "kwargs": {"sigma": 0.8, "epsilon": 0.02, "rc": 3.0},
            "committee": [{"epsilon": 0.018}],
            "uncertainty_every": 5,
        }
        | potential,
        "dynamics": {
            "ensemble": "nve",
            "temperature_K": 100,
            "timestep_fs": 0.25,
            "minimise": None,
            "fixed_layers": 0,
            "equilibrate_ps": 0,
            "production_ps": steps * 0.25e-3,
        },
        "output": {"report": False},
        "run": {"compare": "never"},
        "guard": {"distance_factor": "off", "water": "off", "drift_fraction": "off", "metal_layers": "off"} | gate,
    }
    return write_yaml(content)


def events(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]


def deviations(run: Path) -> dict[int, float]:
    return {int(row[0]): row[4] for row in np.loadtxt(run / "model_devi.out", ndmin=2)}


def test_frames_between_the_levels_are_kept_with_where_they_are_from(tmp_path, write_yaml):
    file = case(tmp_path, write_yaml, {"model_deviation": {"low_eV_per_A": 1e-9, "high_eV_per_A": 100}})
    result = lmpdrive.simulate(file, tmp_path / "run")
    found, kept = deviations(tmp_path / "run"), read(tmp_path / "run" / "candidates.xyz", ":")
    assert [a.info["step"] for a in kept] == list(found) == list(range(0, 61, 5))
    for atoms in kept:
        assert atoms.info["sigma_F_eV_per_A"] == pytest.approx(found[atoms.info["step"]], rel=1e-5)
        assert atoms.info["level"] == "low" and atoms.info["run"] == str(tmp_path / "run")
        assert atoms.info["time_ps"] == pytest.approx(atoms.info["step"] * 0.25e-3)
        # on paper: members of ε and 0.9 ε deviate by 0.05 of the force
        sigma = 0.05 * np.linalg.norm(atoms.get_forces(), axis=1).max()
        assert sigma == pytest.approx(atoms.info["sigma_F_eV_per_A"], rel=1e-4)
    (note,) = events(tmp_path / "run")
    assert note["action"] == "keep" and "at 13 of 13 steps" in note["what"]
    assert not list((tmp_path / "run").glob("gate.*.bin"))
    assert result.directory == tmp_path / "run"


def test_above_high_the_run_stops_with_its_own_exit_code(tmp_path, write_yaml):
    file = case(tmp_path, write_yaml, {"model_deviation": {"low_eV_per_A": 1e-10, "high_eV_per_A": 1e-9}}, 200_000)
    with pytest.raises(UncertainError, match="the committee's forces deviate by up to") as caught:
        lmpdrive.simulate(file, tmp_path / "run")
    assert caught.value.exit_code == 16 and "Label the frames in" in str(caught.value)
    run = tmp_path / "run"
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["state"] == "unstable"
    assert max(deviations(run)) < 200_000, "long before its end"
    end = next(event for event in events(run) if event["action"] == "stop")
    assert end["rule"] == "model_deviation" and end["step"] == 0
    assert read(run / "candidates.xyz", 0).info["level"] == "high"


MEMBERS = '''
"""Free atoms; from its call number `jump_at` on, a member's forces are off by `jump`."""
from ase.calculators.calculator import Calculator, all_changes
import numpy as np

class Free(Calculator):
    implemented_properties = ["energy", "forces", "stress"]
    def __init__(self, jump_at=0, jump=0.0):
        super().__init__()
        self.calls, self.jump_at, self.jump = 0, jump_at, jump
    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        off = self.jump if self.calls >= self.jump_at else 0.0
        self.calls += 1
        self.results = {"energy": 0.0, "forces": np.full((len(atoms), 3), off), "stress": np.zeros(6)}
'''


def jumping(tmp_path, write_yaml, jump_at: int, ps: float, **gate) -> Path:
    """σ_F is 0, and √3/2 eV/Å from the call `jump_at` of the second member on, which is asked every 5 steps of 1 fs."""
    (tmp_path / "free.py").write_text(MEMBERS)
    levels = {"low_eV_per_A": 0.1, "high_eV_per_A": 0.5} | gate
    own = {"calculator": "./free.py:Free", "kwargs": {}, "committee": [{"jump_at": jump_at, "jump": 1.0}]}
    file = case(tmp_path, write_yaml, {"model_deviation": levels, "force_eV_per_A": "off"}, **own)
    content = yaml.safe_load(file.read_text())
    content["dynamics"] |= {"timestep_fs": 1.0, "production_ps": ps}
    content["output"] |= {"restart_every_ps": 0.1, "frames_every_fs": 10}
    return write_yaml(content)


def test_the_part_before_the_step_is_analysed_and_the_report_says_so(tmp_path, write_yaml):
    file = jumping(tmp_path, write_yaml, jump_at=30, ps=50)
    with pytest.raises(UncertainError, match=r"stopped at 0\.15 ps: the committee's forces deviate by up to 0\.866"):
        lmpdrive.simulate(file, tmp_path / "run")
    run = tmp_path / "run"
    note, end = events(run)
    assert (end["step"], end["action"], note["step"], note["action"]) == (150, "stop", 150, "keep")
    assert end["value"] == pytest.approx(np.sqrt(3) / 2, rel=1e-4)
    assert read(run / "candidates.xyz", ":")[0].info["step"] == 150
    assert (run / "failed.restart").is_file() and not (run / "last.restart").is_file()
    result = lmpdrive.analyse(run)
    lines = " ".join(result.verdict.lines())
    assert "the committee's forces deviate by up to 0.866 eV/Å (limit 0.5 eV/Å)" in lines
    assert "Only what is before that is averaged: 15 of " in lines


def test_slow_goes_back_and_takes_half_the_timestep(tmp_path, write_yaml):
    """Event at step 300; back to 200 fs; there are 220 steps of 0.5 fs left, 44 calls, fewer than the 60 of a jump."""
    file = jumping(tmp_path, write_yaml, jump_at=60, ps=0.31, on_high="slow")
    lmpdrive.simulate(file, tmp_path / "run")
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["state"] == "finished" and manifest["dynamics"]["timestep_fs"] == 0.5
    (end,) = [event for event in events(tmp_path / "run") if event["rule"] == "model_deviation"]
    assert (end["step"], end["action"], end["went_back_to_ps"]) == (300, "restart", 0.2)
    assert max(deviations(tmp_path / "run")) == 620 and max(deviations(tmp_path / "run").values()) == 0


def test_keep_goes_on_to_the_end_and_at_most_so_many_frames_are_kept(tmp_path, write_yaml):
    levels = {"low_eV_per_A": 1e-10, "high_eV_per_A": 1e-9, "on_high": "keep", "most_frames": 4}
    lmpdrive.simulate(case(tmp_path, write_yaml, {"model_deviation": levels}), tmp_path / "run")
    assert json.loads((tmp_path / "run" / "manifest.json").read_text())["state"] == "finished"
    kept = read(tmp_path / "run" / "candidates.xyz", ":")
    assert [a.info["level"] for a in kept] == ["high"] * 4
    (note,) = events(tmp_path / "run")
    assert "at 13 of 13 steps, 13 of them above" in note["what"]


def test_deepmd_s_own_record_is_read(tmp_path, write_yaml):
    """The model and itself: no deviation; so the levels are never passed, and nothing is kept."""
    pytest.importorskip("deepmd", reason="runs a Deep Potential")
    gate = {"low_eV_per_A": 0.1, "high_eV_per_A": 0.5}
    file = write_yaml(
        SMALL_DEEPMD,
        potential__committee=["pt-water-dp"],
        potential__uncertainty_every=10,
        guard__model_deviation=gate,
        dynamics__production_ps=0.02,
    )
    lmpdrive.simulate(file, tmp_path / "run")
    assert not (tmp_path / "run" / "candidates.xyz").exists() and not list((tmp_path / "run").glob("gate.*.bin"))
    (record,) = json.loads((tmp_path / "run" / "manifest.json").read_text())["guard"]["gates"]
    found = gates.values(tmp_path / "run", Gate(**record))
    assert list(found) == list(range(0, 81, 10)) and max(found.values()) < 1e-6


# --- what is refused ----------------------------------------------------------------------------------


def messages(file: Path) -> list[str]:
    return [p.message for p in lmpdrive.check(file) if p.level == "error"]


def test_a_gate_without_a_record_is_refused(tmp_path, write_yaml):
    gate = {"model_deviation": {"low_eV_per_A": 0.1, "high_eV_per_A": 0.5}}
    assert not messages(case(tmp_path, write_yaml, gate))
    (said,) = messages(case(tmp_path, write_yaml, gate, committee=[]))
    assert said.startswith("guard.model_deviation: this potential records none during a run: add potential.committee")
    (said,) = messages(case(tmp_path, write_yaml, {"extrapolation_grade": {"low": 2, "high": 10}}))
    assert said.startswith("guard.extrapolation_grade: this potential records none")


@pytest.mark.parametrize(
    ("gate", "why"),
    [
        ({"low_eV_per_A": 0.5, "high_eV_per_A": 0.1}, r"low level \(0.5\) must be below the high one \(0.1\)"),
        ({"low_eV_per_A": 0.5}, "high_eV_per_A: is missing"),
        ({"low_eV_per_A": 0.1, "high_eV_per_A": 0.5, "on_hihg": "stop"}, "did you mean 'on_high'"),
    ],
)
def test_levels_that_cannot_be_are_refused(tmp_path, write_yaml, gate, why):
    with pytest.raises(ConfigError, match=why):
        load(case(tmp_path, write_yaml, {"model_deviation": gate}))


def test_off_is_no_gate(tmp_path, write_yaml):
    assert not load(case(tmp_path, write_yaml, {"model_deviation": "off"})).guard.gates
    assert not load(case(tmp_path, write_yaml, {"model_deviation": False})).guard.gates
