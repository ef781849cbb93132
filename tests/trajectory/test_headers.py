"""What the comment lines of XYZ files say: steps, times, cells, columns, and in which units."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory import open_trajectory
from lmpdrive.trajectory.headers import parse_header
from tests.field_cases import case
from tests.trajectory.test_formats import BOXES, ideal_gas, lammps

LATTICE = 'Lattice="9 0 0 0 9 0 0 0 9"'


@pytest.fixture
def write(tmp_path):
    def write(*comments, atoms=("O 1 2 3", "H 4 5 6"), name="traj.xyz"):
        frames = [f"{len(atoms)}\n{comment}\n" + "".join(f"{atom}\n" for atom in atoms) for comment in comments]
        (tmp_path / name).write_text("".join(frames))
        return tmp_path / name

    return write


# -- one line ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "step", "time", "ps_per_unit"),
    [
        (
            'Timestep=20 Time=0.010000 pbc="T T F" Lattice="9 0 0 0 9 0 0 0 9" Properties=species:S:1:pos:R:3',
            20,
            0.01,
            None,
        ),
        (" i =       10, time =        5.000, E =     -1234.5678", 10, 5.0, 1e-3),
        (" Atoms. Timestep: 40", 40, None, None),
        (
            "# CELL(abcABC): 10.0 10.0 20.0 90.0 90.0 90.0 Step: 7 Bead: 0 positions{angstrom} cell{angstrom}",
            7,
            None,
            None,
        ),
        ("step=3 time_fs=1.5", 3, 1.5, 1e-3),
        ("Step=3 time_ps=1.5", 3, 1.5, 1.0),
        ("made by hand", None, None, None),
        ("energy=-3.5 timestep=abc", None, None, None),
        ("", None, None, None),
    ],
)
def test_step_and_time(line, step, time, ps_per_unit):
    header = parse_header(line)
    assert (header.step, header.time, header.ps_per_unit) == (step, time, ps_per_unit)


def test_cells():
    assert_allclose(parse_header('Lattice="9 0 0 1 8 0 0 2 7" pbc="T F T"').cell, [[9, 0, 0], [1, 8, 0], [0, 2, 7]])
    assert parse_header('Lattice="9 0 0 1 8 0 0 2 7" pbc="T F T"').periodic == (True, False, True)
    assert_allclose(parse_header("# CELL(abcABC): 10 11 20 90 90 90 Step: 7").cell, np.diag([10, 11, 20]), atol=1e-12)
    assert parse_header('Lattice="0 0 0 0 0 0 0 0 0"').cell is None
    assert parse_header('Origin="1 2 3"').origin.tolist() == [1, 2, 3]


def test_properties():
    header = parse_header("Properties=id:I:1:species:S:1:pos:R:3")
    assert header.properties == (("id", "I", 1), ("species", "S", 1), ("pos", "R", 3))


# -- files ---------------------------------------------------------------------------------------------------------


def test_steps_times_and_the_timestep(write):
    path = write(*(f"{LATTICE} Timestep={20 * i} Time={0.01 * i}" for i in range(4)))
    for options in ({}, {"timestep_fs": 0.5}, {"timestep_fs": 0.5, "every": 1}):
        trajectory = open_trajectory(path, **options)
        assert trajectory.steps.tolist() == [0, 20, 40, 60]
        assert_allclose(trajectory.times_ps, [0, 0.01, 0.02, 0.03])


def test_times_in_fs_are_told_by_the_timestep_that_they_give(write):
    trajectory = open_trajectory(write(*(f"{LATTICE} Timestep={20 * i} Time={10.0 * i}" for i in range(4))))
    assert_allclose(trajectory.times_ps, [0, 0.01, 0.02, 0.03])
    assert any("fs: a timestep of 0.5 fs" in note for note in trajectory.notes)


def test_times_without_steps(write):
    path = write(*(f"{LATTICE} Time={0.01 * i}" for i in range(4)))
    trajectory = open_trajectory(path)
    assert_allclose(trajectory.times_ps, [0, 0.01, 0.02, 0.03])
    assert any("does not name their unit" in note for note in trajectory.notes)
    assert open_trajectory(path, timestep_fs=0.5).steps.tolist() == [0, 20, 40, 60]


def test_neither_steps_nor_times(write):
    trajectory = open_trajectory(write(LATTICE, LATTICE, LATTICE), every=4, timestep_fs=0.5)
    assert trajectory.steps.tolist() == [0, 4, 8]
    assert_allclose(trajectory.times_ps, [0, 0.002, 0.004])
    assert not open_trajectory(write(LATTICE, LATTICE)).times_known


def test_a_step_that_is_always_the_same_is_none(write):
    trajectory = open_trajectory(write(f"{LATTICE} step=0", f"{LATTICE} step=0"))
    assert trajectory.steps.tolist() == [0, 1]
    assert not trajectory.warnings


def test_times_that_contradict_the_given_timestep_are_warned_of(write):
    path = write(*(f"{LATTICE} Timestep={20 * i} Time={0.01 * i}" for i in range(4)))
    with pytest.warns(UserWarning, match="a step is 0.5 fs, the given timestep is 2 fs"):
        assert_allclose(open_trajectory(path, timestep_fs=2.0).times_ps, [0, 0.04, 0.08, 0.12])


def test_cp2k(write):
    path = write(*(f" i = {10 * i:8}, time = {5.0 * i:12.3f}, E = -17.25" for i in range(3)))
    trajectory = open_trajectory(path, cell="10 11 12")
    assert trajectory.steps.tolist() == [0, 10, 20]
    assert_allclose(trajectory.times_ps, [0, 0.005, 0.01])
    assert_allclose(trajectory.read(0, 1).cells[0], np.diag([10, 11, 12]))


def test_ipi(write):
    line = "# CELL(abcABC): 10 11 12 90 90 90 Step: {} Bead: 0 positions{{{}}} cell{{{}}}"
    trajectory = open_trajectory(write(*(line.format(s, "angstrom", "angstrom") for s in (0, 5))))
    assert trajectory.steps.tolist() == [0, 5]
    assert_allclose(trajectory.read(0, 2).cells[1], np.diag([10, 11, 12]), atol=1e-12)
    with pytest.raises(TrajectoryError, match="atomic_unit; want Å"):
        open_trajectory(write(line.format(0, "atomic_unit", "atomic_unit")))


def test_ids_give_the_order_of_atoms(write, tmp_path):
    head = f"{LATTICE} Properties=id:I:1:species:S:1:pos:R:3"
    text = f"2\n{head}\n2 H 4 5 6\n1 O 1 2 3\n2\n{head}\n1 O 1 2 4\n2 H 4 5 7\n"
    (tmp_path / "traj.xyz").write_text(text)
    trajectory = open_trajectory(tmp_path / "traj.xyz")
    assert trajectory.topology.elements.tolist() == ["O", "H"]
    assert trajectory.read(0, 2).positions[:, :, 2].tolist() == [[3, 6], [4, 7]]


def test_numbers_in_place_of_elements_are_types(write):
    path = write(LATTICE, atoms=["2 1 2 3", "1 4 5 6"])
    assert open_trajectory(path, elements=["H", "O"]).topology.elements.tolist() == ["O", "H"]
    with pytest.raises(TrajectoryError, match="--elements"):
        open_trajectory(path)


def test_axes_that_are_not_periodic(write):
    trajectory = open_trajectory(write(f'{LATTICE} pbc="T T F"'))
    assert trajectory.periodic == (True, True, False)
    assert trajectory.read(0, 1).cells[0, 2, 2] > 9


def test_flags_that_nobody_set(write):
    trajectory = open_trajectory(write(f'{LATTICE} pbc="F F F"'))
    assert trajectory.periodic == (True, True, True)
    assert any("taken as periodic" in note for note in trajectory.notes)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"2\n{LATTICE}\nO 1 2 3\nH 4 5 6\nO 1 2 3\nH 4 5 6\n", "want the number of atoms of frame 1, found 'O 1 2 3'"),
        (f"2\n{LATTICE} Properties=species:S:1:pos:R\nO 1 2 3\nH 4 5 6\n", "header of frame 0 cannot be read"),
        (f"2\n{LATTICE} Properties=species:S:1:pos:R:3:id:I:1\nO 1 2 3\nH 4 5 6\n", "names 5 columns"),
        (f"2\n{LATTICE} Properties=species:S:1:force:R:3\nO 1 2 3\nH 4 5 6\n", "no positions"),
        (
            f"2\n{LATTICE}\nO 1 2 3\nH 4 5 6\n2\n{LATTICE} Properties=species:S:1:pos:R:3\nO 1 2 3\nH 4 5 6\n",
            "columns change",
        ),
        ("2\nno cell\nO 1 2 3\nH 4 5 6\n", "no periodic cell.*--cell"),
        (f"2\n{LATTICE}\nO 1 2 3\n", "no complete frame"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*incomplete")
def test_what_cannot_be_read(tmp_path, content, message):
    (tmp_path / "traj.xyz").write_text(content)
    with pytest.raises(TrajectoryError, match=message):
        open_trajectory(tmp_path / "traj.xyz")


def test_an_incomplete_last_frame_is_left_out(tmp_path):
    (tmp_path / "traj.xyz").write_text(f"2\n{LATTICE}\nO 1 2 3\nH 4 5 6\n2\n{LATTICE}\nO 1 2 3\n")
    with pytest.warns(UserWarning, match=r"incomplete and is left out \(1 frames"):
        assert open_trajectory(tmp_path / "traj.xyz").n_frames == 1


# -- velocities ----------------------------------------------------------------------------------------------------

THERMAL = np.array([[1.0, 5.0, 2.0], [-20.0, 15.0, 8.0]])
"""Å/ps, of O and H at some hundred kelvin."""


@pytest.mark.parametrize(("name", "unit"), [("vel", 1.0), ("velo", 1e-3), ("velocities", 1 / 98.2269478)])
def test_velocities_in_the_unit_that_gives_a_temperature(write, name, unit):
    rows = [
        f"{element} 1 2 3 {' '.join(map(str, velocity))}"
        for element, velocity in zip("OH", (THERMAL * unit).tolist(), strict=True)
    ]
    trajectory = open_trajectory(write(f"{LATTICE} Properties=species:S:1:pos:R:3:{name}:R:3", atoms=rows))
    assert_allclose(trajectory.read(0, 1).velocities[0], THERMAL, rtol=1e-6)
    assert any("Velocities of traj.xyz are taken as" in note for note in trajectory.notes)


def test_velocities_in_A_per_fs_go_with_times_in_fs(write):
    """As GPUMD writes them."""
    rows = [f"{e} 1 2 3 {' '.join(map(str, v))}" for e, v in zip("OH", (1e-3 * THERMAL).tolist(), strict=True)]
    head = "Time={} " + LATTICE + " Properties=species:S:1:pos:R:3:vel:R:3"
    trajectory = open_trajectory(write(head.format(0.0), head.format(100.0), atoms=rows))
    assert_allclose(trajectory.times_ps, [0, 0.1])
    assert_allclose(trajectory.read(0, 2).velocities[1], THERMAL, rtol=1e-6)


def test_given_units_win(write):
    rows = [f"{e} 1 2 3 {' '.join(map(str, v))}" for e, v in zip("OH", THERMAL.tolist(), strict=True)]
    head = f"{LATTICE} Time={{}} Properties=species:S:1:pos:R:3:vel:R:3"
    path = write(head.format(0.0), head.format(100.0), atoms=rows)
    for units, ps in (("metal", 1.0), ("real", 1e-3)):
        trajectory = open_trajectory(path, units=units)
        assert_allclose(trajectory.times_ps, [0, 100 * ps])
        assert_allclose(trajectory.read(0, 2).velocities[1], THERMAL / ps)


# -- the real programs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("units", ["metal", "real"])
def test_extxyz_of_lammps_equals_its_dump(tmp_path, units):
    timestep = 0.002 if units == "metal" else 2.0
    lammps(
        tmp_path,
        ideal_gas(BOXES["triclinic"], units, timestep)
        + f"""
        velocity all scale 300
        dump text all custom 20 {tmp_path}/traj.lammpstrj id element x y z vx vy vz
        dump_modify text element Na Cl sort id format float %.12g units yes time yes
        dump xyz all extxyz 20 {tmp_path}/traj.extxyz
        dump_modify xyz element Na Cl sort id
        dump plain all xyz 20 {tmp_path}/plain.xyz
        dump_modify plain sort id
        run 40
        """,
    )
    want = open_trajectory(tmp_path / "traj.lammpstrj")
    found = open_trajectory(tmp_path / "traj.extxyz")
    assert found.topology.elements.tolist() == want.topology.elements.tolist()
    assert found.steps.tolist() == [0, 20, 40]
    assert_allclose(found.times_ps, want.times_ps)
    a, b = want.read(0, 3), found.read(0, 3)
    assert_allclose(b.positions, a.positions, atol=1e-4)
    assert_allclose(b.cells, a.cells, atol=1e-4)
    assert_allclose(b.velocities, a.velocities, rtol=1e-4, atol=1e-4)
    plain = open_trajectory(tmp_path / "plain.xyz", elements=["Na", "Cl"], cell=a.cells[0])
    assert plain.steps.tolist() == [0, 20, 40]
    assert_allclose(plain.read(0, 3).positions, a.positions, atol=1e-4)


def test_event_files_of_the_guard_have_velocities_in_A_per_ps(tmp_path):
    from lmpdrive.guard.frames import Frame, write_xyz

    frames = [Frame(7, np.ones((2, 3)), np.diag([9.0, 9, 9]), 1e4 * THERMAL, np.zeros((2, 3)))]
    write_xyz(tmp_path / "event.xyz", frames, ["O", "H"], 0.5)
    trajectory = open_trajectory(tmp_path / "event.xyz")
    assert trajectory.steps.tolist() == [7]
    assert_allclose(trajectory.times_ps, [0.0035])
    assert_allclose(trajectory.read(0, 1).velocities[0], 1e4 * THERMAL)


def test_field_cases():
    lammps_file = open_trajectory(case("extxyz-time-in-header/lmp.extxyz"), timestep_fs=0.5)
    assert_allclose(np.diff(lammps_file.times_ps), 0.01)
    assert_allclose(np.diff(open_trajectory(case("extxyz-time-in-header/lmp.extxyz")).times_ps), 0.01)
    ovito = open_trajectory(case("extxyz-type-column/ovito_type.xyz"), elements=["Au", "H", "O"], timestep_fs=0.5)
    assert [(ovito.topology.elements == e).sum() for e in ("Au", "H", "O")] == [96, 100, 50]
    assert_allclose(np.diff(ovito.times_ps), 0.05)
    with pytest.warns(UserWarning, match=r"cp2k-pos-1.xyz has no cell.*kept its volume"):
        cp2k = open_trajectory(case("xyz-without-cell/cp2k-pos-1.xyz"), data=case("xyz-without-cell/h.data"))
    assert_allclose(np.diff(cp2k.times_ps), 0.01)
