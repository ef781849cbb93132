"""Labelled frames from files: compressed ones are the same, and what is cut short is refused."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from ase import Atoms
from ase.io import write

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.labelled import ENERGY, FORCES, labelled_atoms, read_labelled


@pytest.fixture
def frames(tmp_path):
    """Twenty frames in a text file and in a compressed one."""
    rng = np.random.default_rng(3)
    made = []
    for number in range(20):
        atoms = Atoms("H2O", rng.random((3, 3)), cell=[5, 6, 7], pbc=True, info={ENERGY: -1.5 * number})
        atoms.set_array(FORCES, rng.normal(size=(3, 3)))
        made.append(atoms)
    write(tmp_path / "plain.xyz", made, format="extxyz")
    (tmp_path / "packed.xyz.gz").write_bytes(gzip.compress((tmp_path / "plain.xyz").read_bytes()))
    return tmp_path


def test_a_compressed_file_has_the_same_frames(frames):
    plain, packed = (read_labelled([frames / name]) for name in ("plain.xyz", "packed.xyz.gz"))
    assert len(plain) == len(packed) == 20
    np.testing.assert_array_equal(plain.positions, packed.positions)
    np.testing.assert_array_equal(plain.forces, packed.forces)
    np.testing.assert_array_equal(plain.energies_eV, packed.energies_eV)


def test_a_file_that_is_cut_short_is_refused(frames):
    whole = (frames / "packed.xyz.gz").read_bytes()
    (frames / "packed.xyz.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TrajectoryError, match="cut short"):
        labelled_atoms(frames / "packed.xyz.gz")
