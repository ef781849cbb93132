"""Who is which element: sources that agree, sources that contradict each other, and atoms that are none."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive import observables
from lmpdrive.common import compiled
from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory import open_trajectory
from tests.field_cases import case
from tests.trajectory.dump_text import data_file, frame

ATOMS = ["1 1 1 1 1", "2 2 2 2 2", "3 3 3 3 3"]
MASSES = ["1 15.999 # O", "2 1.008 # H", "3 22.99 # Na"]
WATERS = {"Au": 96, "H": 120, "Na": 3, "O": 60}


@pytest.fixture
def write(tmp_path):
    def write(text, name="traj.lammpstrj"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


@pytest.fixture(params=["numba", "numpy"])
def kernels(request, monkeypatch):
    """Compiled functions, and their plain twins."""
    monkeypatch.setenv("LMPDRIVE_KERNELS", request.param)
    compiled.load.cache_clear()
    yield request.param
    compiled.load.cache_clear()


def elements(trajectory):
    return trajectory.topology.elements.tolist()


def counts(trajectory):
    names, n = np.unique(trajectory.topology.elements, return_counts=True)
    return dict(zip(names.tolist(), n.tolist(), strict=True))


# -- names ---------------------------------------------------------------------------------------------------------


def test_names_of_masses_of_a_data_file(write):
    data = write(data_file(ATOMS, ["1 15.999 # OW", "2 1.008 # HW", "3 22.99 # SOD"]), "system.data")
    trajectory = open_trajectory(write(frame(ATOMS)), data=data)
    assert elements(trajectory) == ["O", "H", "Na"]
    assert trajectory.notes == ["Names taken as elements: HW as H, OW as O, SOD as Na."]


def test_labels_in_the_type_column(write):
    trajectory = open_trajectory(write(frame(["1 Na+ 1 1 1", "2 H_w 2 2 2", "3 Pt 3 3 3"])))
    assert elements(trajectory) == ["Na", "H", "Pt"]


def test_labels_beside_the_types(write):
    """`dump custom ... type typelabel`: labels name the elements, unless they are given."""
    rows = ["1 1 OW 1 1 1", "2 2 HW 2 2 2"]
    path = write(frame(rows, "id type typelabel x y z"))
    assert elements(open_trajectory(path)) == ["O", "H"]
    assert elements(open_trajectory(path, elements=["S", "H"])) == ["S", "H"]
    alone = write(frame(["1 A 1 1 1", "2 Na+ 2 2 2"], "id typelabel x y z"), "alone.lammpstrj")
    with pytest.raises(TrajectoryError, match="'A' is no element"):
        open_trajectory(alone)


def test_labels_that_a_data_file_explains(write):
    labels = "Atom Type Labels\n\n1 A\n2 E\n3 G\n\n"
    text = data_file(["1 A 1 1 1", "2 E 2 2 2", "3 G 3 3 3"], ["1 15.999", "2 1.008", "3 22.99"])
    data = write(text.replace("Masses\n", labels + "Masses\n"), "system.data")
    dump = write(frame(["1 A 1 1 1", "2 E 2 2 2", "3 G 3 3 3"]))
    assert elements(open_trajectory(dump, data=data, elements=["O", "H", "Na"])) == ["O", "H", "Na"]
    with pytest.raises(TrajectoryError, match="'A', 'E', 'G' are no elements"):
        open_trajectory(dump, data=data)


@pytest.mark.parametrize("columns", ["id element x y z", "id type x y z"])
def test_names_that_are_no_elements_are_no_metal(write, columns):
    with pytest.raises(TrajectoryError, match=r"'gold' is no element.*--elements"):
        open_trajectory(write(frame(["1 gold 1 1 1", "2 O 2 2 2"], columns)))
    with pytest.raises(TrajectoryError, match="elements: 'gold' is no element"):
        open_trajectory(write(frame(["1 1 1 1 1"])), elements=["gold"])


def test_an_extxyz_with_types_and_no_species(write):
    rows = ["1 1 0 0 0", "2 3 1 1 1", "3 2 2 2 2"]
    text = '3\nLattice="9 0 0 0 9 0 0 0 9" Properties=id:I:1:type:I:1:pos:R:3\n' + "\n".join(rows) + "\n"
    path = write(text, "ovito.xyz")
    assert elements(open_trajectory(path, elements=["Au", "H", "O"])) == ["Au", "O", "H"]
    with pytest.raises(TrajectoryError, match=r"no element is known for atom type \[1, 2, 3\]"):
        open_trajectory(path)


# -- agreement -----------------------------------------------------------------------------------------------------


def test_elements_in_the_wrong_order_contradict_the_masses(write):
    data = write(data_file(ATOMS, ["1 15.999", "2 1.008", "3 22.99"]), "system.data")
    dump = write(frame(ATOMS))
    assert elements(open_trajectory(dump, data=data, elements=["O", "H", "Na"])) == ["O", "H", "Na"]
    with pytest.raises(TrajectoryError, match=r"H is taken as H .* has the mass of O \(15.999 u\).*--elements"):
        open_trajectory(dump, data=data, elements=["H", "O", "Na"])
    with pytest.raises(TrajectoryError, match=r"Cl is taken as Cl .* has the mass of Na"):
        open_trajectory(dump, data=data, elements=["O", "H", "Cl"])


def test_heavy_hydrogen_is_hydrogen(write):
    data = write(data_file(ATOMS, ["1 9.951", "2 4.032", "3 22.99"]), "system.data")
    assert elements(open_trajectory(write(frame(ATOMS)), data=data, elements=["O", "D", "Na"])) == ["O", "H", "Na"]


def test_masses_that_only_fill_the_section(write):
    data = write(data_file(ATOMS, ["1 1.0 # O", "2 1.0 # H", "3 1.0 # Na"]), "system.data")
    trajectory = open_trajectory(write(frame(ATOMS)), data=data)
    assert elements(trajectory) == ["O", "H", "Na"]
    assert trajectory.topology.masses_u is None


def test_comments_that_the_elements_given_overrule(write):
    """No mass tells who is right: the caller is, and it is said."""
    data = write(data_file(ATOMS, ["1 1.0 # OW", "2 1.0 # H", "3 1.0 # Na"]), "system.data")
    trajectory = open_trajectory(write(frame(ATOMS)), data=data, elements=["S", "D", "Na"])
    assert elements(trajectory) == ["S", "H", "Na"]
    assert any(f"Type 1 is taken as S, as given; {data} names it OW." == note for note in trajectory.notes)
    assert not any("Type 2" in note for note in trajectory.notes)


def test_a_comment_that_contradicts_its_mass(write):
    data = write(data_file(ATOMS, ["1 15.999 # H", "2 1.008 # O", "3 22.99 # Na"]), "system.data")
    with pytest.raises(TrajectoryError, match=r"H is taken as H .* has the mass of O"):
        open_trajectory(write(frame(ATOMS)), data=data)


def test_a_mass_column_that_contradicts_the_elements(write):
    path = write(frame(["1 1 196.967 1 1 1", "2 2 1.008 2 2 2"], "id type mass x y z"))
    assert elements(open_trajectory(path, elements=["Au", "H"])) == ["Au", "H"]
    with pytest.raises(TrajectoryError, match=r"an atom is taken as Au .* has the mass of H"):
        open_trajectory(path, elements=["H", "Au"])


def test_a_mass_column_that_contradicts_a_data_file(write):
    data = write(data_file(ATOMS[:2], ["1 15.999 # O", "2 1.008 # H"]), "system.data")
    rows = ["1 1 22.99 1 1 1", "2 2 1.008 2 2 2"]
    with pytest.raises(TrajectoryError, match=r"an atom is taken as O .* has the mass of Na"):
        open_trajectory(write(frame(rows, "id type mass x y z")), data=data)


def test_as_many_elements_as_types(write):
    data = write(data_file(ATOMS, ["1 15.999", "2 1.008", "3 22.99"]), "system.data")
    with pytest.raises(TrajectoryError, match=r"2 elements were given \(O H\) but .* has 3 atom types"):
        open_trajectory(write(frame(ATOMS)), data=data, elements=["O", "H"])
    more = open_trajectory(write(frame(ATOMS)), elements=["O", "H", "Na", "Cl"])
    assert any("no atoms of Cl (type 4)" in note for note in more.notes)


def test_an_element_column_against_the_elements_given(write):
    text = frame(["1 1 O 1 1 1", "2 2 H 2 2 2"], "id type element x y z")
    assert elements(open_trajectory(write(text), elements=["O", "H"])) == ["O", "H"]
    with pytest.raises(TrajectoryError, match="atom 1 is O there but H by the elements given"):
        open_trajectory(write(text), elements=["H", "O"])
    with pytest.raises(TrajectoryError, match="of which H is not among those given"):
        open_trajectory(write(frame(["1 O 1 1 1", "2 H 2 2 2"], "id element x y z")), elements=["O"])


def test_an_element_column_of_nothing_but_c(write):
    """What LAMMPS writes without `dump_modify element`."""
    path = write(frame(["1 1 C 1 1 1", "2 2 C 2 2 2"], "id type element x y z"))
    trajectory = open_trajectory(path, elements=["Au", "O"])
    assert elements(trajectory) == ["Au", "O"]
    assert any("names every atom C" in note for note in trajectory.notes)
    with pytest.raises(TrajectoryError, match="names every atom C, as LAMMPS does"):
        open_trajectory(path)
    graphite = write(frame(["1 1 C 1 1 1", "2 1 C 2 2 2"], "id type element x y z"), "graphite.lammpstrj")
    assert elements(open_trajectory(graphite)) == ["C", "C"]


def test_a_data_file_with_the_atoms_in_another_order(write):
    data = write(data_file(["1 3 3 3 3", "2 2 2 2 2", "3 1 1 1 1"], MASSES), "system.data")
    with pytest.raises(TrajectoryError, match=r"atom 1 is of type 1 there but of type 3 .* \(2 atoms differ\)"):
        open_trajectory(write(frame(ATOMS)), data=data)


def test_elements_that_are_not_those_of_the_run(write, tmp_path):
    manifest = {"system": {"species": ["O", "H", "Na"]}, "dynamics": {"timestep_fs": 0.5}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    write(frame(ATOMS))
    assert elements(open_trajectory(tmp_path, elements=["O", "H", "Na"])) == ["O", "H", "Na"]
    with pytest.raises(TrajectoryError, match=r"\(O H Cl\) are not those of the run's manifest"):
        open_trajectory(tmp_path, elements=["O", "H", "Cl"])


# -- types that change ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        ("id type x y z", ["1 1 0 0 0", "2 2 1 1 1"]),
        ("id type element x y z", ["1 1 O 0 0 0", "2 2 H 1 1 1"]),
        ("id element x y z", ["1 O 0 0 0", "2 H 1 1 1"]),
        ("type id x y z", ["1 1 0 0 0", "2 2 1 1 1"]),
        ("id x y z type", ["1 0 0 0 OW", "2 1 1 1 HW"]),
    ],
)
def test_a_type_that_changes_is_an_error(write, kernels, columns, rows):
    place = columns.split().index("type" if "type" in columns else "element")
    changed = [row.split() for row in rows]
    changed[0][place], changed[1][place] = changed[1][place], changed[0][place]
    swapped = frame([" ".join(row) for row in changed], columns, step=20)
    text = frame(rows, columns) + frame(rows[::-1], columns, step=10) + swapped
    named = "element" in columns or "OW" in rows[0]
    trajectory = open_trajectory(write(text), elements=None if named else ["O", "H"])
    assert len(trajectory.read(0, 2)) == 2  # another order of lines is none
    with pytest.raises(TrajectoryError, match=r"column `(type|element)` of atom 1 at step 20 .*\(2 atoms differ\)"):
        trajectory.read(0, 3)


def test_a_type_that_changes_in_a_frame_that_only_pandas_reads(write):
    text = frame(["1 1 0 0 0", "2 2 1 1 1"]) + frame(["1 2 nan 0 0", "2 1 1 1 1"], step=10)
    with pytest.raises(TrajectoryError, match="column `type` of atom 1 at step 10"):
        open_trajectory(write(text), elements=["O", "H"]).read(0, 2)


def test_a_type_that_changes_in_an_extxyz(write):
    head = '2\nLattice="9 0 0 0 9 0 0 0 9" Properties=type:I:1:pos:R:3\n'
    path = write(head + "1 0 0 0\n2 1 1 1\n" + head + "2 0 0 0\n1 1 1 1\n", "ovito.xyz")
    with pytest.raises(TrajectoryError, match=r"column `type` of atom 1 at step 1 .*\(2 atoms differ\)"):
        open_trajectory(path, elements=["O", "H"]).read(0, 2)


# -- virtual sites -------------------------------------------------------------------------------------------------


def test_virtual_sites_are_left_out(write):
    rows = ["1 1 1 1 1", "2 2 2 2 2", "3 3 9 9 9", "4 2 3 3 3"]
    trajectory = open_trajectory(write(frame(rows) + frame(rows[::-1], step=10)), elements=["O", "H", "M"])
    assert elements(trajectory) == ["O", "H", "H"]
    assert_allclose(trajectory.read(1, 2).positions[0, :, 0], [1, 2, 3])
    assert_allclose([c.positions[0, 2, 0] for c in trajectory.chunks(1)], [3, 3])
    assert trajectory.notes == ["Left out as virtual sites, which are no atoms: 1 of 4."]
    with pytest.raises(TrajectoryError, match="virtual sites only"):
        open_trajectory(write(frame(rows)), elements=["X", "X", "X"])


def test_groups_and_charges_without_virtual_sites(write):
    atoms = ["1 1 0 1 1 1", "2 2 0.5 2 2 2", "3 3 0 3 3 3", "4 2 -0.5 4 4 4"]
    masses = ["1 15.999 # O", "2 1.008 # H", "3 1e-20 # MW"]
    dump = write(frame([" ".join(np.array(atom.split())[[0, 1, 3, 4, 5]]) for atom in atoms]))
    data = write(data_file(atoms, masses, style="charge"), "system.data")
    assert_allclose(open_trajectory(dump, data=data).topology.charges_e, [0, 0.5, -0.5])
    atoms[2] = "3 3 -1.0 3 3 3"
    charged = write(data_file(atoms, masses, style="charge"), "charged.data")
    trajectory = open_trajectory(dump, data=charged)
    assert trajectory.topology.charges_e is None
    assert any("carry charges" in note for note in trajectory.notes)


def test_groups_are_re_indexed():
    from lmpdrive.trajectory.topology import Topology

    topology = Topology(np.array(["X", "O", "H", "X", "Au"]), {"water": np.array([0, 1, 2]), "site": np.array([3])})
    left = topology.take(np.array([1, 2, 4]))
    assert left.elements.tolist() == ["O", "H", "Au"]
    assert {name: group.tolist() for name, group in left.groups.items()} == {"water": [0, 1]}


# -- masses --------------------------------------------------------------------------------------------------------


def test_standard_masses_are_not_kept(write):
    data = write(data_file(ATOMS, MASSES), "system.data")
    assert open_trajectory(write(frame(ATOMS)), data=data).topology.masses_u is None


def test_masses_of_isotopes_and_of_heavy_hydrogen(write):
    dump = write(frame(ATOMS))
    heavy = write(data_file(ATOMS, ["1 11.967 # O", "2 3.024 # H", "3 22.99 # Na"]), "heavy.data")
    trajectory = open_trajectory(dump, data=heavy)
    assert_allclose(trajectory.topology.masses_u, [11.967, 3.024, 22.99])
    assert trajectory.notes == ["Masses other than the standard ones are used: H 3.024 u, O 11.967 u."]
    assert_allclose(
        open_trajectory(dump, elements=["O", "D", "T"]).topology.masses_u, [15.999, 2.0141, 3.01605], atol=1e-4
    )
    named = write(frame(["1 D 1 1 1", "2 X 2 2 2", "3 O 3 3 3"], "id element x y z"), "named.lammpstrj")
    assert_allclose(open_trajectory(named).topology.masses_u, [2.0141, 15.999], atol=1e-4)  # the virtual site went
    column = write(frame(["1 1 15.999 1 1 1", "2 2 2.014 2 2 2"], "id type mass x y z"), "mass.lammpstrj")
    assert_allclose(open_trajectory(column, elements=["O", "H"]).topology.masses_u, [15.999, 2.014])


def test_the_temperature_of_deuterium_is_that_of_its_mass(write):
    """T = m v^2 / (3 k): twice that of hydrogen with the same velocity."""
    rows = ["1 1 1 1 1 0 0 0", "2 2 2 2 2 0 0 5"]
    path = write("ITEM: UNITS\nmetal\n" + "".join(frame(rows, "id type x y z vx vy vz", step=i) for i in range(3)))
    found = []
    for hydrogen in ("H", "D"):
        trajectory = open_trajectory(path, elements=["O", hydrogen], timestep_fs=1.0)
        table = observables.analyse(trajectory, names=["species_temperature"])["species_temperature"]
        found.append(float(table.data["T_H [K]"].iloc[0]))
    assert found[1] / found[0] == pytest.approx(2.0141 / 1.008, rel=1e-4)


# -- situations that people met ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "more"),
    [
        ("data-comments-OW-HW/b.lammpstrj", {"data": "data-comments-OW-HW/topotools.data"}),
        ("data-charge-no-hint/k.lammpstrj", {"data": "data-charge-no-hint/charge0.data"}),
        ("dump-type-labels/lab.lammpstrj", {}),
        ("tip4p-site-X/tip4p.lammpstrj", {"elements": ["Au", "H", "Na", "O", "X"]}),
    ],
)
def test_sixty_waters_over_gold(file, more):
    more = {key: case(value) if key == "data" else value for key, value in more.items()}
    assert counts(open_trajectory(case(file), **more)) == WATERS


def test_more_cases():
    cfg = open_trajectory(case("cfg-elements-ignored/lmp.0.cfg"), elements=["Au", "H", "Na", "O"])
    assert counts(cfg) == {"Au": 96, "H": 186, "Na": 3, "O": 93}
    ovito = open_trajectory(case("extxyz-type-column/ovito_type.xyz"), elements=["Au", "H", "O"])
    assert counts(ovito) == {"Au": 96, "H": 100, "O": 50}


def test_cases_that_are_refused():
    with pytest.raises(TrajectoryError, match="names every atom C"):
        open_trajectory(case("cfg-elements-ignored/lmp.0.cfg"))
    folder = "data-other-atom-order"
    with pytest.raises(TrajectoryError, match="atom 1 is of type 1 there but of type 4"):
        open_trajectory(case(f"{folder}/b.lammpstrj"), data=case(f"{folder}/otherorder.data"))
    swapped = open_trajectory(case("types-change-mid-run/swap.lammpstrj"), elements=["Au", "H", "K", "O", "Na"])
    with pytest.raises(TrajectoryError, match=r"column `type` of atom 247 at step 1000 .*\(6 atoms differ\)"):
        list(swapped.chunks())
