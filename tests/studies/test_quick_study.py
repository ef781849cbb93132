"""The quick study by its command, shortened: every step with real parts, resumed, and its figures made again."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from ase.io import read

from lmpdrive.trajectory import thermo_of
from lmpdrive.trajectory.labelled import ENERGY

pytest.importorskip("mace", reason="mace-torch is not in this environment")
pytest.importorskip("parsl", reason="parsl is not in this environment")

ROOT = Path(__file__).parents[2] / "studies" / "charge-states"


def changed(file: Path, changes: dict) -> None:
    content = yaml.safe_load(file.read_text())
    for name, section in changes.items():
        content[name] = content[name] | section
    file.write_text(yaml.safe_dump(content, sort_keys=False))


def campaign(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "lmpdrive", "campaign", command, "study-quick.yaml"]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Ten frames to fit, a hundred steps, one state that is run."""
    folder = tmp_path_factory.mktemp("study") / "charge-states"
    shutil.copytree(ROOT, folder)
    short = {"equilibrate_ps": 0.1, "production_ps": 0.5, "minimise": None}
    changed(folder / "teacher-quick.yaml", {"dynamics": short, "output": {"frames_every_fs": 10}})
    names = ["water_density", "water_orientation", "dipole_pz", "dipole_pz_histogram", "temperature"]
    content = yaml.safe_load((folder / "teacher-quick.yaml").read_text()) | {"observables": {"names": names}}
    (folder / "teacher-quick.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    changed(
        folder / "study-quick.yaml",
        {
            "data": {"frames": 20, "test": 2, "hot": None, "contacts": {"frames": 4}},
            # three splits, a committee, take minutes more
            "training": {"sizes": [10], "splits": 1},
            "models": {
                "mace-local": {"recipe": "recipes/mace-local.yaml", "length": 2, "potential": {"compile": "never"}}
            },
            "runs": {
                "states": ["na1"],
                # models of two epochs know no water: nothing is asked of their physics here
                "set": {"dynamics.production_ps": 0.1, "dynamics.equilibrate_ps": 0.02, "guard": "off"},
            },
            "committee": {"stride": 5},
        },
    )
    return folder


def test_from_the_teacher_to_the_page(study):
    done = campaign("run", study)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "no committees: they need training.splits: 3 or more" in done.stderr + done.stdout
    folder = study / "campaigns" / "charge-states-quick"
    assert (folder / "report.html").is_file()
    _labels_are_the_energies_of_the_run(folder)
    errors, runs, profiles, verdict = (
        pd.read_csv(folder / "tables" / f"{name}.csv") for name in ("errors", "runs", "profiles", "verdict")
    )
    # two sets, two states to be wrong in
    assert len(errors) == 2 * 2 and (errors["force RMSE [eV/Å]"] > 0).all()
    assert set(zip(runs["kind"], runs["state"], runs["phase"], strict=True)) == {
        ("specific", "na1", "done"),
        ("mixed", "na1", "done"),
    }
    assert set(verdict["observable"]) >= {"water_density", "water_orientation", "dipole_pz_histogram"}
    density = profiles[profiles["table"] == "water_density"]
    assert density["teacher"].max() > 0.5 and density["σ_model"].isna().all()
    roughness = pd.read_csv(folder / "tables" / "roughness.csv")
    assert set(roughness["kind"]) == {"specific", "mixed"} and (roughness["as noise of the energy [meV]"] > 0).all()
    _dipoles_are_those_of_spc_fw(pd.read_csv(folder / "tables" / "dipoles.csv"))
    names = {path.stem for path in (folder / "figures").glob("*.png")}
    asked = {"learning_curves", "error_against_speed", "stability", "curves_water_density", "roughness", "dipole"}
    assert asked <= names
    assert names == {path.stem for path in (folder / "figures").glob("*.csv")}


def _dipoles_are_those_of_spc_fw(found: pd.DataFrame) -> None:
    """2.39 D each (Wu, Tepper and Voth, J. Chem. Phys. 124, 024503 (2006)), whatever the metal and the ions do."""
    assert len(found) == 2 * 2
    assert (found["M_z of the water [e Å]"] - 2.39 * 0.2082 * found["P_z [1]"]).abs().max() < 0.4
    ions = found["state"] == "na1"
    rest = found["M_z [e Å]"] - found["M_z of the water [e Å]"]
    # an ion and its charge on the metal are some Å apart; without ions the metal has only what layers share
    assert rest[ions].min() > 2 and rest[~ions].abs().max() < 1


def _labels_are_the_energies_of_the_run(folder: Path) -> None:
    """The teacher labels a saved frame as it was when it ran, charges of the electrode included."""
    thermo = thermo_of(folder / "teacher" / "runs" / "na1_seed1")
    last = thermo[thermo["run"] == thermo["run"].max()].set_index("Step")["PotEng"]
    every = read(folder / "data" / "na1.xyz", ":")
    frames = [atoms for atoms in every if atoms.info.get("reason") != "contacts"]
    assert 20 < len(every) <= 24
    seen = [(atoms.info[ENERGY], last[atoms.info["step"]]) for atoms in frames if atoms.info["step"] in last.index]
    assert len(frames) == 20 and len(seen) >= 10
    for label, energy in seen:
        assert label == pytest.approx(energy, abs=1e-4)


def test_what_is_done_is_not_done_again_and_figures_come_from_disk(study):
    folder = study / "campaigns" / "charge-states-quick"
    before = (folder / "models").rglob("card.yaml")
    times = {path: path.stat().st_mtime for path in before}
    (folder / "report.html").unlink()
    (folder / "figures" / "stability.csv").unlink()
    done = campaign("report", study)
    assert (
        done.returncode == 0 and (folder / "report.html").is_file() and (folder / "figures" / "stability.csv").is_file()
    )
    again = campaign("run", study)
    assert again.returncode == 0, again.stderr
    assert times == {path: path.stat().st_mtime for path in (folder / "models").rglob("card.yaml")}
    status = campaign("status", study)
    assert "2 of 2 models" in status.stdout and "labelled frames of 2 of 2 states" in status.stdout


def test_options_of_campaigns_are_refused(study):
    words = [sys.executable, "-m", "lmpdrive", "campaign", "run", "study-quick.yaml", "--only", "state=na0"]
    refused = subprocess.run(words, cwd=study, capture_output=True, text=True, check=False)
    assert refused.returncode == 2 and "--only is for campaigns" in refused.stderr
