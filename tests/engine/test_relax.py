"""The classical run before the first step: water moves to lower energy, what has no parameters stays."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from lmpdrive.architectures.classical import force_field as ff
from lmpdrive.architectures.classical.packed_start import PackedIons, PackedStart
from lmpdrive.config.load import validate
from lmpdrive.engine.relax import relax, stays_packed, wants_relaxation
from lmpdrive.system import make_system

SHORT = {"relax_ps": 0.05, "water_thickness_A": 10, "vacuum_A": 10, "layers": 2, "repeat": [3, 2]}
FE = {"metal": "Fe", "facet": "100", "repeat": [3, 3]}


def config_of(build, architecture=None):
    potential = {"architecture": "ase", "calculator": "ase.calculators.lj:LennardJones"}
    return validate({"system": {"build": build}, "potential": architecture or potential}, Path("."))


@pytest.mark.parametrize(
    ("build", "held"),
    [
        (SHORT | FE | {"ions": {"ClO4": 1}}, ["ClO4"]),
        (SHORT | {"metal": "Ti", "facet": "10-10", "ions": {"Na": 1}}, []),
        (SHORT | {"slab": "TiO2(110)", "ions": {"OH": 1}}, ["OH"]),
        (SHORT | {"slab": "graphite", "solvent": {"name": "methanol", "molecules": 2}}, ["methanol"]),
        (SHORT | {"metal": "Cu", "facet": "643", "repeat": [1, 1]}, []),
        ({"relax_ps": 0.05, "liquid": {"waters": 20, "ions": {"Zn": 1, "NO3": 2}}}, ["Zn", "NO3"]),
    ],
    ids=["bcc", "hcp", "oxide", "graphite", "skewed", "liquid"],
)
def test_water_moves_and_the_rest_stays(build, held):
    config = config_of(build)
    system = make_system(config)
    relaxed = relax(system, config)
    moved = np.linalg.norm(relaxed.atoms.positions - system.atoms.positions, axis=1) > 1e-6
    free = [system.groups["water"], *(ions.atoms for ions in system.placed_ions if ions.name == "Na")]
    assert_array_equal(np.flatnonzero(moved), np.sort(np.concatenate(free)))
    assert stays_packed(config) == held
    lengths = relaxed.atoms.get_distances
    bonds = [lengths(o, hydrogens, mic=True) for o, *hydrogens in relaxed.water_molecules]
    assert np.all(np.abs(np.array(bonds) - 1.01) < 0.2)


def test_charges_of_ions_are_on_heavy_atoms_and_the_wet_layer_balances_them():
    config = config_of(SHORT | FE | {"ions": {"NH4": 1, "SO4": 1, "Na": 1}, "water_thickness_A": 14})
    system = make_system(config)
    ions = {ion.name: PackedIons(tuple(ion.atoms.tolist()), ion.charge_e) for ion in system.placed_ions}
    charges = np.array(PackedStart(architecture="classical", ions=ions).charges_e(system))
    species = np.array(system.species)
    assert_allclose(charges[species == "N"], 1)
    assert_allclose(charges[list(ions["SO4"].atoms)], -2 / 5)
    assert_allclose(charges[list(ions["NH4"].atoms)][species[list(ions["NH4"].atoms)] == "H"], 0)
    assert charges.sum() == pytest.approx(0, abs=1e-9)
    assert_allclose(charges[system.groups["water"]].reshape(-1, 3), [[-0.82, 0.41, 0.41]] * len(system.water_molecules))


def test_contact_distances_of_metals_follow_their_lattice():
    start = PackedStart(architecture="classical")
    # Heinz' own 2.951 Å for gold is 1.023 nearest-neighbour distances of 2.885 Å
    assert ff.LENNARD_JONES["Au"].sigma_A * 2 ** (1 / 6) / (4.08 / 2**0.5) == pytest.approx(1.024, abs=2e-3)
    for metal, neighbour in (("Fe", 2.87 * 0.75**0.5), ("Ti", 2.95), ("Rh", 3.80 * 0.5**0.5)):
        assert start.lennard_jones(metal).sigma_A * 2 ** (1 / 6) == pytest.approx(1.024 * neighbour)
    assert start.lennard_jones("Au") == ff.LENNARD_JONES["Au"]
    assert start.lennard_jones("C").sigma_A * 2 ** (1 / 6) == pytest.approx(3.851)
    assert start.lennard_jones("U").epsilon_kcal_per_mol == pytest.approx(0.1)


def test_when_it_is_wanted():
    assert wants_relaxation(config_of(SHORT))
    assert not wants_relaxation(config_of(SHORT | {"relax_ps": 0}))
    assert not wants_relaxation(config_of(SHORT, {"architecture": "classical"}))
