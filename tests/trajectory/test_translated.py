"""`dump yaml` and `dump cfg` of the real LAMMPS against its text dump; and dumps that have no atoms."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory import open_trajectory
from tests.field_cases import case
from tests.trajectory.test_formats import BOXES, ideal_gas, lammps

ELEMENTS = ["Na", "Cl"]


@pytest.fixture(scope="module", params=[*BOXES, "shrink-wrapped", "real"])
def run(request, tmp_path_factory):
    """One run in all formats; in the third the box ends at the outermost atoms along z."""
    folder = tmp_path_factory.mktemp(request.param)
    units, timestep = ("real", 2.0) if request.param == "real" else ("metal", 0.002)
    lammps(
        folder,
        f"boundary p p {'s' if request.param == 'shrink-wrapped' else 'p'}\n"
        + ideal_gas(BOXES.get(request.param, BOXES["orthogonal"]), units, timestep)
        + f"""
        velocity all scale 300
        fix 2 all deform 1 x erate {0.1 if units == "metal" else 1e-4} remap x
        dump text all custom 20 {folder}/traj.lammpstrj id type x y z vx vy vz ix iy iz
        dump_modify text sort id format float %.12g units yes time yes
        dump yaml all yaml 20 {folder}/traj.yaml id type x y z vx vy vz ix iy iz
        dump_modify yaml format float %.12g units yes time yes thermo yes
        dump cfg all cfg 20 {folder}/a.*.cfg mass type xs ys zs id vx vy vz
        dump_modify cfg element Na Cl
        dump far all cfg 20 {folder}/far.*.cfg mass type xsu ysu zsu id type
        compute bonds all pair/local dist
        dump local all local 20 {folder}/local.dump index c_bonds
        dump named all local 20 {folder}/named.dump index c_bonds
        dump_modify named label BONDS
        compute grid all property/grid 4 4 4 id
        dump grid all grid 20 {folder}/grid.dump c_grid:grid:data
        run 60
        """,
    )
    return folder


@pytest.fixture
def want(run):
    return open_trajectory(run / "traj.lammpstrj", elements=ELEMENTS)


def test_yaml_equals_text(run, want):
    found = open_trajectory(run / "traj.yaml", elements=ELEMENTS)
    assert found.topology.elements.tolist() == want.topology.elements.tolist()
    assert found.steps.tolist() == want.steps.tolist() == [0, 20, 40, 60]
    assert found.periodic == want.periodic
    assert_allclose(found.times_ps, want.times_ps)
    a, b = want.read(0, 4), found.read(0, 4)
    for name in ("positions", "velocities", "cells", "origins", "unwrapped"):
        assert_allclose(getattr(b, name), getattr(a, name), atol=1e-8, err_msg=name)


@pytest.mark.filterwarnings("ignore:.*evenly spaced")
def test_yaml_cut_anywhere(run, tmp_path):
    whole = (run / "traj.yaml").read_bytes()
    last = whole.rindex(b"---\n")
    for cut in np.linspace(last + 5, len(whole) - 10, 12).astype(int):
        (tmp_path / "cut.yaml").write_bytes(whole[:cut])
        with pytest.warns(UserWarning, match="incomplete"):
            assert open_trajectory(tmp_path / "cut.yaml", elements=ELEMENTS).n_frames == 3


def test_yaml_that_is_damaged(run, tmp_path):
    text = (run / "traj.yaml").read_text()
    (tmp_path / "a.yaml").write_text(text.replace("boundary", "rubbish\nboundary", 1))
    with pytest.raises(TrajectoryError, match=r"rubbish.* belongs to no LAMMPS yaml dump"):
        open_trajectory(tmp_path / "a.yaml", elements=ELEMENTS)


@pytest.mark.parametrize("name", ["a", "far"])
def test_cfg_equals_text(run, want, name):
    found = open_trajectory(str(run / f"{name}.*.cfg"), elements=ELEMENTS, timestep_fs=2.0)
    assert found.topology.elements.tolist() == want.topology.elements.tolist()
    assert found.steps.tolist() == [0, 20, 40, 60]
    a, b = want.read(0, 4), found.read(0, 4)
    if want.periodic == (True, True, True):  # a cfg file does not say which axes are periodic
        assert_allclose(b.cells, a.cells, atol=1e-3)
        there = a.unwrapped if name == "far" else a.positions
        assert_allclose(b.positions - b.origins[:, None], there - a.origins[:, None], atol=2e-3)
    if name == "a":
        velocities = open_trajectory(run / "a.20.cfg", elements=ELEMENTS, units=_units(run)).read(0, 1).velocities
        assert_allclose(velocities[0], a.velocities[1], rtol=1e-4, atol=1e-4)


def _units(run):
    return "real" if run.name.startswith("real") else "metal"


def test_cfg_without_elements_of_its_own_needs_them(run):
    with pytest.raises(TrajectoryError, match="--elements"):
        open_trajectory(run / "far.20.cfg")
    assert (open_trajectory(run / "a.20.cfg").topology.elements == "Na").sum() == 20


@pytest.mark.parametrize("lines", [-3, -40, 10])
def test_cfg_that_is_cut(run, tmp_path, lines):
    text = (run / "a.20.cfg").read_text().splitlines()
    (tmp_path / "a.20.cfg").write_text("\n".join(text[:lines]))
    with pytest.raises(TrajectoryError, match=r"announces 32 atoms|is damaged|Number of atoms reported"):
        open_trajectory(tmp_path / "a.20.cfg", elements=ELEMENTS)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("local.dump", "written by `dump local`: it holds entries .*no atoms"),
        ("named.dump", "written by `dump local`: it holds bonds .*no atoms"),
        ("grid.dump", "written by `dump grid`: it holds the cells of a grid and no atoms"),
    ],
)
def test_dumps_without_atoms(run, file, message):
    with pytest.raises(TrajectoryError, match=message):
        open_trajectory(run / file, elements=ELEMENTS)


@pytest.mark.parametrize("file", ["lmp.local", "lmp.grid"])
def test_field_cases(file):
    with pytest.raises(TrajectoryError, match="no atoms"):
        open_trajectory(case(f"dump-grid-and-local/{file}"), elements=["Au", "H", "Na", "O"])
