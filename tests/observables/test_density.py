"""Number, mass and charge density of selections: answers on paper, sum rules."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.common.units import G_PER_CM3_PER_U_PER_A3
from lmpdrive.errors import ConfigError
from lmpdrive.observables import analyse
from tests.observables.synthetic_frames import Frames, film, slab, water


def profiles(*wanted, frames=None, **topology):
    if frames is None:
        elements, positions, cell = film([3.05, 5.05, 9.05], [1, 0, 1], extra=[("Na", (1, 1, 20.03))])
        frames = Frames(elements, np.tile(positions, (10, 1, 1)), cell, **topology)
    names = [f"density_{one['name']}" for one in wanted]
    tables = analyse(frames, options={"density": {"profiles": list(wanted)}}, names=names)
    return [tables[name] for name in names]


AREA = 8.7 * 8.7


def filled(table):
    return {round(z, 6): v for z, v in zip(table.x, table.value) if v}


def test_each_quantity_of_one_layer():
    number, mass, charge = profiles(
        {"name": "O", "selection": "O"},
        {"name": "Na", "selection": "Na", "quantity": "mass"},
        {"name": "q", "selection": {"element": "O"}, "quantity": "charge", "charges_e": {"O": -0.8}},
    )
    assert_allclose(list(filled(number)), [3.05, 5.05, 9.05])
    assert_allclose(list(filled(number).values()), 1 / (AREA * 0.1))
    assert_allclose(list(filled(mass).values()), 22.98976928 * G_PER_CM3_PER_U_PER_A3 / (AREA * 0.1))
    assert_allclose(list(filled(charge).values()), -0.8 / (AREA * 0.1))
    assert list(number.data.columns) == ["z [Å]", "n [1/Å^3]", "σ [1/Å^3]"]
    assert list(mass.data.columns)[1:] == ["ρ [g/cm^3]", "σ [g/cm^3]"]
    assert_allclose(number.error, 0, atol=1e-15)


def test_integrals_are_what_was_selected():
    number, mass, charge = profiles(
        {"name": "all", "selection": {"mda": "all"}},
        {"name": "water", "selection": "water", "quantity": "mass"},
        {"name": "q", "selection": "water", "quantity": "charge", "charges_e": {"O": -0.8476, "H": 0.4238}},
    )
    volume = AREA * 0.1
    assert_allclose(number.value.sum() * volume, 36 + 9 + 1)
    assert_allclose(mass.value.sum() * volume / G_PER_CM3_PER_U_PER_A3, 3 * 18.015, rtol=1e-4)
    assert_allclose(charge.value.sum() * volume, 0, atol=1e-12)


def test_charges_of_the_structure():
    elements, _, _ = film([3.05, 5.05, 9.05], [1, 0, 1], extra=[("Na", (1, 1, 20.03))])
    charges = np.array([{"Au": 0.0, "O": -0.6, "H": 0.3, "Na": 1.0}[e] for e in elements])
    (table,) = profiles({"name": "q", "selection": "Na", "quantity": "charge"}, charges_e=charges)
    assert_allclose(table.value.sum() * AREA * 0.1, 1.0)


def test_region_cuts_the_profile():
    (table,) = profiles({"name": "near", "selection": {"element": "O", "region": "z <= 5.5"}})
    assert_allclose(list(filled(table)), [3.05, 5.05])


def test_two_surfaces_are_mirrored_and_averaged():
    metal, (a, b) = slab()
    positions = np.concatenate([metal, water((1, 1, 7.2 + 3.05)), water((4, 4, 30 - 3.05), -1)])
    frames = Frames(["Au"] * 36 + ["O", "H", "H"] * 2, np.tile(positions, (10, 1, 1)), [a, b, 30.0])
    (table,) = profiles({"name": "O", "selection": "O"}, frames=frames)
    assert_allclose(filled(table)[3.05], 1 / (a * b * 0.1))
    assert_allclose(table.value.sum() * a * b * 0.1, 2)


def test_empty_selection_is_an_empty_profile():
    (table,) = profiles({"name": "none", "selection": {"element": "O", "region": "z > 100"}})
    assert_allclose(table.value, 0)
    (table,) = profiles({"name": "none", "selection": {"indices": []}})
    assert_allclose(table.value, 0)


def test_no_options_no_profile():
    assert not [name for name in analyse(Frames(*_one_frame())) if name.startswith("density")]


def _one_frame():
    elements, positions, cell = film([3], [1])
    return elements, positions[None], cell


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"name": "q", "selection": "O", "quantity": "charge"}, "has no charges"),
        ({"name": "q", "selection": "O", "charges_e": {"O": 1}}, "quantity: charge"),
        ({"name": "q", "selection": "X"}, "observables.options.density.profiles.0: no element or group 'X'"),
        ({"name": "a b", "selection": "O"}, "profiles.0.name"),
        ({"name": "q", "selection": "O", "quantity": "colour"}, "profiles.0.quantity"),
    ],
)
def test_wrong_options_say_where(wanted, message):
    with pytest.raises(ConfigError, match=message):
        profiles(wanted)


def test_names_differ():
    with pytest.raises(ConfigError, match="names must differ"):
        profiles({"name": "q", "selection": "O"}, {"name": "q", "selection": "H"})
