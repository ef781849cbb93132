"""Group text, the one table, and that importing the stage is cheap."""

import subprocess
import sys

import pytest

from lmpdrive.config.load import validate
from lmpdrive.errors import StructureError
from lmpdrive.system import BuiltSystem, id_ranges, make_system


@pytest.mark.parametrize(
    "indices, text",
    [([], ""), ([0], "1"), (range(48), "1:48"), ([69, 70, 0, 1, 2, 59], "1:3 60 70:71"), ([4, 4, 2], "3 5")],
)
def test_indices_become_lammps_ids(indices, text):
    assert id_ranges(list(indices)) == text


def test_a_config_is_built_and_tabulated(tmp_path):
    build = {"metal": "Pt", "repeat": [4, 4], "ions": {"K": 1, "Cl": 1}, "water_thickness_A": 12}
    raw = {"system": {"build": build}, "potential": {"architecture": "classical"}, "dynamics": {"fixed_layers": 1}}
    system = make_system(validate(raw, tmp_path))
    assert isinstance(system, BuiltSystem)
    table = [(row.type, row.element, round(row.mass_u, 2), row.count) for row in system.table()]
    waters = len(system.water_molecules)
    assert table == [
        (1, "Cl", 35.45, 1), (2, "H", 1.01, 2 * waters), (3, "K", 39.10, 1), (4, "O", 16.0, waters),
        (5, "Pt", 195.08, 64),
    ]  # fmt: skip
    assert [system.elements[t - 1] for t in system.types] == list(system.species)
    assert len(system.groups["fixed"]) == 16
    assert system.charge_of_ions_e == 0


def test_a_missing_file_is_named(tmp_path):
    raw = {"system": {"read": str(tmp_path / "no.xyz")}, "potential": {"architecture": "classical"}}
    with pytest.raises(StructureError, match=r"there is no file .*no\.xyz"):
        make_system(validate(raw, tmp_path))


def test_importing_the_stage_loads_neither_numpy_nor_ase():
    code = "import sys, lmpdrive.system; print([m for m in ('numpy', 'ase', 'scipy') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
