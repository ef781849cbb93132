"""The ion of a structure from a file at the height of its window: places whose room is known on paper."""

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import fcc111, molecule

from lmpdrive.config import load
from lmpdrive.errors import StructureError
from lmpdrive.system import make_system

TOP_A = 6.0


def structure(*waters, ion=(2.0, 2.0, 9.0), ions=1):
    """Au(111), 8.65 x 9.99 Å, top layer at 6 Å; waters with their O at these places; Na at `ion`."""
    slab = fcc111("Au", (3, 4, 2), a=4.08, orthogonal=True)
    slab.set_cell([*slab.cell[:2], (0, 0, 30)])
    slab.positions[:, 2] += TOP_A - slab.positions[:, 2].max()
    for place in waters:
        water = molecule("H2O")
        water.positions += np.array(place) - water.positions[0]
        slab += water
    x, y, z = ion
    slab += Atoms("Na" * ions, positions=[(x, y, z + 3 * i) for i in range(ions)])
    slab.set_pbc(True)
    return slab


@pytest.fixture
def placed(tmp_path, write_yaml):
    def made(atoms, at_A, **keys):
        ase.io.write(tmp_path / "start.xyz", atoms)
        umbrella = {"ion": "Na", "at_A": at_A, "place": True} | keys
        content = {
            "system": {"read": str(tmp_path / "start.xyz")},
            "potential": {"architecture": "classical"},
            "dynamics": {"fixed_layers": 1, "bias": {"umbrella": umbrella}},
        }
        return make_system(load(write_yaml(content)))

    return made


def position(system):
    (ion,) = system.groups["ion_Na"]
    return system.atoms.positions[ion]


def test_a_free_place_is_straight_above(placed):
    system = placed(structure((6, 6, 14)), 5.0)
    assert position(system) == pytest.approx([2, 2, 11], abs=1e-6)
    assert "Na moved from 3.00 to 5.00 Å above the outermost layer, straight along z" in system.report.notes[-1]


def test_a_taken_place_is_gone_around(placed):
    system = placed(structure((2, 2, 11.5)), 5.0)
    x, y, z = position(system)
    assert z == pytest.approx(11, abs=1e-6) and "to the place with most room" in system.report.notes[-1]
    cell = np.diag(system.atoms.cell.array)[:2]
    apart = np.array([x, y]) - [2, 2]
    nearest = np.abs(apart - cell * np.round(apart / cell))
    assert nearest == pytest.approx(cell / 2, abs=1.0), "as far as the cell allows"


def test_without_place_it_stays(placed):
    assert position(placed(structure((6, 6, 14)), 5.0, place=False)) == pytest.approx([2, 2, 9], abs=1e-6)


def test_a_height_without_room_is_told(placed):
    waters = [(x, y, 11) for x in (0.5, 3.4, 6.3) for y in (0.5, 3.0, 5.5, 8.0)]
    with pytest.raises(StructureError, match=r"no room for Na at 5 Å.*1\.8 Å are needed. Build the windows"):
        placed(structure(*waters, ion=(2, 2, 16)), 5.0)


def test_two_ions_cannot_be_placed(placed):
    with pytest.raises(StructureError, match="this structure has 2 Na and 2 layers"):
        placed(structure((6, 6, 14), ions=2), 5.0)
