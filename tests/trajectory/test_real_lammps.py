"""Files that the real LAMMPS wrote: DCD and text dump of one run hold the same frames."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.common.lammps_module import import_lammps
from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory import open_trajectory, read_thermo

BOXES = {
    "orthogonal": "block 1 11 2 13 3 16",
    "triclinic": "prism 1 11 2 13 3 16 2.0 -1.5 0.7",
}


@pytest.fixture(scope="module", params=BOXES)
def run(request, tmp_path_factory):
    """A short ideal-gas run that crosses boundaries; two `run` commands."""
    folder = tmp_path_factory.mktemp(request.param)
    lmp = import_lammps(plugins=False)(cmdargs=["-log", str(folder / "log.lammps"), "-screen", "none"])
    lmp.commands_string(f"""
        units metal
        atom_style charge
        region box {BOXES[request.param]}
        create_box 2 box
        create_atoms 1 random 20 123 NULL
        create_atoms 2 random 12 1234 NULL
        mass 1 22.98
        mass 2 35.45
        set type 2 charge -1.0
        pair_style zero 4.0
        pair_coeff * *
        velocity all create 3000 1
        timestep 0.002
        fix 1 all nve
        thermo_style custom step time temp pe etotal econserve
        thermo 10
        run 50
        dump dcd all dcd 20 {folder}/traj.dcd
        dump_modify dcd sort id unwrap no
        dump text all custom 20 {folder}/traj.lammpstrj id type element x y z ix iy iz
        dump_modify text element Na Cl sort id format float %.10g
        dump scaled all custom 20 {folder}/scaled.lammpstrj.gz xs id ys zs type
        dump unwrapped all custom 20 {folder}/unwrapped.lammpstrj id type xu yu zu
        run 400
        write_data {folder}/system.data
    """)
    lmp.close()
    return folder


def opened(folder, name, **kwargs):
    return open_trajectory(folder / name, elements=["Na", "Cl"], timestep_fs=2.0, **kwargs)


def test_dcd_equals_text(run):
    dcd, text = opened(run, "traj.dcd", data=run / "system.data"), opened(run, "traj.lammpstrj")
    assert dcd.n_frames == text.n_frames == 20
    assert list(dcd.topology.elements) == list(text.topology.elements) == ["Na"] * 20 + ["Cl"] * 12
    a, b = dcd.read(0, 20), text.read(0, 20)
    assert_allclose(a.positions, b.positions, atol=1e-5)
    assert_allclose(a.cells, b.cells, atol=1e-12)
    assert_allclose(a.origins, b.origins, atol=1e-12)
    assert a.steps.tolist() == b.steps.tolist() == list(range(60, 460, 20))
    assert_allclose(a.times_ps, a.steps * 0.002)


def test_unsorted_scaled_gzip_equals_sorted_absolute(run):
    a, b = opened(run, "traj.lammpstrj").read(0, 20), opened(run, "scaled.lammpstrj.gz").read(0, 20)
    assert_allclose(b.positions, a.positions, atol=1e-4)  # LAMMPS wrote xs with six digits


def test_unwrapped_differs_by_whole_cells(run):
    a, b = opened(run, "traj.lammpstrj").read(0, 20), opened(run, "unwrapped.lammpstrj").read(0, 20)
    shifts = (b.positions - a.positions) @ np.linalg.inv(a.cells)
    assert_allclose(shifts, np.rint(shifts), atol=1e-4)
    assert np.abs(shifts).max() > 0.5
    assert_allclose(a.unwrapped, b.positions, atol=1e-3)  # from the image flags


def test_chunks_together_are_the_whole(run):
    trajectory = opened(run, "traj.lammpstrj")
    parts = [chunk.positions for chunk in trajectory.chunks(7)]
    assert [len(p) for p in parts] == [7, 7, 6]
    assert_allclose(np.concatenate(parts), trajectory.read(0, 20).positions)


def test_data_file_gives_charges(run):
    topology = opened(run, "traj.dcd", data=run / "system.data").topology
    assert_allclose(topology.charges_e, [0.0] * 20 + [-1.0] * 12)


def test_dcd_truncated_in_its_last_frame(run, tmp_path):
    cut = tmp_path / "cut.dcd"
    cut.write_bytes((run / "traj.dcd").read_bytes()[:-100])
    with pytest.warns(UserWarning, match="incomplete"):
        trajectory = open_trajectory(cut, data=run / "system.data", elements=["Na", "Cl"])
    assert trajectory.n_frames == 19
    assert trajectory.warnings
    assert not trajectory.times_known


@pytest.mark.parametrize("cut", [5, 600, 1500])
def test_text_truncated_in_its_last_frame(run, tmp_path, cut):
    path = tmp_path / "cut.lammpstrj"
    path.write_bytes((run / "traj.lammpstrj").read_bytes()[:-cut])
    with pytest.warns(UserWarning, match="incomplete"):
        assert open_trajectory(path).n_frames in (18, 19)


def test_frames_that_a_restart_repeats_are_read_once(run, tmp_path):
    text = (run / "traj.lammpstrj").read_bytes()
    frames = [b"ITEM: TIMESTEP" + part for part in text.split(b"ITEM: TIMESTEP")[1:]]
    (tmp_path / "twice.lammpstrj").write_bytes(b"".join(frames[:12] + frames[8:]))
    with pytest.warns(UserWarning, match="4 frames that a restart"):
        twice = open_trajectory(tmp_path / "twice.lammpstrj")
    assert_allclose(twice.read(0, 20).positions, opened(run, "traj.lammpstrj").read(0, 20).positions)


def test_ase_reads_the_same(run, tmp_path):
    import ase
    import ase.io

    reference = opened(run, "traj.lammpstrj")
    chunk = reference.read(0, 20)
    images = [
        ase.Atoms(list(reference.topology.elements), positions=p - o, cell=c, pbc=True)
        for p, o, c in zip(chunk.positions, chunk.origins, chunk.cells)
    ]
    ase.io.write(tmp_path / "traj.extxyz", images)
    trajectory = open_trajectory(tmp_path / "traj.extxyz", timestep_fs=0.5, every=4)
    read = list(trajectory.chunks(6))
    assert_allclose(np.concatenate([c.positions for c in read]), chunk.positions - chunk.origins[:, None], atol=1e-6)
    assert_allclose(trajectory.times_ps[:3], [0, 0.002, 0.004])


def test_thermo_of_both_runs(run):
    thermo = read_thermo(run / "log.lammps")
    assert thermo["Step"].tolist() == list(range(0, 460, 10))
    assert thermo["run"].tolist() == [0] * 5 + [1] * 41  # step 50 belongs to the run it starts
    assert_allclose(thermo["Time"], thermo["Step"] * 0.002)
    assert_allclose(thermo["Econserve"], thermo["Econserve"][0], rtol=1e-6)


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """A shrink-wrapped, tilted box in units real, whose types have labels."""
    folder = tmp_path_factory.mktemp("labelled")
    lmp = import_lammps(plugins=False)(cmdargs=["-log", str(folder / "log.lammps"), "-screen", "none"])
    lmp.commands_string(f"""
        units real
        atom_style full
        boundary p p s
        region box prism 0 10 0 10 0 20 2 0 0
        create_box 3 box
        labelmap atom 1 OW 2 HW 3 Na+
        create_atoms 1 random 5 12 NULL
        create_atoms 2 random 10 13 NULL
        create_atoms 3 random 2 14 NULL
        mass OW 15.999
        mass HW 1.008
        mass Na+ 22.99
        pair_style zero 4.0
        pair_coeff * *
        velocity all create 300 1
        fix 1 all nve
        dump text all custom 5 {folder}/labels.lammpstrj id typelabel xs ys zs ix iy iz vx vy vz
        dump binary all custom 5 {folder}/types.bin id type xu yu zu vx vy vz
        dump nothing all custom 5 {folder}/carbon.lammpstrj id type element x y z
        run 20
        write_data {folder}/system.data
    """)
    lmp.close()
    return folder


def test_labels_open_boundaries_images_and_units_of_real_files(labelled):
    text = open_trajectory(labelled / "labels.lammpstrj")
    binary = open_trajectory(labelled / "types.bin", data=labelled / "system.data")
    for trajectory in (text, binary):
        assert trajectory.topology.elements.tolist() == ["O"] * 5 + ["H"] * 10 + ["Na"] * 2
        assert trajectory.periodic == (True, True, False)
        assert "Names taken as elements: HW as H, Na+ as Na, OW as O." in trajectory.notes
        assert any("real" in note for note in trajectory.notes)
    a, b = text.read(0, 5), binary.read(0, 5)
    assert_allclose(a.cells, b.cells)
    assert_allclose(a.unwrapped, b.unwrapped, atol=1e-3)
    assert_allclose(a.velocities, b.velocities, atol=1e-2)
    speed = np.sqrt((a.velocities**2).sum(axis=2).mean(axis=1))
    assert (speed > 1).all()  # Å/ps of 300 K, a thousand times those in Å/fs
    with pytest.raises(TrajectoryError, match="names every atom C"):
        open_trajectory(labelled / "carbon.lammpstrj")
