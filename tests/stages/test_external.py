"""Walls and an electric field in a run: energies known on paper, and frozen atoms that stay."""

import numpy as np
import pytest

from lmpdrive.config import load
from lmpdrive.system import make_system
from lmpdrive.trajectory import open_trajectory, thermo_of
from tests.stages.resuming import CHEAP, rendered, resumed

FIELD = {"z_V_per_A": 0.2, "x_V_per_A": -0.1}
WALLS = [{"face": "zhi", "from_A": 9, "group": "water", "range_A": 9}, {"face": "zlo", "from_A": 7, "k_eV_per_A2": 0.3}]
DYNAMICS = {
    **{"ensemble": "nve", "fixed_layers": 0, "freeze": ["layer_1", "ion_Na"], "minimise": None},
    **{"equilibrate_ps": 0, "production_ps": 0.05, "timestep_fs": 0.25},
}
OUTPUT = {"frames_every_fs": 5, "thermo_every_fs": 1, "dump_every_fs": 5}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Without anything, with the field, with the walls."""
    found = {}
    for name, more in (("none", {}), ("field", {"electric_field": FIELD}), ("walls", {"walls": WALLS})):
        content = CHEAP | {"dynamics": DYNAMICS | more, "output": OUTPUT, "guard": "off"}
        found[name] = rendered(tmp_path_factory.mktemp(name) / "case", content)
        assert resumed(found[name]) == "finished"
    return found


@pytest.fixture(scope="module")
def system(runs):
    config = load(runs["none"] / "resolved.yaml")
    made = make_system(config)
    return made, np.array(config.potential.charges_e(made))


def change_eV(runs, name):
    """Of the potential energy at the first step."""
    first = [thermo_of(runs[one])["PotEng"].iloc[0] for one in (name, "none")]
    return first[0] - first[1]


def test_the_field_does_work_on_the_charges_that_move(runs, system):
    made, charges = system
    mobile = made.groups["mobile"]
    x, _, z = made.atoms.positions[mobile].T
    expected = -(charges[mobile] @ (0.2 * z - 0.1 * x))
    assert change_eV(runs, "field") == pytest.approx(expected, abs=1e-3)


def test_walls_are_springs(runs, system):
    made, _ = system
    water, mobile = (made.atoms.positions[made.groups[name], 2] for name in ("water", "mobile"))
    expected = 0.5 * (np.maximum(water - 9, 0) ** 2).sum() + 0.15 * (np.maximum(7 - mobile, 0) ** 2).sum()
    assert expected > 1
    assert change_eV(runs, "walls") == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("name", "most_eV"), [("none", 0.06), ("field", 0.06), ("walls", 0.3)])
def test_energy_is_conserved_and_frozen_atoms_stay(runs, system, name, most_eV):
    """As well as without them: the packed start is rough, and the walls hold 90 eV at first."""
    made, _ = system
    assert np.ptp(thermo_of(runs[name])["Econserve"]) < most_eV
    frames = open_trajectory(runs[name])
    positions = frames.read(0, frames.n_frames).positions
    moved = np.abs(positions[-1] - positions[0]).max(axis=1)
    assert not moved[made.groups["fixed"]].any() and (moved[made.groups["mobile"]] > 0).all()
