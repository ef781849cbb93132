"""Frames as the objects of other packages: ASE's `Atoms`, MDAnalysis' `Universe`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lmpdrive.errors import TrajectoryError

if TYPE_CHECKING:
    from ase import Atoms

    from lmpdrive.trajectory.frames import Chunk, Trajectory


def as_atoms(trajectory: Trajectory, frame: int = -1) -> Atoms:
    """One frame for ASE, its cell with the corner at 0; fixed atoms have `FixAtoms`.

    `info` has step and time_ps.  Raises TrajectoryError for a frame that is not there.
    """
    n = trajectory.n_frames
    if not -n <= frame < n:
        raise TrajectoryError(f"frame {frame}: {trajectory.path.name} has {n} frames, 0 to {n - 1}, or -1 for the last")
    frame %= n
    return _atoms(trajectory, trajectory.read(frame, frame + 1), 0)


def as_images(trajectory: Trajectory, every: int = 1) -> list[Atoms]:
    """Every so-manieth frame for ASE (`ase.visualize.view`, `ase.io.write`)."""
    return [
        _atoms(trajectory, chunk, k)
        for chunk in trajectory.chunks()
        for k in range(-chunk.first % _checked(every), len(chunk), every)
    ]


def as_universe(trajectory: Trajectory, every: int = 1) -> Any:
    """Every so-manieth frame as a `MDAnalysis.Universe` in memory: Å and ps, names and types are the elements.

    Raises TrajectoryError where MDAnalysis is not installed.
    """
    try:
        import MDAnalysis as mda
        from MDAnalysis.coordinates.memory import MemoryReader
        from MDAnalysis.lib.mdamath import triclinic_box
    except ImportError:
        raise TrajectoryError('a Universe needs MDAnalysis: pip install "lmpdrive[formats]"') from None
    positions, boxes, times = [], [], []
    for chunk in trajectory.chunks():
        picked = slice(-chunk.first % _checked(every), None, every)
        positions.append(np.asarray(chunk.positions[picked] - chunk.origins[picked, None], dtype=np.float32))
        boxes += [triclinic_box(*cell) for cell in chunk.cells[picked]]
        times.append(chunk.times_ps[picked])
    time_ps = np.concatenate(times)
    apart = float(np.median(np.diff(time_ps))) if len(time_ps) > 1 and trajectory.times_known else 1.0
    universe = mda.Universe.empty(trajectory.n_atoms, trajectory=False)
    for attribute in ("elements", "names", "types"):
        universe.add_TopologyAttr(attribute, list(map(str, trajectory.topology.elements)))
    universe.add_TopologyAttr("masses", _masses(trajectory))
    if trajectory.topology.charges_e is not None:
        universe.add_TopologyAttr("charges", trajectory.topology.charges_e)
    start = float(time_ps[0]) if trajectory.times_known else 0.0
    frames = {"dimensions": np.array(boxes), "dt": apart, "time_offset": start}
    universe.load_new(np.concatenate(positions), format=MemoryReader, order="fac", **frames)
    return universe


def _checked(every: int) -> int:
    if every < 1:
        raise TrajectoryError(f"every={every}: want 1 (all frames) or more")
    return every


def _masses(trajectory: Trajectory) -> np.ndarray:
    from ase.data import atomic_masses, atomic_numbers

    if trajectory.topology.masses_u is not None:
        return trajectory.topology.masses_u
    return np.array([atomic_masses[atomic_numbers.get(element, 0)] for element in trajectory.topology.elements])


def _atoms(trajectory: Trajectory, chunk: Chunk, k: int) -> Atoms:
    from ase import Atoms, units
    from ase.constraints import FixAtoms

    topology = trajectory.topology
    atoms = Atoms(
        list(map(str, topology.elements)),
        np.asarray(chunk.positions[k] - chunk.origins[k], dtype=float),
        cell=chunk.cells[k],
        pbc=trajectory.periodic,
        masses=topology.masses_u,
        info={"step": int(chunk.steps[k]), "time_ps": float(chunk.times_ps[k])},
    )
    if len(fixed := topology.groups.get("fixed", np.zeros(0, dtype=np.int64))):
        atoms.set_constraint(FixAtoms(indices=fixed))
    if chunk.velocities is not None:
        atoms.set_velocities(chunk.velocities[k] / (1000 * units.fs))
    return atoms
