"""Thermo tables of every style, from logs of the real LAMMPS and by hand; units of the run."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import constants

from lmpdrive.common.lammps_module import import_lammps
from lmpdrive.common.units import BAR_PER_ATM, K_B_EV_PER_K, KCAL_PER_MOL_EV
from lmpdrive.errors import TrajectoryError
from lmpdrive.observables.thermodynamics import thermo_tables
from lmpdrive.trajectory import open_trajectory, read_thermo, thermo_of
from tests.field_cases import case
from tests.trajectory.dump_text import data_file, frame

N, VOLUME_A3 = 40, 20.0**3

GAS = f"""
    units {{units}}
    atom_style atomic
    region box block 0 20 0 20 0 20
    create_box 1 box
    create_atoms 1 random {N} 123 NULL
    mass 1 39.948
    pair_style zero 4.0
    pair_coeff * *
    velocity all create 300 1
    fix 1 all nve
    thermo 5
    variable twice equal 2*temp
"""
STYLES = {
    "one": "thermo_style one",
    "multi": "thermo_style multi",
    "yaml": "thermo_style yaml",
    "step in the middle": "thermo_style custom temp c_thermo_press step pe ke etotal v_twice press",
    "lines of multi": "thermo_style custom step temp ke press v_twice\nthermo_modify line multi",
    "lines of yaml": "thermo_style custom temp step ke press c_thermo_temp\nthermo_modify line yaml",
    "renamed": "thermo_style custom step temp ke press\nthermo_modify colname step TIMESTEP",
}


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    """Units -> the log of one run of 10 steps in each style, of an ideal gas."""
    folder = tmp_path_factory.mktemp("logs")
    for units in ("metal", "real"):
        log = folder / units / "log.lammps"
        log.parent.mkdir()
        lmp = import_lammps(plugins=False)(cmdargs=["-log", str(log), "-screen", "none"])
        lmp.commands_string(GAS.format(units=units))
        for style in STYLES.values():
            lmp.commands_string(f"{style}\nrun 10")
        lmp.close()
    return folder


@pytest.fixture
def write(tmp_path):
    def write(text, name="log.lammps"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


@pytest.mark.parametrize("units", ["metal", "real"])
def test_every_style_is_read(logged, units):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        thermo = read_thermo(logged / units / "log.lammps")
    runs = thermo.groupby("run")["Step"]
    assert runs.first().tolist() == [10 * i for i in range(len(STYLES))]
    assert runs.last().tolist() == [10 * i + 5 for i in range(len(STYLES) - 1)] + [10 * len(STYLES)]
    last = thermo[thermo["run"] == len(STYLES) - 1]
    assert last["Step"].tolist() == [60, 65, 70]
    assert_allclose(thermo["Temp"], 300.0, rtol=1e-4)  # an ideal gas that no force heats
    middle = thermo[thermo["run"] == list(STYLES).index("step in the middle")]
    assert_allclose(middle["v_twice"], 600, rtol=1e-5)
    lines = thermo[thermo["run"] == list(STYLES).index("lines of yaml")]
    assert_allclose(lines["c_thermo_temp"], lines["Temp"])


def test_units_real_become_those_of_metal(logged):
    """K = (3 N - 3)/2 k T and P V = (N - 1) k T of an ideal gas without drift."""
    thermo = read_thermo(logged / "real" / "log.lammps")
    kinetic = thermo["KinEng"].dropna()
    assert_allclose(kinetic, 1.5 * (N - 1) * K_B_EV_PER_K * 300, rtol=1e-3)
    bar = (N - 1) * constants.k * 300 / (VOLUME_A3 * constants.angstrom**3) / constants.bar
    assert_allclose(thermo["Press"].dropna(), bar, rtol=1e-3)
    assert thermo.attrs["notes"] == [
        "Columns that keep the units of the log (real): c_thermo_press, c_thermo_temp, v_twice."
    ]
    assert read_thermo(logged / "metal" / "log.lammps").attrs["notes"] == []


LOG = "Step Time Temp PotEng Press\n0 0 300 1 1\n10 5 301 2 3\nLoop time of 1 on 1 procs\n"


def test_units_that_a_log_does_not_say(write):
    path = write(LOG)
    (note,) = read_thermo(path).attrs["notes"]
    assert "units='real'" in note
    assert note in thermo_tables(read_thermo(path), 10, 2)["temperature"].notes
    real = read_thermo(path, units="real")
    assert real.attrs["notes"] == []
    assert_allclose(real["Time"], [0, 0.005])
    assert_allclose(real["PotEng"], [KCAL_PER_MOL_EV, 2 * KCAL_PER_MOL_EV])
    assert_allclose(real["Press"], [BAR_PER_ATM, 3 * BAR_PER_ATM])
    assert real["Temp"].tolist() == [300, 301]


def test_units_that_are_contradicted_or_not_in_angstrom(write):
    with pytest.raises(TrajectoryError, match=r"of a run in `units metal`, not real"):
        read_thermo(write("units metal\n" + LOG), units="real")
    with pytest.raises(TrajectoryError, match="in `units lj`; want metal or real"):
        read_thermo(write("units           lj # reduced\n" + LOG))
    with pytest.warns(UserWarning, match="no temperature and no energies: .*units lj"):
        assert thermo_of(write("units lj\n" + LOG).parent) is None


OLD_MULTI = """Memory usage per processor = 2.3 Mbytes
---------------- Step        0 ----- CPU =      0.0000 (sec) ----------------
TotEng   =        -1.5000 KinEng   =         0.5000 Temp     =       300.0000
WARNING: one of the lines between (src/x.cpp:1)
PotEng   =        -2.0000 Press    =        10.0000
---------------- Step      100 ----- CPU =      0.1000 (sec) ----------------
TotEng   =        -1.6000 KinEng   =         0.6000 Temp     =       310.0000
PotEng   =        -2.2000 Press    =        11.0000
"""


def test_multi_of_old_versions(write):
    thermo = read_thermo(write(OLD_MULTI + "Loop time of 1 on 1 procs for 100 steps\n"))
    assert thermo["Step"].tolist() == [0, 100]
    assert thermo["PotEng"].tolist() == [-2.0, -2.2]


@pytest.mark.parametrize(
    "end",
    [
        "",
        "ERROR: Lost atoms",
        "Loop time of 1 on 1 procs",
        "---------------- Step      200 ----- CPU =      0.2 (sec) ----------------\nTotEng   =    -1.7\n",
    ],
)
def test_multi_of_a_run_that_was_killed(write, end):
    assert read_thermo(write(OLD_MULTI + end))["Step"].tolist() == [0, 100]


def test_multi_whose_last_number_may_lack_digits(write):
    with pytest.warns(UserWarning, match="incomplete"):
        assert read_thermo(write(OLD_MULTI.rstrip("\n")))["Step"].tolist() == [0]


YAML = "---\nkeywords: ['Step', 'Temp', 'c_x[1]', ]\ndata:\n  - [0, 300, 1e-3, ]\n  - [10, .nan, -2, ]\n"


@pytest.mark.parametrize("end", ["...\nLoop time of 1\n", "", "  - [20, 30"])
def test_yaml_whole_and_cut(write, end):
    thermo = read_thermo(write(YAML + end))
    assert thermo["Step"].tolist() == [0, 10]
    assert np.isnan(thermo["Temp"][1])
    assert thermo["c_x[1]"].tolist() == [1e-3, -2]


def test_styles_in_a_log_that_goes_on(write):
    """A run from step 100 repeats that step: its own row counts, though it is in another style."""
    again = "Loop time of 1\n   Temp Step PotEng\n 311 100 -2.3\n 312 200 -2.4\nLoop time of 1\n"
    thermo = read_thermo(write(OLD_MULTI + again))
    assert thermo["Step"].tolist() == [0, 100, 200]
    assert thermo["Temp"].tolist() == [300, 311, 312]


def test_tables_that_are_not_understood_are_counted(write):
    before = "Per MPI rank memory allocation (min/avg/max) = 1 | 1 | 1 Mbytes\n"
    text = f"{before}Temp PotEng\n300 1\n301 2\nLoop time of 1\n{before}{LOG}"
    with pytest.warns(UserWarning, match=r"1 of 2 thermo tables could not be understood.*a column Step"):
        assert read_thermo(write(text))["Step"].tolist() == [0, 10]


def test_commands_are_no_headers(write):
    deck = "thermo_style custom temp step\n1 2 3\nthermo_style custom step temp\n"
    assert read_thermo(write(deck + LOG))["Step"].tolist() == [0, 10]


def test_five_runs_in_four_styles():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        thermo = read_thermo(case("thermo-multi-yaml/log.lammps"))
    counted = thermo.groupby("run")["Step"].agg(["min", "max", "count"]).to_numpy().tolist()
    assert counted == [[0, 40, 3], [60, 360, 16], [0, 180, 10], [200, 380, 10], [400, 500, 6]]


# -- units of dumps ------------------------------------------------------------------------------------------------

VELOCITIES = frame(["1 1 0 0 0 0.01 0 0"], "id type x y z vx vy vz")


def velocity(path, **more):
    trajectory = open_trajectory(path, **more)
    return trajectory.read(0, 1).velocities[0, 0, 0], trajectory.notes


def test_units_of_velocities_beside_the_dump(write):
    path = write(VELOCITIES, "traj.lammpstrj")
    value, (note,) = velocity(path, elements=["O"])
    assert value == 0.01
    assert "--units real" in note
    asked = velocity(path, elements=["O"], units="real")
    assert asked == (pytest.approx(10), ["Units of traj.lammpstrj: real, as was asked."])
    title = "LAMMPS data file via write_data, version 22 Jul 2025, timestep = 0, units = real"
    data = write(data_file(["1 1 0 0 0"], ["1 15.999 # O"], title=title), "system.data")
    assert velocity(path, data=data)[0] == pytest.approx(10)
    write("units metal\n")
    assert velocity(path, elements=["O"]) == (0.01, [])
    write("LAMMPS (22 Jul 2025)\nunits real\n")
    assert velocity(path, elements=["O"])[0] == pytest.approx(10)


def test_units_of_another_run_beside_the_dump(write):
    path = write(VELOCITIES, "traj.lammpstrj")
    write("units lj\n")
    with pytest.raises(TrajectoryError, match=r"in `units lj`.*as log.lammps beside it says; if that is another run"):
        open_trajectory(path, elements=["O"])
    assert velocity(path, elements=["O"], units="metal")[0] == 0.01


def test_units_of_a_dump_win_and_may_not_be_contradicted(write):
    path = write("ITEM: UNITS\nreal\n" + VELOCITIES, "traj.lammpstrj")
    assert velocity(path, elements=["O"]) == (pytest.approx(10), [])
    with pytest.raises(TrajectoryError, match="in `units real`, not metal"):
        open_trajectory(path, elements=["O"], units="metal")
    with pytest.raises(TrajectoryError, match="units 'si': want metal or real"):
        open_trajectory(path, elements=["O"], units="si")
