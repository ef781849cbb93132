"""Whatever happens to a file, the reader reads it or says what is wrong with it."""

from __future__ import annotations

import bz2
import gzip
import lzma

import numpy as np
import pytest

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory import open_trajectory
from lmpdrive.trajectory.structures import read_structure
from tests.trajectory.dump_text import frame
from tests.trajectory.test_dcd_layouts import dcd
from tests.trajectory.test_netcdf import as_cdf5, write
from tests.trajectory.test_structures import FILES

TIMES = 25
DUMP = "".join(frame(["1 1 1 2 3", "2 2 4 5 6"], step=20 * i) for i in range(4)).encode()
CP2K = "".join(f"2\n i = {10 * i}, time = {5.0 * i}, E = -1\nO {i} 2 3\nH 4 5 6\n" for i in range(4)).encode()
EXTXYZ = "".join(
    f'2\nLattice="9 0 0 0 9 0 0 0 9" Timestep={i} Time={0.001 * i} pbc="T T F" '
    f"Properties=id:I:1:species:S:1:pos:R:3:vel:R:3\n2 H 4 5 6 1 2 3\n1 O {i} 2 3 1 2 3\n"
    for i in range(4)
).encode()
YAML = "".join(
    f"---\ncreator: LAMMPS\ntimestep: {i}\nunits: metal\ntime: {0.1 * i}\nnatoms: 2\nboundary: [ p, p, p, p, f, f, ]\n"
    "box:\n  - [ -0.5, 13 ]\n  - [ 2, 13.7 ]\n  - [ 3, 16 ]\n  - [ 2, -1.5, 0.7 ]\nkeywords: [ id, type, x, y, z,  ]\n"
    f"data:\n  - [ 1 , 1 , {i} , 2 , 3, ]\n  - [ 2 , 2 , 4 , 5 , 6, ]\n...\n"
    for i in range(4)
).encode()
CFG = (
    "Number of particles = 2\nA = 1 Angstrom (basic length-scale)\n"
    + "".join(f"H0({i},{j}) = {9 * (i == j)} A\n" for i in (1, 2, 3) for j in (1, 2, 3))
    + ".NO_VELOCITY.\nentry_count = 4\nauxiliary[0] = id\n16.0 \nO \n0.1 0.2 0.3 1\n1.008 \nH \n0.4 0.5 0.6 2\n"
).encode()
TEXTS = {
    "traj.yaml": YAML,
    "traj.cfg": CFG,
    "traj.extxyz": EXTXYZ,
    "traj.xyz": CP2K,
    "traj.gz": gzip.compress(DUMP),
    "traj.bz2": bz2.compress(DUMP),
    "traj.xz": lzma.compress(DUMP),
}


def damaged(content, rng):
    """Cut, some bytes changed, a piece left out, or a line written again somewhere."""
    start, stop = sorted(rng.integers(1, len(content), 2).tolist())
    kind = rng.integers(4)
    if kind == 0:
        return content[:stop]
    if kind == 1:
        found = bytearray(content)
        for place in rng.integers(len(found), size=3):
            found[place] = rng.integers(256)
        return bytes(found)
    if kind == 2:
        return content[:start] + content[stop:]
    lines = content.split(b"\n")
    lines.insert(int(rng.integers(len(lines))), lines[int(rng.integers(len(lines)))])
    return b"\n".join(lines)


def read_or_said(path, **options):
    try:
        for chunk in open_trajectory(path, **options).chunks(2):
            assert chunk.positions.shape[1:] == (len(chunk.positions[0]), 3)
    except TrajectoryError as error:
        assert str(error)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", TEXTS)
def test_text_and_packed_text(tmp_path, name):
    options = {"cell": "9 9 9"} if name == "traj.xyz" else {}
    (tmp_path / name).write_bytes(TEXTS[name])
    assert open_trajectory(tmp_path / name, elements=["O", "H"], **options).n_frames
    rng = np.random.default_rng(0)
    for _ in range(TIMES):
        (tmp_path / name).write_bytes(damaged(TEXTS[name], rng))
        read_or_said(tmp_path / name, elements=["O", "H"], **options)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", [lambda path: path, as_cdf5])
def test_netcdf(tmp_path, make):
    content = make(write(tmp_path / "traj.nc", velocities={"units": "angstrom/picosecond"})).read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(2 * TIMES):
        (tmp_path / "traj.nc").write_bytes(damaged(content, rng))
        read_or_said(tmp_path / "traj.nc", elements=["O", "H"])


@pytest.mark.filterwarnings("ignore")
def test_dcd_without_cell(tmp_path):
    (tmp_path / "POSCAR").write_text(FILES["POSCAR"][0])
    content = dcd(np.arange(48.0).reshape(4, 4, 3), cell=None)
    rng = np.random.default_rng(0)
    for _ in range(TIMES):
        (tmp_path / "traj.dcd").write_bytes(damaged(content, rng))
        read_or_said(tmp_path / "traj.dcd", data=tmp_path / "POSCAR")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FILES)
def test_structures(tmp_path, name):
    content = FILES[name][0].format(o="", h="", na="") if name.endswith("pdb") else FILES[name][0]
    rng = np.random.default_rng(0)
    for _ in range(TIMES):
        (tmp_path / name).write_bytes(damaged(content.encode(), rng))
        try:
            assert len(read_structure(tmp_path / name).types)
        except TrajectoryError as error:
            assert str(error)
