"""The variables of a NetCDF trajectory, whichever of the formats it is in; numbers become Å, ps, Å/ps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.readers.netcdf_classic import ClassicFile, Variable

HDF5 = b"\x89HDF"
SUFFIXES = (".nc", ".ncdf", ".netcdf")

PS = {"picosecond": 1.0, "picoseconds": 1.0, "ps": 1.0, "femtosecond": 1e-3, "femtoseconds": 1e-3, "fs": 1e-3}
_ANGSTROM = {"angstrom": 1.0, "angstroms": 1.0, "nanometer": 10.0, "nm": 10.0}
_FACTORS = {
    **PS,
    **_ANGSTROM,
    **{f"{length}/{time}": a / ps for length, a in _ANGSTROM.items() for time, ps in PS.items()},
}


class Variables:
    """path : as messages call it; by_name; attributes of the file; n_frames that are complete; cut : if one is not."""

    def __init__(self, file: Path, path: Path, head: bytes) -> None:
        self.path = path
        self.by_name: dict[str, Variable] = {}
        if head.startswith(HDF5):
            self._read_hdf5(file)
        else:
            classic = ClassicFile(file, path)
            self.by_name, self.attributes = classic.variables, classic.attributes
            self.n_frames, self.cut = classic.n_records, classic.cut

    def _read_hdf5(self, file: Path) -> None:
        try:
            import h5py
        except ImportError as error:
            raise TrajectoryError(
                f"{self.path} is a NetCDF-4 file (HDF5): pip install h5py, or convert it with "
                "`nccopy -k cdf5 in.nc out.nc`"
            ) from error
        try:
            content = h5py.File(file, "r")
        except OSError as error:
            raise TrajectoryError(f"cannot read {self.path}: {error}") from error
        self.attributes = {name: _decoded(value) for name, value in content.attrs.items()}
        for name, values in content.items():
            if isinstance(values, h5py.Dataset):
                attributes = {key: _decoded(value) for key, value in values.attrs.items()}
                self.by_name[name] = Variable(values, (), attributes)
        lengths = [len(v.values) for name, v in self.by_name.items() if name in ("coordinates", "time")]
        self.n_frames, self.cut = min(lengths, default=0), False

    def scale(self, name: str) -> float:
        """Å, ps or Å/ps of 1 in the file: its scale factor times its unit.

        Raises TrajectoryError for a unit that is none of length, time or velocity.
        """
        variable = self.by_name[name]
        unit = variable.text("units").lower()
        if unit and unit not in _FACTORS:
            raise TrajectoryError(f"{self.path}: {name} is in {unit!r}; want one of {', '.join(sorted(_FACTORS))}")
        return _FACTORS.get(unit, 1.0) * float(np.ravel(variable.attributes.get("scale_factor", 1.0))[0])

    def numbers(self, name: str, start: int, stop: int) -> NDArray[np.float64]:
        """Some frames of a variable, converted."""
        return np.asarray(self.by_name[name].values[start:stop], dtype=float) * self.scale(name)

    def integers(self, name: str, start: int, stop: int) -> NDArray[np.int64]:
        """Some frames of a variable of integers."""
        return np.asarray(self.by_name[name].values[start:stop], dtype=np.int64)


def _decoded(value: Any) -> Any:
    """Text that h5py gives as bytes or as an array of one."""
    value = np.ravel(value)[0] if isinstance(value, np.ndarray) and value.size == 1 else value
    return value.decode(errors="replace") if isinstance(value, bytes) else value
