"""Potentials of capacitors and dipole layers known on paper."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.common.units import VOLT_ANGSTROM_PER_E
from lmpdrive.errors import ConfigError
from lmpdrive.observables import analyse
from tests.observables.synthetic_frames import Frames, film, slab

AREA = 8.7 * 8.7


def potential(frames, **options):
    bins = options.pop("bin_width_A", 0.1)
    tables = analyse(frames, bin_width_A=bins, options={"potential_profile": options}, names=["potential_profile"])
    return tables["potential_profile"]


def capacitor(near=3.0, far=13.0, n=10):
    """+1 e at `near`, -1 e at `far` over a metal that carries nothing."""
    metal, (a, b) = slab()
    positions = np.concatenate([metal, [[1, 1, 7.2 + near], [4, 4, 7.2 + far]]])
    return Frames(["Au"] * 36 + ["Na", "Cl"], np.tile(positions, (n, 1, 1)), [a, b, 40.0])


CHARGES = {"Na": 1.0, "Cl": -1.0}


def at(table, z):
    return float(np.interp(z, table.x, table.value))


@pytest.mark.parametrize(("near", "far"), [(3.0, 13.0), (3.04, 12.987)])
@pytest.mark.parametrize("width", [0.1, 0.25])
def test_plate_capacitor_is_exact(near, far, width):
    table = potential(capacitor(near, far), charges_e=CHARGES, bin_width_A=width)
    step = VOLT_ANGSTROM_PER_E * (far - near) / AREA
    assert_allclose(at(table, far + 0.5), 0, atol=1e-9)  # the vacuum side
    assert_allclose(at(table, 0.0), step, rtol=1e-12)  # the + plate is at the higher potential
    assert_allclose(at(table, 8.0), VOLT_ANGSTROM_PER_E * (far - 8.0) / AREA, rtol=1e-9)
    assert list(table.data.columns)[:4] == ["z [Å]", "φ [V]", "σ [V]", "ρ_q [e/Å^3]"]
    assert_allclose(table.error, 0, atol=1e-9)
    assert_allclose(np.abs(table.data["ρ_q [e/Å^3]"]).sum() * width * AREA, 2)
    assert any("zero in the vacuum" in note for note in table.notes)


def test_dipoles_step_agrees_with_dipole_pz():
    """The potential step over a film of water is P_z/(A ε0), with the sign of the dipole."""
    elements, positions, cell = film([3.05, 6.0, 9.3], [1, 0.5, -0.2])
    charges = np.array([{"Au": 0.0, "O": -0.8476, "H": 0.4238}[e] for e in elements])
    frames = Frames(elements, np.tile(positions, (10, 1, 1)), cell, charges_e=charges)
    step = analyse(frames)["dipole_pz"].data["P_z/(A ε0) [V]"][0]
    table = potential(frames)
    assert_allclose(table.value[-1] - at(table, 0.0), step, rtol=1e-9)


def test_charged_metal_wherever_the_slab_lies():
    """Counter-charge on the surface layer: field zero inside the metal, whatever is shifted or wrapped."""
    metal, (a, b) = slab()
    positions = np.concatenate([metal, [[1, 1, 7.2 + 5.0]]])
    charges = np.r_[np.zeros(27), np.full(9, -1 / 9), 1.0]
    for shift in (0.0, 17.0, 36.0):
        moved = (positions + np.array([0, 0, shift])) % [a, b, 40.0]
        table = potential(Frames(["Au"] * 36 + ["Na"], np.tile(moved, (10, 1, 1)), [a, b, 40.0], charges_e=charges))
        assert_allclose(at(table, -0.05), at(table, 0.0), rtol=1e-9)
        assert_allclose(at(table, 0.0), -VOLT_ANGSTROM_PER_E * 5.0 / AREA, rtol=1e-9)
        assert_allclose(table.value[-1], 0, atol=1e-12)


def test_charge_of_the_far_face_is_below_the_surface():
    metal, (a, b) = slab()
    positions = np.concatenate([metal, [[1, 1, 7.2 + 5.0]]])
    charges = np.r_[np.full(9, -1 / 9), np.zeros(27), 1.0]
    table = potential(Frames(["Au"] * 36 + ["Na"], np.tile(positions, (10, 1, 1)), [a, b, 40.0], charges_e=charges))
    assert_allclose(at(table, -7.2), -VOLT_ANGSTROM_PER_E * 12.2 / AREA, rtol=1e-9)


def test_unbalanced_charges_are_said():
    table = potential(capacitor(), charges_e={"Na": 1.0})
    assert any("sum to +1 e" in note for note in table.notes)
    assert_allclose(at(table, 5.0), 0, atol=1e-9)  # nothing between the ion and the vacuum


def test_two_surfaces_are_symmetric_about_the_middle():
    metal, (a, b) = slab()
    positions = np.concatenate([metal, [[1, 1, 7.2 + 3.0], [1, 1, 30 - 3.0], [4, 4, 7.2 + 6.0], [4, 4, 30 - 6.0]]])
    frames = Frames(
        ["Au"] * 36 + ["Na", "Na", "Cl", "Cl"], np.tile(positions, (10, 1, 1)), [a, b, 30.0], two_sided=True
    )
    table = potential(frames, charges_e=CHARGES)
    assert_allclose(at(table, 11.4), 0, atol=1e-9)
    assert_allclose(at(table, 8.0), 0, atol=1e-9)
    assert_allclose(at(table, 1.0), VOLT_ANGSTROM_PER_E * 3.0 / AREA, rtol=1e-9)
    assert_allclose(at(table, 21.8), VOLT_ANGSTROM_PER_E * 3.0 / AREA, rtol=1e-9)


def test_periodic_cell_has_the_same_potential_at_both_ends():
    positions = np.array([[1.0, 1, 2], [1, 1, 6]])
    table = potential(Frames(["Na", "Cl"], np.tile(positions, (10, 1, 1)), [5, 5, 10.0]), charges_e=CHARGES)
    # sheets +-σ: field σ/ε0 (1 - 4/10) between them, -σ/ε0 4/10 outside
    drop = VOLT_ANGSTROM_PER_E / 25 * 4 * 0.6
    assert_allclose(at(table, 2.0) - at(table, 6.0), drop, rtol=1e-9)
    slope = (at(table, 1.5) - at(table, 0.5)) / 1.0
    assert_allclose(slope, VOLT_ANGSTROM_PER_E / 25 * 0.4, rtol=1e-9)


def test_potential_is_linear_in_the_frames():
    """Blocks average: the potential of a run is the mean of its frames' potentials."""
    a, b = capacitor(3.0, 13.0, 5), capacitor(3.0, 9.0, 5)
    both = Frames(a.topology.elements, np.concatenate([a._positions, b._positions]), a._cell)
    step = at(potential(both, charges_e=CHARGES), 0.0)
    assert_allclose(step, VOLT_ANGSTROM_PER_E * 8.0 / AREA, rtol=1e-9)


def test_no_charges_no_table():
    assert "potential_profile" not in analyse(capacitor())
    with pytest.raises(ConfigError, match="no element 'K'"):
        potential(capacitor(), charges_e={"K": 1})
