"""The numbers of situations that people met, through the whole analysis."""

from __future__ import annotations

import pytest

import lmpdrive
from tests.field_cases import case

ELEMENTS = {"elements": ["Au", "H", "Na", "O"], "timestep_fs": 0.5}
WATERS, DISTANCE = "mean number of H2O [1]", "mean distance of Na from the surface [Å]"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("file", "options", "waters", "distance_A"),
    [
        ("dump-bz2/z.lammpstrj.bz2", ELEMENTS, 60, 9.81),
        ("no-final-newline/nonl.lammpstrj", ELEMENTS, 60, None),
        ("extxyz-time-in-header/lmp.extxyz", {}, 93, None),
        ("extxyz-type-column/ovito_type.xyz", {"elements": ["Au", "H", "O"]}, 50, None),
        ("dcd-without-cell/nocell.dcd", {"data": "dcd-without-cell/h.data", "timestep_fs": 0.5}, 60, None),
        ("xyz-without-cell/cp2k-pos-1.xyz", {"data": "xyz-without-cell/h.data"}, 60, None),
        ("netcdf-lammps-unsorted/unsorted.nc", {"data": "netcdf-lammps-unsorted/n.data"}, 60, 10.25),
        ("reset-timestep/reset.lammpstrj", ELEMENTS, 60, 10.25),
    ],
)
def test_field_cases(tmp_path, file, options, waters, distance_A):
    if "data" in options:
        options = options | {"data": case(options["data"])}
    result = lmpdrive.analyse(case(file), out=tmp_path, with_report=False, **options)
    assert result.summary[WATERS][0] == waters
    if distance_A is not None:
        assert result.summary[DISTANCE][0] == pytest.approx(distance_A, abs=0.03)
