"""Which element a name means, and that nothing becomes an element that is none."""

from __future__ import annotations

import pytest

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.elements.names import VIRTUAL_SITE, check_mass, element_of, elements_of


@pytest.mark.parametrize(
    ("names", "element"),
    [
        ("H D T HW HW1 HW2 HT H_w Hw HWT", "H"),
        ("O OW OW1 OWT4 OH2 OT O_w Ow O*", "O"),
        ("Na Na+ SOD", "Na"),
        ("Cl Cl- CLA CL", "Cl"),
        ("K K+ POT", "K"),
        ("Li LIT LI", "Li"),
        ("Cs CES", "Cs"),
        ("Rb RUB", "Rb"),
        ("Zn Zn2+ Zn+2 Zn++ ZN", "Zn"),
        ("Au AU", "Au"),
        ("X M MW EP LP VS DUM LJ MW4 EPW DP", VIRTUAL_SITE),
        ("gold A C_3 CA NA CO W1 bead opls_111 metal 1", None),
    ],
)
def test_names_without_a_mass(names, element):
    assert {name: element_of(name) for name in names.split()} == dict.fromkeys(names.split(), element)


@pytest.mark.parametrize(
    ("name", "mass", "element"),
    [
        ("C_3", 12.011, "C"),
        ("CA", 12.011, "C"),
        ("CA", 40.078, "Ca"),
        ("NA", 14.007, "N"),
        ("NA", 22.99, "Na"),
        ("oxygen", 15.999, "O"),
        ("HB1", 3.024, "H"),  # mass moved to it
        ("gold", 196.967, None),
        ("bead", 15.999, None),
        ("M", 24.305, None),
        ("M", 1e-20, VIRTUAL_SITE),
        ("DO", 0.4, VIRTUAL_SITE),  # a Drude particle
        ("OW", 15.999, "O"),
        ("OW", 11.967, "O"),  # water whose hydrogen has three times its mass
        ("HW", 4.032, "H"),
        ("D", 2.014, "H"),
    ],
)
def test_a_mass_decides_between_the_readings_of_a_name_only(name, mass, element):
    assert element_of(name, mass) == element


def test_names_taken_are_said_and_symbols_are_not():
    elements, notes = elements_of({1: ("Au", None), 2: ("OW", 15.999), 3: ("D", None), 4: ("X", None)}, "file")
    assert elements == {1: "Au", 2: "O", 3: "H", 4: VIRTUAL_SITE}
    assert notes == ["Names taken as elements: D as H, OW as O."]


def test_names_that_are_no_elements_are_listed_with_the_cure():
    with pytest.raises(TrajectoryError, match=r"system.data: 'A', 'gold' are no elements.*--elements Au H Na O"):
        elements_of({1: ("gold", 196.967), 2: ("A", None), 3: ("O", None)}, "system.data")


@pytest.mark.parametrize(
    ("element", "mass", "other"), [("Au", 1.008, "H"), ("H", 15.999, "O"), ("Na", 35.45, "Cl"), ("O", 12.011, "C")]
)
def test_the_mass_of_another_element_is_an_error(element, mass, other):
    with pytest.raises(TrajectoryError, match=f"type 1 is taken as {element} .* has the mass of {other}"):
        check_mass(element, mass, "type 1")


@pytest.mark.parametrize(
    ("element", "mass"),
    [("H", 2.014), ("H", 3.016), ("H", 3.024), ("H", 4.0), ("O", 11.967), ("O", 9.951), ("O", 17.999), ("Cu", 63.5)],
)
def test_isotopes_repartitioning_and_rounding_are_none(element, mass):
    check_mass(element, mass, "type 1")


def test_no_atom_is_lighter_than_hydrogen():
    with pytest.raises(TrajectoryError, match=r"type 2 is taken as O but has a mass of 0.4 u"):
        check_mass("O", 0.4, "type 2")
