"""DCD files as different programs lay them out: byte order, titles, angles, a fourth dimension; mapped or copied."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory import Chunk, Topology
from lmpdrive.trajectory.coordinates import Coordinates
from lmpdrive.trajectory.readers.dcd import DcdTrajectory
from lmpdrive.trajectory.request import Request

TOPOLOGY = Topology(np.array(["O", "H", "H", "Na", "Cl"]))
CELL = np.array([10.0, 0.1, 11.0, -0.2, 0.3, 12.0])
"""a, cos γ, b, cos β, cos α, c."""


TITLE = b"title".ljust(80)


def dcd(positions, order="<", title=TITLE, cell=CELL, fourth=False, fixed=0, announced=None):
    """A DCD of (F, N, 3) positions."""
    n_frames, n, _ = positions.shape

    def record(content):
        mark = np.array(len(content), f"{order}i4").tobytes()
        return mark + content + mark

    control = np.zeros(20, f"{order}i4")
    control[:4] = n_frames if announced is None else announced, 100, 20, 100 + 20 * n_frames
    control[8], control[10], control[11], control[19] = fixed, cell is not None, fourth, 24
    out = record(b"CORD" + control.tobytes()) + record(np.array(1, f"{order}i4").tobytes() + title)
    out += record(np.array(n, f"{order}i4").tobytes())
    for frame in positions:
        if cell is not None:
            out += record(cell.astype(f"{order}f8").tobytes())
        for k in range(3):
            out += record(frame[:, k].astype(f"{order}f4").tobytes())
        if fourth:
            out += record(np.zeros(n, f"{order}f4").tobytes())
    return out


@pytest.fixture
def positions():
    return np.random.default_rng(1).normal(size=(7, 5, 3)).astype(np.float32).astype(float) * 10


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("title", [TITLE, b"", b"odd"])
@pytest.mark.parametrize("fourth", [False, True])
def test_layouts(tmp_path, positions, order, title, fourth):
    (tmp_path / "traj.dcd").write_bytes(dcd(positions, order, title, fourth=fourth))
    trajectory = DcdTrajectory(tmp_path / "traj.dcd", TOPOLOGY, Request(timestep_fs=0.5))
    chunk = trajectory.read(2, 6)
    assert_allclose(chunk.positions, positions[2:6].astype(np.float32))
    assert_allclose(np.linalg.norm(chunk.cells, axis=2), [[10, 11, 12]] * 4)
    assert trajectory.steps.tolist() == list(range(100, 240, 20))
    for size in (1, 3, 100):
        parts = list(trajectory.chunks(size))
        assert_allclose(np.concatenate([part.positions for part in parts]), positions.astype(np.float32))
        assert [part.first for part in parts] == list(range(0, 7, size))


def test_degrees_equal_cosines(tmp_path, positions):
    degrees = CELL.copy()
    degrees[[1, 3, 4]] = np.degrees(np.arccos(CELL[[1, 3, 4]]))
    cells = []
    for cell in (CELL, degrees):
        (tmp_path / "traj.dcd").write_bytes(dcd(positions, cell=cell))
        cells.append(DcdTrajectory(tmp_path / "traj.dcd", TOPOLOGY).read(0, 7).cells)
    assert_allclose(*cells, atol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"), [({"fixed": 2}, "leaves fixed atoms out"), ({"cell": None}, "no unit cell")]
)
def test_refused(tmp_path, positions, options, message):
    (tmp_path / "traj.dcd").write_bytes(dcd(positions, **options))
    with pytest.raises(TrajectoryError, match=message):
        DcdTrajectory(tmp_path / "traj.dcd", TOPOLOGY)


def test_damaged_records(tmp_path, positions):
    whole = dcd(positions)
    (tmp_path / "traj.dcd").write_bytes(whole[:-4] + b"\0\0\0\0")
    with pytest.warns(UserWarning, match=f"damaged after frame {len(positions) - 1}: the 1 frames"):
        assert DcdTrajectory(tmp_path / "traj.dcd", TOPOLOGY).n_frames == len(positions) - 1
    (tmp_path / "traj.dcd").write_bytes(dcd(positions[:1])[:-4] + b"\0\0\0\0")
    with pytest.raises(TrajectoryError, match="damaged"):
        DcdTrajectory(tmp_path / "traj.dcd", TOPOLOGY)


def test_coordinates_are_the_mapped_file_and_read_only(tmp_path, positions):
    (tmp_path / "traj.dcd").write_bytes(dcd(positions))
    chunk = DcdTrajectory(tmp_path / "traj.dcd", TOPOLOGY).read(0, 7)
    at = chunk.coordinates
    assert at.records.dtype == np.float32
    assert not at.records.flags.owndata
    for array in (at.records, chunk.positions, chunk.cells):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1.0
    for axis in range(3):
        assert_allclose(at.along(axis), positions[:, :, axis].astype(np.float32))


def test_a_kept_chunk_survives_the_release_of_its_pages(tmp_path):
    positions = np.random.default_rng(2).normal(size=(3000, 5, 3))
    (tmp_path / "traj.dcd").write_bytes(dcd(positions))
    chunks = list(DcdTrajectory(tmp_path / "traj.dcd", TOPOLOGY).chunks(100))
    assert_allclose(np.concatenate([c.positions for c in chunks]), positions.astype(np.float32))


def test_slices_of_a_chunk(tmp_path, positions):
    (tmp_path / "traj.dcd").write_bytes(dcd(positions))
    mapped = DcdTrajectory(tmp_path / "traj.dcd", TOPOLOGY).read(1, 7)
    plain = Chunk(mapped.positions, mapped.cells, mapped.origins, mapped.steps, mapped.times_ps, 1, mapped.positions)
    for chunk in (mapped, plain):
        part = chunk[2:5]
        assert part.first == 3
        assert len(part) == 3
        assert_allclose(part.positions, positions[3:6].astype(np.float32))
        assert_allclose(part.coordinates.positions(), part.positions)
    assert_allclose(plain[1:].velocities, positions[2:7].astype(np.float32))


def test_a_chunk_needs_the_same_number_of_frames_everywhere(positions):
    with pytest.raises(ValueError, match="differ in their number of frames"):
        Chunk(positions, np.zeros((6, 3, 3)), np.zeros((7, 3)), np.arange(7), np.arange(7.0))


def test_positions_that_lie_askew_in_memory():
    odd = np.random.default_rng(1).normal(size=(3, 4, 5)).transpose(1, 2, 0)
    assert_allclose(Coordinates.of(odd).positions(), odd)
