"""Text dumps as people have them: cut, repeated, out of order, with odd numbers.  And the scan against its twin."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory import open_trajectory
from lmpdrive.trajectory.kernels import dump_text, dump_text_numpy
from lmpdrive.trajectory.mapping import MappedFile
from lmpdrive.trajectory.readers.dump_index import scan


def frame(step, rows=("1 O 1 2 3", "2 H 4 5 6"), columns="id element x y z", head=""):
    return (
        f"{head}ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n{len(rows)}\nITEM: BOX BOUNDS pp pp pp\n"
        f"0 10\n0 10\n0 20\nITEM: ATOMS {columns}\n" + "".join(f"{row}\n" for row in rows)
    )


@pytest.fixture
def write(tmp_path):
    def write(text):
        (tmp_path / "traj.lammpstrj").write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path / "traj.lammpstrj"

    return write


def steps(path):
    return open_trajectory(path).steps.tolist()


def test_frame_cut_in_the_middle_of_the_file(write):
    """A run is killed while it writes and then appends: the next header starts within a line."""
    text = frame(0) + frame(20)[:-4] + frame(40) + frame(60)
    with pytest.warns(UserWarning) as caught:
        assert steps(write(text)) == [0, 40, 60]
    messages = " ".join(str(w.message) for w in caught)
    assert "1 frames were cut short" in messages
    assert "not evenly spaced" in messages


@pytest.mark.parametrize("header_line", range(1, 9))
def test_frame_cut_within_its_header(write, header_line):
    cut = "".join(frame(20).splitlines(keepends=True)[:header_line])
    with pytest.warns(UserWarning, match="cut short"):
        assert steps(write(frame(0) + cut + frame(40) + frame(80))) == [0, 40, 80]


def test_files_in_the_wrong_order(write):
    with pytest.warns(UserWarning, match=r"first from 120 to 0.*count of steps was reset.*wrong order"):
        assert steps(write(frame(100) + frame(120) + frame(0) + frame(20))) == [
            100,
            120,
            140,
        ]  # 120 and 0 hold the same


def test_run_taken_back_further_than_it_came_again(write):
    with pytest.warns(UserWarning) as caught:
        assert steps(write("".join(frame(s) for s in (0, 20, 40, 60, 20, 40)))) == [0, 20, 40]
    messages = " ".join(str(w.message) for w in caught)
    assert "2 frames that a restart wrote again" in messages
    assert "1 frames (steps 60 to 60)" in messages


def test_missing_frames_are_reported_not_filled(write):
    with pytest.warns(UserWarning, match="1 of 3 intervals differ from 20 steps, the first between steps 20 and 60"):
        trajectory = open_trajectory(write("".join(frame(s) for s in (0, 20, 60, 80))))
    assert any("evenly" in message for message in trajectory.warnings)


def test_empty_frames(write):
    with pytest.raises(TrajectoryError, match="were atoms lost"):
        open_trajectory(write(frame(0) + frame(20, rows=())))


@pytest.mark.parametrize(
    ("row", "value"),
    [
        ("1 O 1e1 2 3", 10.0),
        ("1 O -2.5E-01 2 3", -0.25),
        ("1 O +.5 2 3", 0.5),
        ("1 O 7. 2 3", 7.0),
        ("1 O 0.1234567890123456789 2 3", 0.1234567890123456789),
        ("1 O 123456789012345678901234.5 2 3", 123456789012345678901234.5),
        ("1 O 1e-320 2 3", 1e-320),
        ("1 O 1.7976931348623157e308 2 3", 1.7976931348623157e308),
        ("1 O -3.25e-25 2 3", -3.25e-25),
        ("  1\tO   1.5\t2 3  ", 1.5),
        ("1 O 1.5 2 3\r", 1.5),
    ],
)
def test_numbers_in_any_spelling(write, row, value):
    position = open_trajectory(write(frame(0, rows=[row, "2 H 4 5 6"]))).read(0, 1).positions[0, 0]
    assert_allclose(position, [value, 2, 3], rtol=5e-16)


def test_a_number_that_is_none_goes_to_the_patient_parser(write):
    chunk = open_trajectory(write(frame(0) + frame(20, rows=["1 O nan 2 3", "2 H 4 5 -inf"]))).read(0, 2)
    assert np.isnan(chunk.positions[1, 0, 0])
    assert chunk.positions[1, 1, 2] == -np.inf
    assert chunk.positions[0, 1].tolist() == [4, 5, 6]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["1 O 1 2 3", "3 H 4 5 6"], "other atom ids"),
        (["1 O 1 2 3", "1 H 4 5 6"], "other atom ids"),
        (["1 O 1 2 3", "2 H 4 5 x6"], "a word where a number"),
        (["1 O 1 2 3 4", "2 H 4 5 6 7"], "want 5 columns .id element x y z., found '1 O 1 2 3 4'"),
    ],
)
def test_frames_that_do_not_fit_the_first(write, rows, message):
    trajectory = open_trajectory(write(frame(0) + frame(20, rows=rows)))
    with pytest.raises(TrajectoryError, match=message):
        trajectory.read(0, 2)


def test_ids_that_are_no_integers(write):
    with pytest.raises(TrajectoryError, match="the ids of step 0 are no integers"):
        open_trajectory(write(frame(0, rows=["x O 1 2 3", "2 H 4 5 6"])))


def test_more_lines_than_announced(write):
    with pytest.raises(TrajectoryError, match="holds 3 atom lines where 2"):
        open_trajectory(write(frame(0) + "3 H 1 1 1\n" + frame(20)))


def test_blank_lines_between_files_do_no_harm(write):
    assert steps(write(frame(0) + "\n\n" + frame(20) + "\n")) == [0, 20]


def test_ids_with_gaps_and_in_changing_order(write):
    text = frame(0, rows=["900 O 1 1 1", "5 H 2 2 2"]) + frame(20, rows=["5 H 4 4 4", "900 O 3 3 3"])
    trajectory = open_trajectory(write(text))
    assert list(trajectory.topology.elements) == ["H", "O"]
    assert trajectory.read(0, 2).positions[:, :, 0].tolist() == [[2, 1], [4, 3]]


def test_without_ids_the_order_of_lines_counts(write):
    text = frame(0, rows=["O 1 1 1", "H 2 2 2"], columns="element x y z")
    assert open_trajectory(write(text)).read(0, 1).positions[0, :, 0].tolist() == [1, 2]


def test_iodine_and_iridium_are_no_items(write):
    text = frame(0, rows=["1 I 1 1 1", "2 Ir 2 2 2"]) + frame(20, rows=["1 I 1 1 1", "2 Ir 2 2 2"])
    assert list(open_trajectory(write(text)).topology.elements) == ["I", "Ir"]


def test_velocities_are_read_and_sorted(write):
    columns = "id type vz vx vy x y z"
    text = frame(0, rows=["2 1 6 4 5 0 0 0", "1 1 3 1 2 0 0 0"], columns=columns)
    chunk = open_trajectory(write(text), elements=["O"]).read(0, 1)
    assert chunk.velocities.tolist() == [[[1, 2, 3], [4, 5, 6]]]
    with pytest.raises(ValueError, match="read-only"):
        chunk.velocities[0, 0, 0] = 1.0


def test_one_frame(write):
    trajectory = open_trajectory(write(frame(7)))
    assert trajectory.n_frames == 1
    assert np.isnan(trajectory.frame_interval_ps)


def test_large_file_is_scanned_in_pieces(write, monkeypatch):
    """Frames that lie across the borders of what is searched at a time."""
    from lmpdrive.trajectory.readers import dump_index

    text = "".join(frame(20 * i, head="ITEM: TIME\n0.5\n" if i % 2 else "") for i in range(60))
    path = write(text)
    whole = scan(MappedFile(path))
    assert len(whole) == 60
    for block, items in ((1, 100), (97, 3), (500, 1), (1 << 20, 2)):
        monkeypatch.setattr(dump_index, "_BLOCK", block)
        monkeypatch.setattr(dump_index, "_ITEMS", items)
        pieces = scan(MappedFile(path))
        for name in ("starts", "steps", "n_atoms", "bodies", "ends", "n_lines", "box", "times"):
            assert_allclose(getattr(pieces, name), getattr(whole, name), err_msg=name)


FEW = settings(max_examples=60, deadline=None)


@FEW
@given(
    st.one_of(
        st.floats(-1e6, 1e6),
        st.integers(-(10**18), 10**18),
    ),
    st.sampled_from(["{}", "{:g}", "{:.12g}", "{:.6f}", "{:.16e}"]),
)
def test_numbers_as_python_reads_them(number, layout):
    word = layout.format(number)
    text = np.frombuffer(word.encode() + b"\n", np.uint8)
    value, end = dump_text._number(text, 0, len(text))
    if end < 0:  # left to the patient parser: next to the limits of 64 bits
        assert number and not 1e-250 < abs(number) < 1e280
        return
    assert end == len(word)
    assert_allclose(value, float(word), rtol=1e-15)


@FEW
@given(st.text("0123456789+-.eExn ", min_size=1, max_size=8))
def test_words_that_are_no_numbers_are_not_taken_for_one(word):
    text = np.frombuffer(word.encode() + b"\n", np.uint8)
    value, end = dump_text._number(text, 0, len(text))
    if end >= 0:
        assert value == pytest.approx(float(word[:end]))


@FEW
@given(st.integers(0, 10**6))
def test_scan_and_parser_equal_their_plain_twins(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 6))
    frames = []
    for i in range(int(rng.integers(1, 6))):
        label = ["OW", "12"][int(rng.integers(20)) // 19]
        rows = [
            f"{k + 3} {label} {' '.join(f'{x:.{rng.integers(1, 9)}g}' for x in rng.normal(size=6) * 30)}"
            for k in range(n)
        ]
        text = frame(20 * i, [rows[k] for k in rng.permutation(n)], "id type x y z vx vy vz")
        head = "ITEM: UNITS\nmetal\nITEM: TIME\n0.25\n" if rng.random() < 0.3 else ""
        frames.append(head + (text[: rng.integers(1, len(text))] if rng.random() < 0.2 else text))
    data = np.frombuffer("".join(frames).encode(), np.uint8)
    found = [twin.find_items(data, 0, len(data), 1000) for twin in (dump_text, dump_text_numpy)]
    for a, b in zip(*found):
        assert np.array_equal(a, b)
    offsets, kinds, lines, _, n_lines = found[0]
    headers = [t.read_headers(data, offsets, kinds, lines, len(data), n_lines) for t in (dump_text, dump_text_numpy)]
    good = [(h[0][:, 2] >= 0) & (h[0][:, 5] >= h[0][:, 2]) for h in headers]
    assert np.array_equal(*good)
    for a, b in zip(*headers):
        assert_allclose(a[good[0]], b[good[0]])
    whole = headers[0][0][good[0]]
    whole = whole[whole[:, 2] == n]
    slots = np.concatenate([np.arange(n), [-1]])
    roles = np.array([0, dump_text.KIND, 1, 2, 3, 4, 5, 6])
    of_atoms = np.full(n, int.from_bytes(b"OW", "big"), np.uint64)
    read = []
    for twin in (dump_text, dump_text_numpy):
        x, v = np.zeros((len(whole), n, 3)), np.zeros((len(whole), n, 3))
        bodies, ends = whole[:, 3].copy(), whole[:, 4].copy()
        read.append((twin.read_frames(data, bodies, ends, roles, slots, 3, of_atoms, x, v), x, v))
    assert read[0][0] == read[1][0]
    if read[0][0][0] == dump_text.READ:
        for a, b in zip(read[0][1:], read[1][1:]):
            assert_allclose(a, b, rtol=1e-14)


def test_reading_backwards_and_after_release(write):
    path = write("".join(frame(20 * i, rows=[f"1 O {i} 0 0", "2 H 0 0 0"]) for i in range(3000)))
    trajectory = open_trajectory(path)
    kept = [chunk.positions[0, 0, 0] for chunk in trajectory.chunks(100)]
    assert kept == list(range(0, 3000, 100))
    for i in (2999, 0, 1500, 7):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert trajectory.read(i, i + 1).positions[0, 0, 0] == i
