"""The picture: the nearer sphere is seen, molecules are whole, the normal points up, ions are named, and it is XML."""

from __future__ import annotations

import base64
import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.image import imread

from lmpdrive.constituents import Configuration, find_constituents
from lmpdrive.report.picture.snapshot import Snapshot, ions_of, whole_in_cell
from lmpdrive.report.picture.spheres import Spheres, paint, png
from lmpdrive.report.picture.views import MOST_NAMED, picture, radii, views
from tests.observables.synthetic_frames import Frames

RED, BLUE = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)


def spheres(*rows):
    """Each: x, y, depth, radius, colour."""
    x, y, depth, radius, colour = zip(*rows, strict=True)
    return Spheres(*(np.array(values, dtype=float) for values in (x, y, depth, radius, colour)))


@pytest.mark.parametrize(("depth", "seen"), [(1.0, 2), (-1.0, 0)])
def test_the_nearer_sphere_hides_the_other(depth, seen):
    drawn = paint(spheres((2, 2, 0, 1, RED), (2, 2, depth, 0.6, BLUE)), 4, 4, 10)
    assert drawn.shape == (40, 40, 4)
    middle = drawn[20, 20]
    # the small sphere behind the large one is hidden: 0.6 - 1 is less than 1
    assert np.argmax(middle[:3]) == seen and middle[3] == 255


def test_a_sphere_is_where_it_should_be_and_nothing_else_is():
    drawn = paint(spheres((1, 3, 0, 0.5, RED)), 6, 4, 20)
    row, column = np.nonzero(drawn[..., 3])
    # 1 from the left; 3 from the bottom of 4 is 1 from the top
    assert column.mean() == pytest.approx(20, abs=1) and row.mean() == pytest.approx(20, abs=1)
    assert len(row) == pytest.approx(np.pi * 10**2, rel=0.08)


def test_spheres_beyond_the_window_are_cut_off():
    drawn = paint(spheres((0, 0, 0, 1, RED), (9, 9, 0, 1, BLUE)), 4, 4, 10)
    assert drawn[-1, 0, 3] == 255 and not drawn[..., 2].max() > drawn[..., 0].max()


def test_png_can_be_read_back():
    drawn = paint(spheres((2, 2, 0, 1, RED)), 4, 4, 10)
    assert np.array_equal(np.round(255 * imread(io.BytesIO(png(drawn)))), drawn)


@pytest.mark.parametrize("cell", [np.diag([10.0, 10, 20]), np.array([[10.0, 0, 0], [5, 8.66, 0], [1, 2, 20]])])
def test_an_h_beyond_the_boundary_stands_beside_its_o(cell):
    elements = np.array(["O", "H", "H"])
    at_edge = 0.99 * cell[0] + 0.5 * cell[1] + 0.5 * cell[2]
    whole = at_edge + np.array([[0, 0, 0], [0.6, 0, 0.75], [0, 0.6, 0.75]])
    scattered = whole - np.array([[0, 0, 0], cell[0], -2 * cell[1]])
    assert np.allclose(whole_in_cell(elements, scattered, cell), whole)


def test_a_layer_in_the_boundary_stays_with_its_slab():
    cell, z = np.diag([20.0, 20, 30]), [-0.02, 0.01, 2.3, 4.6]
    elements = np.array(["Au"] * 4)
    positions = np.array([[5.0, 5, height] for height in z])
    wrapped = positions - np.floor(positions / 30) * 30
    assert np.allclose(whole_in_cell(elements, wrapped, cell)[:, 2], z)


def test_what_fills_the_cell_is_wrapped_and_an_axis_without_period_is_not():
    cell, elements = np.diag([10.0, 10, 4]), np.array(["Ar"])
    there = np.array([[12.0, -1, 9]])
    assert np.allclose(whole_in_cell(elements, there, cell), [[2, 9, 1]])
    assert np.allclose(whole_in_cell(elements, there, cell, (True, True, False)), [[2, 9, 9]])


def snapshot(**changes):
    elements = np.array(["Au", "O", "H", "H", "Na"])
    positions = np.array([[0.0, 0, 0], [2, 2, 5], [2.6, 2, 5.7], [2, 2.6, 5.7], [4, 1, 6]])
    given = {"elements": elements, "positions": positions, "cell": np.diag([9.0, 6, 15])}
    return Snapshot(**given | {"ions": {"Na⁺": np.array([4])}, "time_ps": 12.5} | changes)


@pytest.mark.parametrize("normal", [0, 1, 2])
def test_the_normal_points_up_and_the_longer_side_to_the_right(normal):
    turn = np.roll(np.arange(3), normal + 1)  # z becomes the axis `normal`
    shot = snapshot()
    turned = snapshot(positions=shot.positions[:, turn], cell=shot.cell[np.ix_(turn, turn)], normal=normal)
    side, top = views(turned)
    radius = radii(turned)
    z, longer, shorter = shot.positions[:, 2], shot.positions[:, 0], shot.positions[:, 1]
    assert np.allclose(np.ptp(side.atoms[:, 1]), np.ptp(z)) and np.all(np.argsort(side.atoms[:, 1]) == np.argsort(z))
    assert np.allclose(np.ptp(side.atoms[:, 0]), np.ptp(longer)) and np.allclose(
        np.ptp(top.atoms[:, 0]), np.ptp(longer)
    )
    assert np.allclose(np.ptp(top.atoms[:, 1]), np.ptp(shorter))
    assert np.all(np.argsort(top.atoms[:, 2]) == np.argsort(z))  # what is high is near
    assert side.size[0] >= 9 and side.size[1] >= 15 and radius.min() > 0


def test_picture_says_what_it_shows():
    root = ElementTree.fromstring(picture(snapshot()))
    tag = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    assert root.find(f"{tag}title").text == (
        "Side and top view of the system at 12.5 ps: 1 Au, 1 O, 2 H, 1 Na; ions: 1 Na⁺; cell 9.0 × 6.0 × 15.0 Å"
    )
    words = [text.text for text in root.iter(f"{tag}text")]
    assert {"side", "top", "Au · 1", "H · 2", "Na⁺ · 1", "cell 9.00 × 6.00 × 15.00 Å"} <= set(words)
    assert words.count("Na⁺") == 2  # in each view
    assert len(list(root.iter(f"{tag}image"))) == 2
    cells = [group for group in root.iter(f"{tag}g") if group.get("class") == "cell"]
    assert [len(group) for group in cells] == [4, 4]  # a box along the axes is a rectangle from each side


def test_ions_are_in_front_and_a_crowd_is_not_labelled():
    hidden = snapshot(positions=np.array([[4.0, 1, 9], [2, 2, 5], [2.6, 2, 5.7], [2, 2.6, 5.7], [4, 1, 6]]))
    drawn = picture(hidden)
    images = re.findall(r"base64,([^\"]+)", drawn)
    top = 255 * imread(io.BytesIO(base64.b64decode(images[1])))
    violet = (top[..., 2] > top[..., 1] + 40) & (top[..., 3] > 0)
    assert violet.any()  # Na below Au is seen from above
    many = np.array(["Na"] * (MOST_NAMED + 1))
    shot = Snapshot(many, np.random.default_rng(0).random((len(many), 3)) * 9, np.eye(3) * 9.0)
    crowd = Snapshot(shot.elements, shot.positions, shot.cell, ions={"Na⁺": np.arange(len(many))})
    assert 'class="ion"' in drawn and 'class="ion"' not in picture(crowd)


@pytest.mark.parametrize(
    ("element", "label"), [("Na", "Na⁺"), ("Cl", "Cl⁻"), ("Ca", "Ca²⁺"), ("La", "La³⁺"), ("Ar", "Ar")]
)
def test_ions_have_their_usual_charge(element, label):
    oxygens = np.array([[x, y, z] for x in (1, 5, 9) for y in (1, 5, 9) for z in (1, 5, 9)], dtype=float)
    waters = np.concatenate([oxygens, oxygens + np.array([0.96, 0, 0]), oxygens + np.array([-0.24, 0.93, 0])])
    elements = np.array(["O"] * 27 + ["H"] * 54 + [element])
    positions = np.concatenate([waters, [[3.2, 3.1, 3.0]]])
    what = find_constituents(elements, [Configuration(positions, np.eye(3) * 12.0)])
    assert list(ions_of(what)) == [label]


def test_the_last_frame_is_taken_and_one_with_holes_is_not_drawn():
    positions = np.zeros((3, 2, 3)) + np.arange(3)[:, None, None] + np.array([[0.0, 0, 0], [3.0, 3, 3]])
    shot = Snapshot.last_of(Frames(["Ar", "Ar"], positions, (9, 9, 9), origin=(1, 1, 1)))
    assert shot is not None and np.allclose(shot.positions, [[2, 2, 2], [5, 5, 5]])
    assert shot.time_ps == pytest.approx(0.03) and np.allclose(shot.origin, 1)
    positions[-1, 0] = np.nan
    assert Snapshot.last_of(Frames(["Ar", "Ar"], positions, (9, 9, 9))) is None
