"""Positions as they lie in memory, so that compiled code can read a mapped file without a copy.

Units: Å.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Columns(NamedTuple):
    """What compiled code needs of `Coordinates`: coordinate k of atom i in frame f is as there."""

    records: NDArray[Any]
    starts: NDArray[np.int64]
    stride: int


@dataclass(frozen=True, eq=False)
class Coordinates:
    """Coordinate k (0, 1, 2: x, y, z) of atom i in frame f is `records[f, starts[k] + stride * i]`.

    records : (F, M) 32- or 64-bit reals, C order, read-only; may be a view of a mapped file.
    starts : (3,) first column of x, y and z.
    stride : columns from one atom to the next (1: all x, then all y, then all z; 3: x y z of each atom).
    n_atoms : N.
    """

    records: NDArray[Any]
    starts: NDArray[np.int64]
    stride: int
    n_atoms: int

    @classmethod
    def of(cls, positions: NDArray[np.float64]) -> Coordinates:
        """(F, N, 3) positions; no copy if they are in C order."""
        n_frames, n_atoms, _ = positions.shape
        records = np.ascontiguousarray(positions).reshape(n_frames, 3 * n_atoms)
        records.flags.writeable = False
        return cls(records, np.arange(3), 3, n_atoms)

    def __len__(self) -> int:
        return len(self.records)

    @property
    def columns(self) -> Columns:
        """As an argument of compiled functions."""
        return Columns(self.records, self.starts, self.stride)

    def __getitem__(self, frames: slice) -> Coordinates:
        """The same for a slice of the frames: a view, or a copy where frames are left out between them."""
        records = np.ascontiguousarray(self.records[frames])
        records.flags.writeable = False
        return Coordinates(records, self.starts, self.stride, self.n_atoms)

    def along(self, axis: int) -> NDArray[Any]:
        """(F, N) coordinates of one axis, as a view."""
        first = int(self.starts[axis])
        return self.records[:, first : first + self.stride * (self.n_atoms - 1) + 1 : self.stride]

    def positions(self) -> NDArray[np.float64]:
        """(F, N, 3) in 64 bits; a copy, except where `records` is such an array."""
        if self.stride == 3 and self.records.dtype == np.float64:
            return self.records.reshape(len(self), self.n_atoms, 3)
        out = np.empty((len(self), self.n_atoms, 3))
        for axis in range(3):
            out[:, :, axis] = self.along(axis)
        return out

    def segments(self) -> tuple[NDArray[np.int64], int]:
        """(first columns, length): the contiguous pieces of a record that hold coordinates and nothing else."""
        if self.stride == 3:
            return self.starts[:1], 3 * self.n_atoms
        return self.starts, self.n_atoms
