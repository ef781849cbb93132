"""Two electrodes that face each other: heights on paper."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.config.sections import Build
from lmpdrive.errors import StructureError
from lmpdrive.system.building.film import make_film

SPACING = 4.2 / np.sqrt(3)
TWO = {"electrodes": 2, "lattice_constant_A": 4.2, "repeat": (4, 4), "layers": 3, "water_thickness_A": 16}


def heights(film) -> np.ndarray:
    return np.array([film.atoms.positions[layer, 2].mean() for layer in film.slab.layers])


def test_the_second_slab_is_the_mirror_image_across_the_film():
    film = make_film(Build(**TWO, vacuum_A=12))
    thickness = 2 * SPACING
    inner = 1 + thickness + 16
    # layer 1 is the inner face of the upper slab, the last layer that of the lower one: the film is between
    expected = [inner, inner + SPACING, inner + 2 * SPACING, 1, 1 + SPACING, 1 + 2 * SPACING]
    assert_allclose(heights(film), expected, atol=1e-9)
    assert film.atoms.cell[2, 2] == pytest.approx(2 * thickness + 16 + 12)
    n = 48
    assert_allclose(film.atoms.positions[:n, :2], film.atoms.positions[n : 2 * n, :2])
    molecules = film.atoms.positions[2 * n :, 2]
    # packmol keeps to its walls within 0.1 Å
    assert molecules.min() > 1 + thickness + 2.05 and molecules.max() < inner - 2.05


def test_without_vacuum_it_is_one_thick_slab():
    film = make_film(Build(**TWO, vacuum_A=0))
    assert_allclose(heights(film), 1 + SPACING * np.arange(6), atol=1e-9)
    assert film.atoms.cell[2, 2] == pytest.approx(5 * SPACING + 16)
    assert film.closed


def test_ions_stay_away_from_both_walls():
    with pytest.raises(StructureError, match=r"15 Å for Na lies outside the film: choose 1\.5 to 14\.5 Å"):
        make_film(Build(**TWO, vacuum_A=12, ions={"Na": 1}, ion_heights_A=[15.0]))


def test_a_thin_vacuum_behind_the_electrodes_is_refused():
    with pytest.raises(StructureError, match=r"vacuum_A: 5 Å is too narrow behind two electrodes.*more than 8 Å, or 0"):
        make_film(Build(**TWO, vacuum_A=5))


@pytest.mark.parametrize("slab", ["graphite", "TiO2(110)"])
def test_other_slabs_face_each_other_with_the_same_face(slab):
    film = make_film(Build(slab=slab, layers=2, electrodes=2, water_thickness_A=14, vacuum_A=10))
    n = len(film.slab.atoms) // 2
    z = film.atoms.positions[:, 2]
    middle = (z[:n].max() + z[n : 2 * n].min()) / 2
    assert_allclose(z[:n] - middle, middle - z[n : 2 * n])
    assert list(film.atoms.numbers[:n]) == list(film.atoms.numbers[n : 2 * n])
