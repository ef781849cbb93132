"""`committee.nc`: what each member of a committee says of each frame, so that nothing is evaluated twice.

netCDF 3, which xarray, ncview, R and MATLAB read:

    xarray.open_dataset("committee.nc").energy          # (frame, member) [eV], NaN where not evaluated
    xarray.open_dataset("committee.nc").forces          # (frame, member, atom, xyz) [eV/Å], with --forces

A frame is known by the sha256 of its atoms, positions and cell (`frame_hash`), a member by that of its settings and
files (`member_hash`); `settings` in the attributes is JSON: the `potential:` section of each member.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lmpdrive._version import __version__
from lmpdrive.common.atomic import replacing
from lmpdrive.errors import RunDirectoryError

Array = NDArray[np.float64]

COMMITTEE = "committee.nc"
VALIDATION = "committee-validation.nc"
"""Of labelled frames, whose number of atoms differs."""


@dataclass
class Evaluations:
    """Energies of F frames by M members.

    frames, members : their hashes; names, settings : of the members.
    steps, times_ps : (F,) of the frames, NaN where unknown.
    energies_eV : (F, M); forces : (F, M, N, 3) [eV/Å] single precision, or None.
    """

    frames: list[str]
    members: list[str]
    names: list[str]
    settings: list[dict[str, Any]]
    steps: Array
    times_ps: Array
    energies_eV: Array
    forces: NDArray[np.float32] | None = None

    @classmethod
    def empty(cls) -> Self:
        """Nothing evaluated yet."""
        return cls([], [], [], [], np.zeros(0), np.zeros(0), np.zeros((0, 0)))

    def of(self, frames: list[str], members: list[str]) -> Array:
        """(frames, members) energies; NaN where not evaluated."""
        found = np.full((len(frames), len(members)), np.nan)
        rows = {frame: i for i, frame in enumerate(self.frames)}
        columns = {member: j for j, member in enumerate(self.members)}
        known = [(i, rows[frame]) for i, frame in enumerate(frames) if frame in rows]
        for j, member in enumerate(members):
            if member in columns and known:
                to, row = np.array(known).T
                found[to, j] = self.energies_eV[row, columns[member]]
        return found

    def lacking(self, frames: list[str], member: str, with_forces: bool) -> NDArray[np.bool_]:
        """Which of `frames` a member was not asked for."""
        lacking = np.isnan(self.of(frames, [member])[:, 0])
        if with_forces and member in self.members:
            rows, column = {frame: i for i, frame in enumerate(self.frames)}, self.members.index(member)
            for i, frame in enumerate(frames):
                if not lacking[i]:
                    lacking[i] = self.forces is None or bool(np.isnan(self.forces[rows[frame], column]).any())
        return lacking

    def add(
        self, frames: list[str], steps: Array, times_ps: Array, names: dict[str, str], settings: dict[str, Any]
    ) -> None:
        """Rows for frames and columns for members (hash -> name, hash -> settings) that are new; NaN for now."""
        new = [i for i, frame in enumerate(frames) if frame not in set(self.frames)]
        new = list({frames[i]: i for i in reversed(new)}.values())[::-1]
        more = [member for member in names if member not in self.members]
        grow = ((0, len(new)), (0, len(more)))
        self.energies_eV = np.pad(self.energies_eV, grow, constant_values=np.nan)
        if self.forces is not None:
            self.forces = np.pad(self.forces, (*grow, (0, 0), (0, 0)), constant_values=np.nan)
        self.frames += [frames[i] for i in new]
        self.steps, self.times_ps = np.append(self.steps, steps[new]), np.append(self.times_ps, times_ps[new])
        self.members += more
        self.names += [names[member] for member in more]
        self.settings += [settings[member] for member in more]

    def put(self, frames: list[str], member: str, energies_eV: Array, forces: Array | None) -> None:
        """What a member says of some of the frames; forces (frames, N, 3) or None."""
        rows = {frame: i for i, frame in enumerate(self.frames)}
        to, column = [rows[frame] for frame in frames], self.members.index(member)
        self.energies_eV[to, column] = energies_eV
        if forces is not None:
            if self.forces is None:
                shape = (*self.energies_eV.shape, *forces.shape[1:])
                self.forces = np.full(shape, np.nan, dtype=np.float32)
            self.forces[to, column] = forces


def write(found: Evaluations, path: Path) -> None:
    """Write to a temporary name and rename.  Raises RunDirectoryError if it cannot be written."""
    from scipy.io import netcdf_file

    try:
        with replacing(path) as temporary, netcdf_file(temporary, "w", version=2) as file:
            file.title = b"energies of the members of a committee"
            file.lmpdrive = __version__.encode()
            file.settings = json.dumps(found.settings, default=str).encode()
            for name, size in (("frame", len(found.frames)), ("member", len(found.members))):
                file.createDimension(name, size)
            _numbers(file, "step", ("frame",), found.steps, "1", "MD step of the frame")
            _numbers(file, "time", ("frame",), found.times_ps, "ps", "time of the frame")
            _numbers(file, "energy", ("frame", "member"), found.energies_eV, "eV", "potential energy")
            if found.forces is not None:
                file.createDimension("atom", found.forces.shape[2])
                file.createDimension("xyz", 3)
                _numbers(file, "forces", ("frame", "member", "atom", "xyz"), found.forces, "eV/Angstrom", "forces", "f")
            _words(file, "frame_hash", "frame", found.frames)
            _words(file, "member_hash", "member", found.members)
            _words(file, "member_name", "member", found.names)
    except OSError as error:
        raise RunDirectoryError(f"cannot write {path}: {error.strerror or error}") from error


def read(path: Path) -> Evaluations:
    """What `write` wrote; nothing if there is no such file.

    Raises RunDirectoryError for a file that `write` did not write.
    """
    from scipy.io import netcdf_file

    if not path.is_file():
        return Evaluations.empty()
    try:
        with netcdf_file(path, "r", mmap=False) as file:
            settings = json.loads(file.settings.decode())
            variables = {name: variable[:].copy() for name, variable in file.variables.items()}
            forces = variables.get("forces")
            return Evaluations(
                frames=_read_words(variables["frame_hash"]),
                members=_read_words(variables["member_hash"]),
                names=_read_words(variables["member_name"]),
                settings=settings,
                steps=variables["step"].astype(float),
                times_ps=variables["time"].astype(float),
                energies_eV=variables["energy"].astype(float),
                forces=None if forces is None else forces.astype(np.float32),
            )
    except (OSError, TypeError, ValueError, AttributeError, KeyError) as error:
        raise RunDirectoryError(f"{path} is not a committee file of lmpdrive ({error}): remove it") from error


def _numbers(
    file: Any, name: str, dimensions: tuple[str, ...], values: Any, units: str, long_name: str, kind: str = "d"
) -> None:
    variable = file.createVariable(name, kind, dimensions)
    variable[:] = values
    variable.units, variable.long_name = units.encode(), long_name.encode()


def _words(file: Any, name: str, dimension: str, words: list[str]) -> None:
    encoded = np.array([word.encode() for word in words] or [b""])
    width = max(1, encoded.dtype.itemsize)
    file.createDimension(f"{name}_characters", width)
    variable = file.createVariable(name, "c", (dimension, f"{name}_characters"))
    variable[:] = encoded.astype(f"S{width}").view("S1").reshape(-1, width)[: len(words)]
    variable._Encoding = b"utf-8"


def _read_words(characters: Any) -> list[str]:
    return [b"".join(row).rstrip(b"\0").decode() for row in characters]
