"""Files as people keep them: compressed in several ways, under any name, with odd beginnings and ends."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import subprocess
import tarfile

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory import open_trajectory
from tests.field_cases import case
from tests.trajectory.dump_text import data_file, frame

TEXT = "".join(frame([f"1 1 {i} 2 3", "2 2 4 5 6"], step=20 * i) for i in range(5)).encode()
XYZ = "".join(f'2\nLattice="9 0 0 0 9 0 0 0 9" Step={i}\nO {i} 2 3\nH 4 5 6\n' for i in range(5)).encode()
PACKERS = {
    "gzip": gzip.compress,
    "bzip2": lambda plain: bz2.compress(plain, 1),
    "xz": lambda plain: lzma.compress(plain, preset=0),
    "lzma": lambda plain: lzma.compress(plain, format=lzma.FORMAT_ALONE, preset=0),
    "zstd": lambda plain: subprocess.run(["zstd", "-q"], input=plain, capture_output=True, check=True).stdout,
}


@pytest.fixture(params=PACKERS)
def pack(request):
    if request.param == "zstd" and not shutil.which("zstd"):
        pytest.skip("no program zstd to pack with")
    return PACKERS[request.param]


def opened(path, **options):
    return open_trajectory(path, elements=["O", "H"], **options)


def first_x(trajectory):
    return trajectory.read(0, trajectory.n_frames).positions[:, 0, 0].tolist()


@pytest.mark.parametrize(("plain", "name"), [(TEXT, "dump.anything"), (XYZ, "traj.xyz.packed"), (XYZ, "traj")])
def test_compression_is_known_by_the_content(tmp_path, pack, plain, name):
    (tmp_path / name).write_bytes(pack(plain))
    trajectory = opened(tmp_path / name)
    assert trajectory.topology.elements.tolist() == ["O", "H"]
    assert first_x(trajectory) == [0, 1, 2, 3, 4]
    assert trajectory.path == tmp_path / name


def test_streams_one_after_the_other_are_one_file(tmp_path, pack):
    half = len(TEXT) // 2
    (tmp_path / "both").write_bytes(pack(TEXT[:half]) + pack(TEXT[half:]))
    assert first_x(opened(tmp_path / "both")) == [0, 1, 2, 3, 4]


def test_what_is_there_of_a_cut_file_is_read(tmp_path, pack):
    rng = np.random.default_rng(1)
    rows = [[f"{k} 1 {x:.6f} {y:.6f} {z:.6f}" for k, (x, y, z) in enumerate(rng.random((100, 3)))] for _ in range(150)]
    packed = pack("".join(frame(r, step=i) for i, r in enumerate(rows)).encode())
    (tmp_path / "cut").write_bytes(packed[: len(packed) * 2 // 3])
    with pytest.warns(UserWarning, match="cut short"):
        assert 0 < open_trajectory(tmp_path / "cut", elements=["O"]).n_frames < 150


def test_damage_within_is_an_error(tmp_path, pack):
    rng = np.random.default_rng(2)
    rows = [f"{k} 1 {x:.6f} {y:.6f} {z:.6f}" for k, (x, y, z) in enumerate(rng.random((3000, 3)))]
    packed = bytearray(pack(frame(rows).encode()))
    middle = slice(len(packed) // 2, len(packed) // 2 + 500)
    packed[middle] = bytes(255 - byte for byte in packed[middle])
    (tmp_path / "damaged").write_bytes(packed)
    with pytest.raises(TrajectoryError, match=r"cannot read .*damaged|damaged.*cannot be read"):
        opened(tmp_path / "damaged")


def test_a_compressed_dcd(tmp_path):
    from tests.trajectory.test_dcd_layouts import dcd

    positions = np.arange(24.0).reshape(4, 2, 3)
    (tmp_path / "traj.dcd.gz").write_bytes(gzip.compress(dcd(positions)))
    (tmp_path / "system.data").write_text(data_file(["1 1 0 0 0", "2 2 0 0 0"], ["1 15.999 # O", "2 1.008 # H"]))
    trajectory = open_trajectory(tmp_path / "traj.dcd.gz", data=tmp_path / "system.data")
    assert_allclose(trajectory.read(0, 4).positions, positions)


@pytest.mark.parametrize("name", ["a.traj", "XDATCAR"])
def test_formats_of_ase_are_opened_again_and_again(tmp_path, name):
    import ase
    import ase.io

    atoms = ase.Atoms("OH", positions=[[1, 2, 3], [4, 5, 6]], cell=[9, 9, 9], pbc=True)
    ase.io.write(tmp_path / name, [atoms, atoms, atoms], **({"format": "vasp-xdatcar"} if name == "XDATCAR" else {}))
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress((tmp_path / name).read_bytes()))
    trajectory = open_trajectory(tmp_path / f"{name}.gz")
    folder = trajectory._file.parent
    for _ in range(2):
        assert_allclose(trajectory.read(1, 3).positions[1], atoms.positions)
    del trajectory
    assert not folder.exists()


def test_zstd_that_nothing_unpacks_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "traj.zst").write_bytes(b"\x28\xb5\x2f\xfd" + bytes(20))
    monkeypatch.setenv("PATH", str(tmp_path))
    for module in ("compression.zstd", "zstandard"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(TrajectoryError, match=r"pip install zstandard.*zstd -d traj.zst"):
        opened(tmp_path / "traj.zst")


@pytest.mark.parametrize(
    ("magic", "message"), [(b"\x04\x22\x4d\x18", "lz4 -d"), (b"PK\x03\x04", "unzip"), (b"7z\xbc\xaf\x27\x1c", "7z x")]
)
def test_other_compressions_name_their_program(tmp_path, magic, message):
    (tmp_path / "traj").write_bytes(magic + bytes(100))
    with pytest.raises(TrajectoryError, match=message):
        opened(tmp_path / "traj")


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz"])
def test_in_a_run_directory(tmp_path, suffix):
    pack = {"gz": gzip, "bz2": bz2, "xz": lzma}[suffix].compress
    (tmp_path / f"traj.lammpstrj.{suffix}").write_bytes(pack(TEXT))
    assert first_x(opened(tmp_path)) == [0, 1, 2, 3, 4]


def test_an_archive_is_no_trajectory(tmp_path):
    (tmp_path / "dump").write_bytes(TEXT)
    with tarfile.open(tmp_path / "runs.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "dump")
    with pytest.raises(TrajectoryError, match="an archive of files"):
        opened(tmp_path / "runs.tar.gz")


@pytest.mark.parametrize("packed", [b"", gzip.compress(b"", mtime=0)], ids=["empty", "gzip"])
def test_nothing_within(tmp_path, packed):
    (tmp_path / "traj.gz").write_bytes(packed)
    with pytest.raises(TrajectoryError, match="is empty"):
        opened(tmp_path / "traj.gz")


CRLF = TEXT.replace(b"\n", b"\r\n")


@pytest.mark.parametrize("start", [b"\xef\xbb\xbf", b"\n\n", b"\xef\xbb\xbf\r\n  \n"])
@pytest.mark.parametrize("plain", [TEXT, XYZ, CRLF, XYZ.replace(b"\n", b"\r\n")])
def test_marks_and_blank_lines_before_the_text(tmp_path, start, plain):
    (tmp_path / "traj").write_bytes(start + plain)
    assert first_x(opened(tmp_path / "traj")) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("plain", [TEXT, XYZ])
@pytest.mark.parametrize("code", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_of_powershell(tmp_path, plain, code):
    mark = "" if code == "utf-16" else "\ufeff"
    (tmp_path / "traj").write_bytes((mark + plain.decode()).encode(code))
    assert first_x(opened(tmp_path / "traj")) == [0, 1, 2, 3, 4]


# -- the last newline ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plain", [TEXT, XYZ, CRLF])
def test_the_last_newline_may_be_missing(tmp_path, plain):
    (tmp_path / "traj").write_bytes(plain.rstrip())
    assert first_x(opened(tmp_path / "traj")) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("kernels", ["", "numpy"])
def test_one_frame_without_its_last_newline_is_read_and_noted(tmp_path, monkeypatch, kernels):
    monkeypatch.setenv("LMPDRIVE_KERNELS", kernels)
    (tmp_path / "traj").write_text(frame(["1 1 1 2 3.25", "2 2 4 5 6"]).rstrip())
    trajectory = opened(tmp_path / "traj")
    assert trajectory.read(0, 1).positions[0].tolist() == [[1, 2, 3.25], [4, 5, 6]]
    assert any("no newline" in note for note in trajectory.notes)


def test_a_last_number_with_fewer_digits_is_a_frame_that_was_cut(tmp_path):
    rows = [f"{k} 1 0.123456 0.123456 {k}.123456" for k in range(1, 9)]
    whole = frame(rows) + frame(rows, step=20)
    (tmp_path / "traj").write_text(whole.rstrip()[:-3])
    with pytest.warns(UserWarning, match="incomplete"):
        assert open_trajectory(tmp_path / "traj", elements=["O"]).n_frames == 1
    (tmp_path / "traj").write_text(whole.rstrip())
    assert open_trajectory(tmp_path / "traj", elements=["O"]).n_frames == 2


def test_a_last_line_without_all_its_columns_is_cut(tmp_path):
    (tmp_path / "traj").write_text(frame(["1 1 1 2 3", "2 2 4 5"]).rstrip())
    with pytest.warns(UserWarning, match="incomplete"), pytest.raises(TrajectoryError, match="no complete frame"):
        opened(tmp_path / "traj")


# -- field cases ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "n_frames"), [("dump-bz2/z.lammpstrj.bz2", 12), ("no-final-newline/nonl.lammpstrj", 1)]
)
def test_field_cases(file, n_frames):
    trajectory = open_trajectory(case(file), elements=["Au", "H", "Na", "O"], timestep_fs=0.5)
    assert trajectory.n_frames == n_frames
    assert (trajectory.topology.elements == "O").sum() == 60
