"""LAMMPS text dumps (`dump custom`, `dump atom`), plain or gzip, any column order, orthogonal or triclinic.

Coordinates may be x (wrapped), xu (unwrapped), xs or xsu (fractions of the cell): all become Å in the
frame's own axes, box origin included.  Atoms are sorted by id.  Steps that a restart wrote twice are
read once (the later copy, which continues the trajectory).  One pass finds where frames begin; a chunk
is then parsed in one go by pandas' C parser.
"""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.frames import Chunk, Trajectory
from lmpdrive.trajectory.topology import HOW_TO_NAME_ELEMENTS, Topology, name_types

_START = re.compile(rb"^ITEM: (?:UNITS|TIME|TIMESTEP)\b", re.MULTILINE)
_PS_PER_TIME_UNIT = {"metal": 1.0, "real": 1e-3, "electron": 1e-3, "si": 1e12, "cgs": 1e12}
_BLOCK = 1 << 24


@dataclass(frozen=True)
class _Header:
    step: int
    time_ps: float
    n_atoms: int
    columns: tuple[str, ...]
    cell: NDArray[np.float64]
    origin: NDArray[np.float64]
    body: int
    """Offset of the first atom line within the frame's text."""


class LammpsDumpTrajectory(Trajectory):
    """A text dump.  `names` maps types to elements (list in type order); an `element` column wins over it."""

    def __init__(
        self,
        path: Path,
        topology: Topology | None = None,
        *,
        names: Mapping[int, str] | Sequence[str] | None = None,
        timestep_fs: float | None = None,
    ) -> None:
        super().__init__(path)
        try:
            # stays open for the life of the trajectory: chunks are read from it
            self._file = gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # noqa: SIM115
            starts, size = self._find_frames()
        except (OSError, EOFError) as error:
            raise TrajectoryError(f"cannot read {path}: {error}") from error
        if size == 0:
            raise TrajectoryError(f"{path} is empty; did the run reach its first output?")
        spans = list(zip(starts, [*starts[1:], size], strict=True))
        if spans and not self._complete(spans[-1]):
            spans.pop()
            self.warn(f"{path}: the last frame is incomplete and is left out ({len(spans)} frames are used)")
        if not spans:
            raise TrajectoryError(f"{path} holds no complete frame of a LAMMPS text dump")
        first = self._header(spans[0])
        self._columns, self._n_atoms = first.columns, first.n_atoms
        self._spans, steps, times = self._without_repeats(spans)
        self.steps = np.array(steps, dtype=np.int64)
        self.times_ps = np.array([1e-3 * timestep_fs * step for step in steps] if timestep_fs else times)
        if topology is not None and topology.n_atoms != self._n_atoms:
            raise TrajectoryError(
                f"{path} has {self._n_atoms} atoms but the structure given with it has {topology.n_atoms}; "
                "are they of the same run?"
            )
        self.topology = topology or Topology(self._elements(names))

    def _find_frames(self) -> tuple[list[int], int]:
        """Offset of each frame, and the length of the (uncompressed) text."""
        starts: list[int] = []
        offset, tail = 0, b""
        inside_head = False
        while block := self._file.read(_BLOCK):
            cut = (tail + block).rfind(b"\n") + 1  # whole lines only
            text = (tail + block)[:cut]
            for match in _START.finditer(text):
                is_step = match[0].endswith(b"TIMESTEP")
                if not inside_head:
                    starts.append(offset + match.start())
                inside_head = not is_step  # UNITS and TIME come before TIMESTEP
            offset += cut
            tail = (tail + block)[cut:]
        return starts, offset + len(tail)

    def _text(self, span: tuple[int, int]) -> bytes:
        self._file.seek(span[0])
        return self._file.read(span[1] - span[0])

    def _complete(self, span: tuple[int, int]) -> bool:
        """LAMMPS ends every line, so a frame without its last newline was cut (perhaps within a number)."""
        text = self._text(span)
        try:
            header = self._parse_header(text)
        except (TrajectoryError, ValueError, IndexError):
            return False
        return text.count(b"\n", header.body) >= header.n_atoms

    def _header(self, span: tuple[int, int]) -> _Header:
        self._file.seek(span[0])
        return self._parse_header(self._file.read(min(4096, span[1] - span[0])))

    def _parse_header(self, text: bytes) -> _Header:
        """Everything before the atom lines of one frame."""
        time, units, step, n_atoms, body = float("nan"), "", None, None, 0
        bounds: list[list[float]] = []
        bounds_item = columns = ""
        lines = io.BytesIO(text)
        for line in lines:
            item = line.decode(errors="replace").strip()
            if item.startswith("ITEM: UNITS"):
                units = next(lines).decode().strip()
            elif item == "ITEM: TIME":
                time = float(next(lines))
            elif item.startswith("ITEM: TIMESTEP"):
                step = int(next(lines))
            elif item.startswith("ITEM: NUMBER OF ATOMS"):
                n_atoms = int(next(lines))
            elif item.startswith("ITEM: BOX BOUNDS"):
                bounds_item = item
                bounds = [[float(word) for word in next(lines).split()] for _ in range(3)]
            elif item.startswith("ITEM: ATOMS"):
                columns, body = item[len("ITEM: ATOMS") :], lines.tell()
                break
        if step is None or n_atoms is None or not bounds or not columns.split():
            raise TrajectoryError(
                f"{self.path}: a frame lacks its step, atom count, box or column names "
                "(written with `dump custom` or `dump atom`?)"
            )
        cell, origin = box_to_cell(bounds, bounds_item)
        time_ps = time * _PS_PER_TIME_UNIT.get(units, float("nan"))
        return _Header(step, time_ps, n_atoms, tuple(columns.split()), cell, origin, body)

    def _without_repeats(self, spans: list[tuple[int, int]]) -> tuple[list[tuple[int, int]], list[int], list[float]]:
        """Drop frames that a restart wrote again, and check that all frames have the same columns."""
        kept: list[tuple[tuple[int, int], int, float]] = []
        dropped = 0
        for span in spans:
            head = self._header(span)
            if head.n_atoms != self._n_atoms:
                raise TrajectoryError(
                    f"{self.path}: {head.n_atoms} atoms at step {head.step}, {self._n_atoms} before; were atoms lost?"
                )
            if head.columns != self._columns:
                raise TrajectoryError(f"{self.path}: the columns change at step {head.step}")
            while kept and kept[-1][1] >= head.step:
                kept.pop()
                dropped += 1
            kept.append((span, head.step, head.time_ps))
        if dropped:
            self.warn(f"{self.path}: {dropped} frames that a restart wrote again are read once")
        return [k[0] for k in kept], [k[1] for k in kept], [k[2] for k in kept]

    def _table(self, spans: list[tuple[int, int]]) -> tuple[dict[str, NDArray], list[_Header]]:
        """Columns of some frames, each (F, N) and sorted by id, and their headers."""
        import pandas as pd

        headers, bodies = [], []
        for span in spans:
            text = self._text(span)
            headers.append(self._parse_header(text))
            bodies.append(text[headers[-1].body :])
        frame = pd.read_csv(
            io.BytesIO(b"".join(bodies)),
            sep=r"\s+",
            header=None,
            names=list(self._columns),
            na_filter=False,  # the element Na is not a missing value
        )
        if len(frame) != len(spans) * self._n_atoms:
            raise TrajectoryError(
                f"{self.path}: steps {headers[0].step} to {headers[-1].step} hold {len(frame)} atom lines "
                f"where {len(spans) * self._n_atoms} were announced; the file is damaged"
            )
        columns = {name: frame[name].to_numpy().reshape(len(spans), self._n_atoms) for name in self._columns}
        if "id" in columns:
            order = np.argsort(columns["id"], axis=1, kind="stable")
            columns = {name: np.take_along_axis(values, order, axis=1) for name, values in columns.items()}
        return columns, headers

    def _elements(self, names: Mapping[int, str] | Sequence[str] | None) -> NDArray[np.str_]:
        columns, _ = self._table(self._spans[:1])
        if "element" in columns:
            return columns["element"][0].astype(str)
        if "type" in columns:
            if columns["type"].dtype.kind in "iu":
                return name_types(columns["type"][0], names, str(self.path))
            return columns["type"][0].astype(str)  # type labels
        raise TrajectoryError(f"{self.path} has neither an `element` nor a `type` column; {HOW_TO_NAME_ELEMENTS}")

    def read(self, start: int, stop: int) -> Chunk:
        """Frames `start` to `stop` (exclusive), atoms sorted by id."""
        columns, headers = self._table(self._spans[start:stop])
        cells = np.array([head.cell for head in headers])
        origins = np.array([head.origin for head in headers])
        return Chunk(
            self._positions(columns, cells, origins),
            cells,
            origins,
            self.steps[start:stop],
            self.times_ps[start:stop],
            start,
        )

    def _positions(
        self, columns: dict[str, NDArray], cells: NDArray[np.float64], origins: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        for suffix, scaled in (("", False), ("u", False), ("s", True), ("su", True)):
            names = [axis + suffix for axis in "xyz"]
            if all(name in columns for name in names):
                values = np.stack([columns[name] for name in names], axis=-1).astype(float)
                return values @ cells + origins[:, None, :] if scaled else values
        raise TrajectoryError(
            f"{self.path} has no coordinates: want columns x y z (or xu, xs, xsu), found {' '.join(self._columns)}"
        )


def box_to_cell(bounds: list[list[float]], item: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Three BOX BOUNDS lines -> (3, 3) cell rows and (3,) origin, Å.

    Orthogonal `lo hi`; triclinic `lo_bound hi_bound tilt` (bounding box of the tilted cell: the LAMMPS
    manual, Howto triclinic); general triclinic `abc origin`.
    """
    box = np.array(bounds)
    if "abc origin" in item:
        return box[:, :3], box[:, 3]
    low, high = box[:, 0].copy(), box[:, 1].copy()
    if box.shape[1] < 3:
        return np.diag(high - low), low
    xy, xz, yz = box[:, 2]
    low[0] -= min(0.0, xy, xz, xy + xz)
    high[0] -= max(0.0, xy, xz, xy + xz)
    low[1] -= min(0.0, yz)
    high[1] -= max(0.0, yz)
    a, b, c = high - low
    return np.array([[a, 0.0, 0.0], [xy, b, 0.0], [xz, yz, c]]), low
