"""Steps, times and velocities of an XYZ file, whose units no header names.

A time between steps is a timestep, and timesteps of molecular dynamics lie between 0.01 and 10 fs: this tells ps from
fs.  Velocities give a temperature, and Å/ps, Å/fs and ASE's unit give temperatures that differ by factors of 10,000
and 100: the unit whose temperature is nearest to 350 K is taken.  What was taken is said in a note.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from ase import units
from ase.data import atomic_masses, atomic_numbers
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.headers import Header
from lmpdrive.trajectory.lammps_units import PS_PER_TIME_UNIT
from lmpdrive.trajectory.mapping import MappedFile
from lmpdrive.trajectory.request import Request
from lmpdrive.trajectory.translated.xyz_index import Frame

_TIMESTEPS_FS = (0.01, 10.0)
_ROOM_TEMPERATURE_K = 350.0
_ASE_PER_A_PER_PS = 1e-3 / units.fs
"""Velocity of 1 Å/ps in Å (u/eV)^1/2."""

_KELVIN = 1e-3**2 / units.fs**2 / (3 * units.kB)
"""K of 1 u (Å/ps)^2: T = m v^2 / (3 k)."""


@dataclass(frozen=True)
class Velocities:
    """per_A_per_ps : what 1 Å/ps is in the file's unit; ps_per_unit : the unit of time that goes with it, if known."""

    present: bool = True
    per_A_per_ps: float = 1.0
    momenta: bool = False
    ps_per_unit: float | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Clock:
    """Steps and times of all frames; `units` are LAMMPS' (times and velocities), empty where nothing has a unit."""

    steps: list[int]
    times: list[float | None]
    units: str
    velocities: Velocities
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def rewrites(self) -> bool:
        """Whether velocities must be converted: they are neither in Å/ps nor in Å/fs."""
        return self.velocities.momenta or self.velocities.per_A_per_ps not in (1.0, 1e-3)


def _masses(words: Sequence[Sequence[bytes]], columns: Sequence[str], ask: Request) -> NDArray[np.float64] | None:
    """(N,) u, from a mass column or the elements; None if not all are known."""
    if "mass" in columns:
        return np.array([float(row[columns.index("mass")]) for row in words])
    if "element" in columns:
        names = [row[columns.index("element")].decode() for row in words]
    elif "type" in columns and ask.elements:
        types = [int(row[columns.index("type")]) for row in words]
        names = [ask.elements[number - 1] if 0 < number <= len(ask.elements) else "" for number in types]
    else:
        return None
    return atomic_masses[[atomic_numbers[name] for name in names]] if set(names) <= set(atomic_numbers) else None


def velocity_unit(
    source: MappedFile, first: Frame, columns: Sequence[str], momenta: bool, ask: Request, path: Path
) -> Velocities:
    """The unit of the velocities, from the temperature of the first frame; momenta are ASE's."""
    if "vx" not in columns:
        return Velocities(present=False)
    words = [line.split() for line in bytes(source.buffer[first.body : first.end]).splitlines()]
    masses = _masses(words, columns, ask)
    if momenta:
        if masses is None:
            raise TrajectoryError(
                f"{path} has momenta, and a velocity needs masses: name the elements, or leave them out"
            )
        return Velocities(per_A_per_ps=_ASE_PER_A_PER_PS, momenta=True)
    place = columns.index("vx")
    squares = (np.array([row[place : place + 3] for row in words], dtype=float) ** 2).sum(axis=1)
    moving = squares > 0
    if ask.units:
        return Velocities(per_A_per_ps=PS_PER_TIME_UNIT[ask.units], ps_per_unit=PS_PER_TIME_UNIT[ask.units])
    if masses is None or not moving.any():
        return Velocities(notes=[f"Velocities of {path.name} are taken as Å/ps."])
    kelvin = _KELVIN * float((masses * squares)[moving].mean())
    candidates = {"Å/ps": 1.0, "Å/fs": 1e-3} | (
        {} if first.header.step is not None else {"Å (u/eV)^1/2": _ASE_PER_A_PER_PS}
    )
    name = min(candidates, key=lambda key: abs(np.log(kelvin / candidates[key] ** 2 / _ROOM_TEMPERATURE_K)))
    kelvin /= candidates[name] ** 2
    said = f"Velocities of {path.name} are taken as {name}, which is {kelvin:.0f} K in the first frame."
    return Velocities(per_A_per_ps=candidates[name], ps_per_unit={"Å/fs": 1e-3}.get(name), notes=[said])


def clock_of(headers: Sequence[Header], ask: Request, velocities: Velocities, path: Path) -> Clock:
    """Steps and times: from the headers where all have them, else by counting."""
    written = [header.time for header in headers]
    known = [time for time in written if time is not None]
    times = np.array(known) if len(known) == len(headers) else None
    steps = _written_steps(headers)
    notes: list[str] = []
    ps_per_unit = 1.0
    if times is not None:
        ps_per_unit, note = _ps_per_unit(headers[0], steps, times, velocities, ask)
        notes += [f"Times of {path.name} are taken as {note}."] if note else []
        times = times * ps_per_unit
    steps = steps if steps is not None else _counted(len(headers), times, ask)
    warnings = _contradiction(steps, times, ask, path)
    unit = ask.units or ("real" if velocities.per_A_per_ps == 1e-3 else "metal")
    if times is None:
        unknown: list[float | None] = [None] * len(headers)
        return Clock(steps.tolist(), unknown, unit if velocities.present else "", velocities, notes, warnings)
    in_units = (times / PS_PER_TIME_UNIT[unit]).tolist()
    return Clock(steps.tolist(), in_units, unit, velocities, notes, warnings)


def _written_steps(headers: Sequence[Header]) -> NDArray[np.int64] | None:
    """(F,) the steps, if every frame has one and they are not all the same."""
    steps = [header.step for header in headers if header.step is not None]
    if len(steps) < len(headers) or (len(steps) > 1 and len(set(steps)) == 1):
        return None
    return np.array(steps, dtype=np.int64)


def _ps_per_unit(
    first: Header, steps: NDArray[np.int64] | None, times: NDArray[np.float64], velocities: Velocities, ask: Request
) -> tuple[float, str]:
    """ps in the unit of the times, and what was assumed if nothing says it."""
    if first.ps_per_unit is not None:
        return first.ps_per_unit, ""
    if ask.units:
        return PS_PER_TIME_UNIT[ask.units], ""
    if velocities.ps_per_unit is not None:
        return velocities.ps_per_unit, "fs, as its velocities are in Å/fs"
    if steps is not None and len(steps) > 1:
        moved = np.diff(steps) > 0
        per_step = float(np.median(np.diff(times)[moved] / np.diff(steps)[moved])) if moved.any() else 0.0
        if _TIMESTEPS_FS[0] <= 1e3 * per_step <= _TIMESTEPS_FS[1]:
            return 1.0, f"ps: a timestep of {1e3 * per_step:.4g} fs"
        if _TIMESTEPS_FS[0] <= per_step <= _TIMESTEPS_FS[1]:
            return 1e-3, f"fs: a timestep of {per_step:.4g} fs"
    return 1.0, "ps; it does not name their unit"


def _counted(n_frames: int, times: NDArray[np.float64] | None, ask: Request) -> NDArray[np.int64]:
    """Steps where the headers have none: times over the timestep, or the number of the frame."""
    if times is not None and ask.timestep_fs and ask.every is None:
        steps = 1e3 * times / ask.timestep_fs
        if np.allclose(steps, np.rint(steps), atol=0.02):
            return np.rint(steps).astype(np.int64)
    return (ask.every or 1) * np.arange(n_frames, dtype=np.int64)


def _contradiction(steps: NDArray[np.int64], times: NDArray[np.float64] | None, ask: Request, path: Path) -> list[str]:
    """A warning if the times of the headers are not steps x timestep; the given timestep is what counts."""
    if times is None or not ask.timestep_fs or len(steps) < 2 or steps[-1] == steps[0]:
        return []
    per_step = 1e3 * (times[-1] - times[0]) / (steps[-1] - steps[0])
    if any(abs(per_step * scale / ask.timestep_fs - 1) < 0.01 for scale in (1.0, 1e3, 1e-3)):
        return []
    return [
        f"{path}: by the times in its headers a step is {per_step:.4g} fs, the given timestep is "
        f"{ask.timestep_fs:g} fs, which is used"
    ]


def rewritten(lines: bytes, columns: Sequence[str], clock: Clock, ask: Request, path: Path) -> bytes:
    """The atom lines with velocities in the unit of the clock."""
    words = [line.split() for line in lines.splitlines()]
    place = columns.index("vx")
    try:
        scale = PS_PER_TIME_UNIT[clock.units] / clock.velocities.per_A_per_ps
        numbers = scale * np.array([row[place : place + 3] for row in words], dtype=float)
        if clock.velocities.momenta:
            masses = _masses(words, columns, ask)
            assert masses is not None  # `velocity_unit` found those of the first frame
            numbers /= masses[:, None]
    except (ValueError, IndexError) as error:
        raise TrajectoryError(f"{path}: velocities cannot be read: {error}") from error
    for row, velocity in zip(words, numbers.tolist()):
        row[place : place + 3] = [repr(number).encode() for number in velocity]
    return b"".join(b" ".join(row) + b"\n" for row in words)
