"""Real models through LAMMPS and their own calculators: equal as they are; mixed-up elements are named."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase import Atoms

import lmpdrive
from lmpdrive.architectures.deepmd.cores import Cores
from lmpdrive.common.manifest import read_manifest
from lmpdrive.engine.agreement.compare import UnequalError
from tests.architectures.structures import water_on
from tests.conftest import ROOT

DATA = ROOT / "tests" / "architectures" / "data"

DP = {"architecture": "deepmd", "model": str(ROOT / "potentials" / "pt-water-dp" / "model.pb")}
DP_DOUBLE = {"architecture": "deepmd", "model": str(DATA / "dp-float64.pb"), "compress": "never"}
MACE = {"architecture": "mace", "model": str(DATA / "mace-tiny.model"), "compile": "never"}

# what lint would say is silenced here: the comparison must find it by itself
DP_SWAPPED = """{% extends "base.lmp.j2" %}
{% block potential %}
pair_style      deepmd model.pb
pair_coeff      * * O H Pt   # lint: allow pair-coeff-order
{% endblock %}
"""
MACE_SWAPPED = """{% extends "shipped/callback.lmp.j2" %}
{% block potential %}
group           one type 1
group           two type 2
set             group one type 2
set             group two type 1
{{ super() }}
{% endblock %}
"""


def film_yaml(folder: Path, potential: dict, **run) -> Path:
    """Platinum with a frozen layer and three molecules."""
    water_on("Pt", 3.94, layers=1, heights_A=(7.0, 9.5, 12.0), height_A=16.0, shake_A=0.05).write(folder / "film.xyz")
    content = {
        "system": {"read": "film.xyz"},
        "potential": potential,
        "dynamics": {
            "temperature_K": 100,
            "timestep_fs": 0.25,
            "fixed_layers": 1,
            "minimise": {"force_eV_per_A": 0.5, "max_steps": 50},
            "equilibrate_ps": 0,
            "production_ps": 0.02,
        },
        "output": {"frames_every_fs": 1, "dump_every_fs": 10, "thermo_every_fs": 1, "report": False},
        "run": run,
    }
    path = folder / "film.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def with_template(path: Path, name: str, text: str) -> Path:
    folder = path.parent / "mine"
    folder.mkdir()
    (folder / name).write_text(text)
    path.write_text(path.read_text() + "templates: mine\n")
    return path


def compare(path: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "lmpdrive", "check", str(path), "--compare"], capture_output=True, text=True, check=False
    )


CASES = {
    # compressed, and with cores so wide that they act
    "deepmd": ("deepmd", DP | {"core_radii_A": {"H-H": 2.0, "Pt-O": 3.5}}, "5.0e-04"),
    "deepmd, double": ("deepmd", DP_DOUBLE, "5.0e-04"),
    "mace, single": ("mace", MACE, "5.0e-04"),
    "mace, double": ("mace", MACE | {"dtype": "float64"}, "1.0e-06"),
}


SLOW = {"deepmd, double", "mace, single"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.validation] if name in SLOW else []) for name in CASES]
)
def test_check_compares_frames_of_a_short_run(tmp_path, name):
    package, potential, limit = CASES[name]
    pytest.importorskip(package)
    done = compare(film_yaml(tmp_path, potential))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "LAMMPS equals the model's own calculator in 6 frames" in done.stdout
    assert f"(limit {limit})" in done.stdout or "cores" in name or "core_radii_A" in potential
    assert done.stdout.count("│   yes │") == 6


def test_check_names_a_mix_up_in_a_template_deepmd(tmp_path):
    pytest.importorskip("deepmd")
    done = compare(with_template(film_yaml(tmp_path, DP_DOUBLE), "deepmd.lmp.j2", DP_SWAPPED))
    assert done.returncode == 4, done.stdout + done.stderr
    assert "DIFFERS" in done.stderr and "H is taken for O, O for H; check pair_coeff" in done.stderr
    assert "│    NO │" in done.stdout


def test_simulate_stops_on_a_mix_up_in_a_template_deepmd(tmp_path):
    """`auto` compares a native model where the deck comes from a template of the user's."""
    pytest.importorskip("deepmd")
    path = with_template(film_yaml(tmp_path, DP), "deepmd.lmp.j2", DP_SWAPPED)
    with pytest.raises(UnequalError, match="H is taken for O, O for H"):
        lmpdrive.simulate(path, tmp_path / "run")
    manifest = read_manifest(tmp_path / "run")
    assert manifest.state == "failed" and manifest.step0["equal"] is False
    assert not (tmp_path / "run" / "log.lammps").exists(), "the run did not begin"


def test_simulate_stops_on_a_mix_up_in_a_template_mace(tmp_path):
    pytest.importorskip("mace")
    path = with_template(film_yaml(tmp_path, MACE), "callback.lmp.j2", MACE_SWAPPED)
    with pytest.raises(UnequalError, match="H is taken for O, O for H"):
        lmpdrive.simulate(path, tmp_path / "run")
    assert read_manifest(tmp_path / "run").step0["equal"] is False


def test_a_native_run_from_the_shipped_template_is_compared_on_request_only(tmp_path):
    pytest.importorskip("deepmd")
    result = lmpdrive.simulate(film_yaml(tmp_path, DP_DOUBLE), tmp_path / "auto")
    assert read_manifest(result.directory).step0 is None
    result = lmpdrive.simulate(tmp_path / "film.yaml", tmp_path / "always", ["run.compare=always"])
    assert read_manifest(result.directory).step0["equal"] is True


EXCLUDED = """{% extends "shipped/deepmd.lmp.j2" %}
{% block guard %}
{{ super() }}
neigh_modify exclude group fixed fixed    # lint: allow neigh-exclude
{% endblock %}
"""


def test_a_block_behind_the_potential_that_takes_interactions_out_is_found(tmp_path):
    """-622.13 eV is what the model says of this slab; without the pairs of the frozen layer it would be -608.94 eV."""
    pytest.importorskip("deepmd")
    content = {
        "system": {"read": str(Path(__file__).parent / "data" / "pt-water.xyz")},
        "potential": {"architecture": "deepmd", "model": "pt-water-dp", "compress": "never"},
        "dynamics": {"fixed_layers": 1, "equilibrate_ps": 0, "production_ps": 0.01, "minimise": None},
    }
    (tmp_path / "slab.yaml").write_text(yaml.safe_dump(content))
    path = with_template(tmp_path / "slab.yaml", "deepmd.lmp.j2", EXCLUDED)
    with pytest.raises(UnequalError, match="interactions out"):
        lmpdrive.simulate(path, tmp_path / "run")
    (difference,) = read_manifest(tmp_path / "run").step0["differences"]
    assert difference["energy_eV"] == pytest.approx(622.13 - 608.94, abs=0.02)


def test_cores_are_known_on_paper_and_derivatives_of_their_energy():
    atoms = Atoms("OHH", [[1, 1, 1], [1.9, 1, 1], [1, 1, 9.8]], cell=[[9, 0, 0], [1, 9, 0], [0, 2, 10]], pbc=True)
    atoms.calc = Cores({"H-O": 1.3}, 30.0)
    # 0.9 Å, and 1.2 Å through the boundary, where the cell is tilted: not 1.2
    assert atoms.get_potential_energy() == pytest.approx(30 * (0.4**2 + inside(atoms) ** 2))
    assert np.abs(atoms.get_forces() - atoms.calc.calculate_numerical_forces(atoms)).max() < 1e-6
    assert np.abs(atoms.get_stress() - atoms.calc.calculate_numerical_stress(atoms)).max() < 1e-6


def inside(atoms: Atoms) -> float:
    return max(0.0, 1.3 - atoms.get_distance(0, 2, mic=True))
