"""Two thermostats in a run: each region at its temperature; the guard and the manifest know the mean of the targets."""

import numpy as np
import pytest

from lmpdrive.common.manifest import read_manifest
from lmpdrive.stability import Limits
from lmpdrive.trajectory import thermo_of
from tests.stages.resuming import COPPER, EMT, METAL, rendered, resumed

HOT = {"where": {"ids": "49:64"}, "temperature_K": 500, "style": "langevin", "damping_fs": 20}
STAGES = [{"nve": True, "ps": 0.01}, {"nvt": 200, "ps": 0.5}, {"production": True, "ps": 0.5}]
DYNAMICS = {"fixed_layers": 1, "minimise": {"max_steps": 60}, "temperature_K": 200}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    dynamics = DYNAMICS | {"thermostats": HOT, "stages": STAGES, "thermostat": {"style": "langevin", "damping_fs": 20}}
    content = METAL | {"dynamics": dynamics, "guard": {"metal_layers": "off"}}
    made = rendered(tmp_path_factory.mktemp("baths") / "case", content)
    assert resumed(made) == "finished"
    return made


def test_each_region_has_its_temperature(run):
    thermo = thermo_of(run)
    mean = thermo[thermo["Step"] > 1020][["c_T_heat_1", "c_T_rest", "Temp"]].mean()
    assert mean["c_T_rest"] == pytest.approx(200, rel=0.15) and mean["c_T_heat_1"] == pytest.approx(500, rel=0.2)
    assert mean["Temp"] == pytest.approx(300, rel=0.12), "16 of 48 atoms at 500 K"


def test_the_whole_is_compared_with_the_mean(run):
    manifest = read_manifest(run)
    assert manifest.dynamics.temperature_K == pytest.approx(300)
    assert manifest.dynamics.thermostats == ('ids: "49:64": 500 K',)
    limits = Limits.of_manifest(manifest)
    low, high = limits.range_K("production", 2000)
    assert (low + high) / 2 == pytest.approx(300, rel=1e-4)
    assert limits.range_K("nve", 10) == (0, 400), "no thermostats"


def test_a_stage_without_thermostats_has_no_second_one(run):
    text = (run / "in.lammps").read_text()
    nve = text[text.index("# stage: nve") : text.index("# stage: nvt")]
    assert "fix             move mobile nve\n" in nve and "move_1" not in nve
    assert text.count("fix             bath_1 ") == 1 == text.count("fix             bath ")


@pytest.mark.parametrize("coupling", ["lammps", "ase"])
def test_a_thermostat_for_the_equilibration(tmp_path, coupling):
    """Langevin, which exchanges heat with every atom, then the chain; each with its own conserved quantity."""
    dynamics = {"equilibrate_ps": 0.1, "equilibrate_thermostat": {"style": "langevin", "damping_fs": 20}}
    content = METAL if coupling == "lammps" else COPPER | {"potential": EMT | {"coupling": "ase"}}
    content = content | {"dynamics": content["dynamics"] | dynamics | {"ensemble": "nvt", "production_ps": 0.2}}
    run = rendered(tmp_path / "case", content)
    assert resumed(run) == "finished"
    deck = (run / "in.lammps").read_text()
    first = deck[deck.index("equilibrate") : deck.index("production:" if coupling == "ase" else "# stage: production")]
    assert "langevin" in first.lower() and "nvt temp" not in first
    assert ("Nose-Hoover" if coupling == "ase" else "nvt temp") in deck[deck.index(first) + len(first) :]
    thermo = thermo_of(run)
    production = thermo[thermo["run"] == thermo["run"].max()]
    assert production["Econserve"].notna().all()
    assert np.ptp(production["Econserve"]) < 0.05 * np.ptp(production["TotEng"])
