"""NetCDF as LAMMPS and AMBER write it: ids, types, units, axes without a length, in each of the formats."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.io import netcdf_file

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory import open_trajectory
from lmpdrive.trajectory.readers.netcdf_classic import ClassicFile
from tests.field_cases import case
from tests.trajectory.dump_text import data_file

N, FRAMES = 5, 4
POSITIONS = np.random.default_rng(0).uniform(1, 9, size=(FRAMES, N, 3)).astype("f4").astype(float)
VELOCITIES = np.random.default_rng(1).normal(size=(FRAMES, N, 3)).astype("f4").astype(float)
TYPES = np.array([1, 2, 2, 1, 2])
ELEMENTS = ["O", "H"]
ORDER = np.array([np.random.default_rng(i).permutation(N) for i in range(FRAMES)])


def shuffled(values):
    """Atoms of each frame in another order."""
    return np.array([frame[order] for frame, order in zip(values, ORDER, strict=True)])


def write(
    path, version=2, program="LAMMPS", timestep_ps=0.002, lengths=(10, 11, 12), leave=(), velocities=None, **more
):
    """A file in the layout of LAMMPS' `dump netcdf`; `leave` names what is left out."""
    record = {
        "time": (
            ("frame",),
            100.0 * np.arange(FRAMES),
            {"units": "picosecond", "scale_factor": np.float32(timestep_ps)},
        ),
        "cell_origin": (("frame", "spatial"), np.tile([1.0, 2, 3], (FRAMES, 1)), {"units": "angstrom"}),
        "cell_lengths": (("frame", "spatial"), np.tile(lengths, (FRAMES, 1)), {"units": "angstrom"}),
        "cell_angles": (("frame", "spatial"), np.full((FRAMES, 3), 90.0), {"units": "degree"}),
        "id": (("frame", "atom"), shuffled(np.tile(np.arange(1, N + 1), (FRAMES, 1))), {}),
        "type": (("frame", "atom"), shuffled(np.tile(TYPES, (FRAMES, 1))), {}),
        "coordinates": (("frame", "atom", "spatial"), shuffled(POSITIONS), {"units": "angstrom"}),
    }
    if velocities:
        record["velocities"] = (("frame", "atom", "spatial"), shuffled(VELOCITIES), velocities)
    record.update(more)
    with netcdf_file(path, "w", version=version) as file:
        for name, length in (("frame", None), ("spatial", 3), ("atom", N)):
            file.createDimension(name, length)
        file.program = program
        for name, (dimensions, values, attributes) in record.items():
            if name not in leave:
                kind = "i4" if np.asarray(values).dtype.kind == "i" else "f4"
                variable = file.createVariable(name, kind, dimensions)
                variable[:] = values
                for key, value in attributes.items():
                    setattr(variable, key, value)
    return path


def opened(path, **options):
    return open_trajectory(path, elements=ELEMENTS, **options)


@pytest.mark.parametrize("version", [1, 2])
def test_ids_give_the_order_of_atoms_in_each_frame(tmp_path, version):
    trajectory = opened(write(tmp_path / "traj.nc", version))
    assert trajectory.topology.elements.tolist() == ["O", "H", "H", "O", "H"]
    chunk = trajectory.read(0, FRAMES)
    assert_allclose(chunk.positions, POSITIONS)
    assert_allclose(chunk.cells[2], np.diag([10, 11, 12]), atol=1e-9)
    assert_allclose(chunk.origins, np.tile([1, 2, 3], (FRAMES, 1)))
    assert_allclose(np.concatenate([part.positions for part in trajectory.chunks(3)]), POSITIONS)


def test_steps_are_the_times_that_lammps_stores(tmp_path):
    trajectory = opened(write(tmp_path / "traj.nc"))
    assert trajectory.steps.tolist() == [0, 100, 200, 300]
    assert_allclose(trajectory.times_ps, [0, 0.2, 0.4, 0.6])
    assert_allclose(opened(write(tmp_path / "traj.nc"), timestep_fs=1.0).times_ps, [0, 0.1, 0.2, 0.3])


def test_times_in_femtoseconds(tmp_path):
    time = (("frame",), 100.0 * np.arange(FRAMES), {"units": "femtosecond", "scale_factor": np.float32(1.0)})
    trajectory = opened(write(tmp_path / "traj.nc", time=time))
    assert trajectory.steps.tolist() == [0, 100, 200, 300]
    assert_allclose(trajectory.times_ps, [0, 0.1, 0.2, 0.3])


def test_times_that_are_no_steps(tmp_path):
    time = (("frame",), 0.05 * np.arange(FRAMES), {"units": "picosecond"})
    path = write(tmp_path / "traj.nc", program="sander", time=time)
    assert_allclose(opened(path).times_ps, [0, 0.05, 0.1, 0.15], rtol=1e-6)
    assert opened(path).steps.tolist() == [0, 1, 2, 3]
    assert opened(path, timestep_fs=0.5).steps.tolist() == [0, 100, 200, 300]
    assert opened(path, every=7).steps.tolist() == [0, 7, 14, 21]


@pytest.mark.parametrize(
    ("attributes", "scale"),
    [
        ({"units": "angstrom/picosecond"}, 1.0),
        ({"units": "angstrom/picosecond", "scale_factor": np.float32(20.455)}, 20.455),  # AMBER
        ({"units": "angstrom/femtosecond"}, 1000.0),
    ],
)
def test_velocities(tmp_path, attributes, scale):
    chunk = opened(write(tmp_path / "traj.nc", velocities=attributes)).read(1, 3)
    assert_allclose(chunk.velocities, scale * VELOCITIES[1:3], rtol=1e-6)


def test_a_unit_that_is_none_of_these(tmp_path):
    with pytest.raises(TrajectoryError, match="velocities is in 'furlong/fortnight'"):
        opened(write(tmp_path / "traj.nc", velocities={"units": "furlong/fortnight"})).read(0, 1)


def test_elements_of_a_data_file_are_compared_with_the_types(tmp_path):
    atoms = [f"{i} {kind} 0 0 0" for i, kind in enumerate(TYPES, start=1)]
    (tmp_path / "right.data").write_text(data_file(atoms, ["1 15.999 # O", "2 1.008 # H"]))
    (tmp_path / "wrong.data").write_text(data_file(["1 2 0 0 0", *atoms[1:]], ["1 15.999 # O", "2 1.008 # H"]))
    path = write(tmp_path / "traj.nc")
    assert open_trajectory(path, data=tmp_path / "right.data").topology.elements.tolist() == ["O", "H", "H", "O", "H"]
    with pytest.raises(TrajectoryError, match="atom 1 is of type 1 there but of type 2"):
        open_trajectory(path, data=tmp_path / "wrong.data")


def test_without_types_and_data_the_elements_are_asked_for(tmp_path):
    with pytest.raises(TrajectoryError, match="--elements"):
        open_trajectory(write(tmp_path / "traj.nc", leave=("type",)))


def test_other_ids_in_a_later_frame(tmp_path):
    ids = np.tile(np.arange(1, N + 1), (FRAMES, 1))
    ids[2, 0] = 77
    path = write(tmp_path / "traj.nc", id=(("frame", "atom"), shuffled(ids), {}))
    with pytest.raises(TrajectoryError, match="step 200 has other atom ids"):
        opened(path).read(0, FRAMES)


def test_a_type_that_changes_in_a_later_frame(tmp_path):
    types = np.tile(TYPES, (FRAMES, 1))
    types[2, :2] = types[2, 1::-1]
    path = write(tmp_path / "traj.nc", type=(("frame", "atom"), shuffled(types), {}))
    with pytest.raises(TrajectoryError, match=r"column `type` of atom 1 at step 200 .*\(2 atoms differ\)"):
        opened(path).read(0, FRAMES)


def test_an_axis_that_is_not_periodic_has_no_length_of_its_own(tmp_path):
    path = write(tmp_path / "traj.nc", lengths=(10, 11, 0))
    trajectory = opened(path)
    assert trajectory.periodic == (True, True, False)
    low, high = POSITIONS[:, :, 2].min(), POSITIONS[:, :, 2].max()
    chunk = trajectory.read(0, FRAMES)
    assert_allclose(chunk.origins[:, 2], low, rtol=1e-6)
    assert chunk.cells[0, 2, 2] >= high - low + 10
    (tmp_path / "system.data").write_text(data_file(["1 1 0 0 0"], ["1 15.999 # O", "2 1.008 # H"]))


def test_scaled_and_unwrapped_coordinates(tmp_path):
    scaled = (POSITIONS - [1, 2, 3]) / [10, 11, 12]
    coordinates = ("frame", "atom", "spatial")
    path = write(tmp_path / "a.nc", leave=("coordinates",), scaled_coordinates=(coordinates, shuffled(scaled), {}))
    assert_allclose(opened(path).read(0, FRAMES).positions, POSITIONS, atol=1e-5)
    far = POSITIONS + np.array([100, 0, 0])
    path = write(tmp_path / "b.nc", unwrapped_coordinates=(coordinates, shuffled(far), {"units": "angstrom"}))
    chunk = opened(path).read(0, FRAMES)
    assert_allclose(chunk.positions, POSITIONS)
    assert_allclose(chunk[1:3].unwrapped, far[1:3], rtol=1e-6)


def test_no_cell_at_all(tmp_path):
    path = write(tmp_path / "traj.nc", leave=("cell_lengths", "cell_angles"))
    with pytest.raises(TrajectoryError, match=r"no periodic cell.*--cell"):
        opened(path)
    assert_allclose(opened(path, cell="10 11 12").read(0, 1).cells[0], np.diag([10, 11, 12]))


def test_a_file_cut_in_its_last_frame(tmp_path):
    path = write(tmp_path / "traj.nc")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.warns(UserWarning, match=r"incomplete and is left out \(3 frames"):
        trajectory = opened(path)
    assert_allclose(trajectory.read(0, 3).positions, POSITIONS[:3])


@pytest.mark.parametrize("cut", [4, 20, 300])
def test_a_file_cut_in_its_header(tmp_path, cut):
    path = write(tmp_path / "traj.nc")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(TrajectoryError, match=r"damaged|no complete frame|empty"):
        opened(path)


def test_without_coordinates(tmp_path):
    with pytest.raises(TrajectoryError, match="has no coordinates; it has time, cell_origin"):
        opened(write(tmp_path / "traj.nc", leave=("coordinates",)))


def test_a_continued_file_counts_each_step_once(tmp_path):
    time = (("frame",), np.array([0.0, 100, 100, 200]), {"units": "picosecond", "scale_factor": np.float32(0.002)})
    positions = POSITIONS[[0, 1, 1, 2]]
    coordinates = (("frame", "atom", "spatial"), shuffled(positions), {"units": "angstrom"})
    with pytest.warns(UserWarning, match="restart wrote again"):
        trajectory = opened(write(tmp_path / "traj.nc", time=time, coordinates=coordinates))
    assert trajectory.steps.tolist() == [0, 100, 200]
    assert_allclose(trajectory.read(0, 3).positions, POSITIONS[:3])


# -- formats -------------------------------------------------------------------------------------------------------


def as_cdf5(path):
    """The same file in the format that LAMMPS writes with a newer library: 64-bit counts in the header."""
    old = ClassicFile(path, path)

    def name(text):
        return struct.pack(">q", len(text)) + text.encode().ljust(-(-len(text) // 4) * 4, b"\0")

    kinds = {"i4": 4, "f4": 5, "f8": 6}
    lengths = {"frame": 0, "spatial": 3, "atom": N}

    def attributes(found):
        out = struct.pack(">iq", 12, len(found))
        for key, value in found.items():
            if isinstance(value, str):
                out += name(key) + struct.pack(">i", 2) + name(value)
            else:
                out += name(key) + struct.pack(">iqf", 5, 1, value)
        return out

    def header(begins):
        out = b"CDF\x05" + struct.pack(">q", FRAMES) + struct.pack(">iq", 10, len(lengths))
        out += b"".join(name(key) + struct.pack(">q", n) for key, n in lengths.items())
        out += attributes(old.attributes) + struct.pack(">iq", 11, len(old.variables))
        for (key, variable), begin in zip(old.variables.items(), begins, strict=True):
            places = [list(lengths).index(d) for d in variable.dimensions]
            size = variable.values[0].nbytes
            out += name(key) + struct.pack(f">q{len(places)}q", len(places), *places) + attributes(variable.attributes)
            out += struct.pack(">iqq", kinds[variable.values.dtype.str[1:]], size, begin)
        return out

    sizes = [variable.values[0].nbytes for variable in old.variables.values()]
    start = len(header([0] * len(sizes)))
    begins = start + np.cumsum([0, *sizes[:-1]])
    body = b"".join(v.values[i : i + 1].tobytes() for i in range(FRAMES) for v in old.variables.values())
    path.write_bytes(header(begins.tolist()) + body)
    return path


def test_cdf5(tmp_path):
    path = as_cdf5(write(tmp_path / "traj.nc", velocities={"units": "angstrom/picosecond"}))
    assert path.read_bytes()[:4] == b"CDF\x05"
    trajectory = opened(path)
    assert trajectory.steps.tolist() == [0, 100, 200, 300]
    chunk = trajectory.read(0, FRAMES)
    assert_allclose(chunk.positions, POSITIONS)
    assert_allclose(chunk.velocities, VELOCITIES)


def test_netcdf4_is_hdf5(tmp_path):
    h5py = pytest.importorskip("h5py", reason="NetCDF-4 is read through h5py")
    old = ClassicFile(write(tmp_path / "old.nc"), tmp_path)
    with h5py.File(tmp_path / "traj.nc", "w") as file:
        file.attrs["program"] = "LAMMPS"
        for key, variable in old.variables.items():
            file[key] = variable.values.astype(variable.values.dtype.newbyteorder("="))
            file[key].attrs.update(variable.attributes)
    trajectory = opened(tmp_path / "traj.nc")
    assert trajectory.steps.tolist() == [0, 100, 200, 300]
    assert_allclose(trajectory.read(0, FRAMES).positions, POSITIONS)


def test_the_header_as_scipy_reads_it(tmp_path):
    path = write(tmp_path / "traj.nc", velocities={"units": "angstrom/picosecond"})
    ours = ClassicFile(path, path)
    with netcdf_file(path, mmap=False) as theirs:
        assert list(ours.variables) == list(theirs.variables)
        for name, variable in theirs.variables.items():
            assert_allclose(ours.variables[name].values, variable.data)
            assert ours.variables[name].dimensions == variable.dimensions


def test_field_case():
    folder = "netcdf-lammps-unsorted"
    trajectory = open_trajectory(case(f"{folder}/unsorted.nc"), data=case(f"{folder}/n.data"))
    assert [(trajectory.topology.elements == e).sum() for e in ("Au", "H", "Na", "O")] == [96, 120, 3, 60]
    assert_allclose(np.diff(trajectory.times_ps), 0.05, rtol=1e-5)
    positions = trajectory.read(0, trajectory.n_frames).positions
    metal, sodium = trajectory.topology.select("Au"), trajectory.topology.select("Na")
    top = np.sort(positions[:, metal, 2], axis=1)[:, -24:].mean(axis=1)
    assert_allclose((positions[:, sodium, 2].mean(axis=1) - top).mean(), 10.25, atol=0.1)
