"""Names that a run directory may have, and folders that cannot be replaced."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest

from lmpdrive.common.disk import told_if_full
from lmpdrive.engine.directory.new import new_directory, next_free
from lmpdrive.errors import RunDirectoryError


def write(target: Path) -> list[str]:
    """Fill a new directory with a file, a folder and a link; returns what is in it then."""
    with new_directory(target) as folder:
        (folder / "in.lammps").write_text("units metal\n")
        (folder / "aux").mkdir()
        (folder / "aux" / "cv.in").write_text("colvar\n")
        (folder / "model.pb").symlink_to("/somewhere/model.pb")
    assert (target / "model.pb").readlink() == Path("/somewhere/model.pb")
    assert (target / "aux" / "cv.in").read_text() == "colvar\n"
    return sorted(os.listdir(target))


WRITTEN = ["aux", "in.lammps", "model.pb"]


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("relative", [True, False])
def test_a_link_is_the_folder_that_it_leads_to(tmp_path, monkeypatch, there, relative):
    monkeypatch.chdir(tmp_path)
    real = tmp_path / "scratch" / "real"
    real.parent.mkdir()
    if there:
        real.mkdir()
    (tmp_path / "out").symlink_to("scratch/real" if relative else real)
    assert write(Path("out")) == WRITTEN
    assert Path("out").is_symlink() and sorted(os.listdir(real)) == WRITTEN
    with pytest.raises(RunDirectoryError, match="exists and is not empty"):
        write(Path("out"))
    assert os.listdir(real.parent) == ["real"]


def test_the_next_free_name_is_offered(tmp_path):
    run = tmp_path / "run"
    assert next_free(run) == run
    run.mkdir()
    assert next_free(run) == run, "an empty folder is filled"
    write(run)
    (tmp_path / "run-2").write_text("")
    assert next_free(run) == tmp_path / "run-3"
    with pytest.raises(RunDirectoryError, match="`simulate --new` takes run-3; or name another folder"):
        write(run)


def test_a_link_to_a_file_or_to_itself(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "to_file").symlink_to("file")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("to_file", "loop"):
        with pytest.raises(RunDirectoryError):
            write(tmp_path / name)
    assert sorted(os.listdir(tmp_path)) == ["file", "loop", "to_file"]


@pytest.mark.parametrize("name", ["r" * 255, "ü" * 127, "水" * 85, "a b; c & 'd'", "-out"])
def test_names_that_a_file_system_takes(tmp_path, name):
    assert write(tmp_path / name) == WRITTEN
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("r" * 256, "rrr... has 256 bytes; at most 255"),
        ("水" * 86, "水... has 258 bytes"),
        ("r" * 300 + "/run", "rrr... has 300 bytes"),
        ("/".join(["r" * 100] * 50), "at most 4000"),
    ],
)
def test_names_that_are_too_long(tmp_path, name, words):
    with pytest.raises(RunDirectoryError) as error:
        write(tmp_path / name)
    assert words in str(error.value) and len(str(error.value)) < 200 and not os.listdir(tmp_path)


@pytest.fixture
def irreplaceable(tmp_path):
    """A mount point where this user may mount, else a folder of a parent that may not be written."""
    folder = tmp_path / "parent" / "run"
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "tmpfs", folder]
    if os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0:
        yield folder
        subprocess.run(["umount", folder], check=True)
    else:
        folder.parent.chmod(0o555)
        yield folder
        folder.parent.chmod(0o755)


def test_a_folder_that_cannot_be_replaced_is_filled(irreplaceable):
    assert write(irreplaceable) == WRITTEN
    assert os.listdir(irreplaceable.parent) == ["run"]


def test_a_full_disk_leaves_nothing(tmp_path):
    with (
        pytest.raises(
            RunDirectoryError, match=r"the disk of .*run is full, .*MB are free now\). Make room, then: go on"
        ),
        told_if_full(tmp_path / "run", "go on"),
        new_directory(tmp_path / "run"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert not os.listdir(tmp_path)
    with pytest.raises(OSError, match="Input/output"), told_if_full(tmp_path, "go on"):
        raise OSError(errno.EIO, "Input/output error")
