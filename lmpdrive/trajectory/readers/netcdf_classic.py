"""NetCDF's classic formats (CDF-1, CDF-2 and CDF-5) -> variables as views of the mapped file.

LAMMPS writes CDF-2, or CDF-5 where its library has it, which SciPy does not read; and the layout is simple: a header,
the fixed variables, then records, each with its piece of every record variable.  All numbers are big-endian.
Source: Unidata, "The NetCDF Classic Format Specification", and the CDF-5 specification of PnetCDF.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.mapping import MappedFile

MAGIC = (b"CDF\x01", b"CDF\x02", b"CDF\x05")
_TYPES = ("", "i1", "S1", ">i2", ">i4", ">f4", ">f8", "u1", ">u2", ">u4", ">i8", ">u8")
_DIMENSIONS, _VARIABLES, _ATTRIBUTES = 10, 11, 12


@dataclass(frozen=True, eq=False)
class Variable:
    """values : the whole array, record by record where the first dimension is the unlimited one; a view."""

    values: NDArray[Any]
    dimensions: tuple[str, ...]
    attributes: dict[str, Any] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """An attribute that is a word; empty if it is not there."""
        return str(self.attributes.get(name, "")).strip()


class ClassicFile:
    """A file in one of the classic formats.

    dimensions : name -> length; attributes, variables : by name.
    n_records : complete records that are there; cut : whether more were announced or begun.

    Raises TrajectoryError if the header is damaged.
    """

    def __init__(self, file: Path, path: Path) -> None:
        """`file` : where the bytes are; `path` : how messages call it."""
        self._map = MappedFile(file)
        self._at = 4
        self._wide = self._map.buffer[3] == 5
        self._offset = "q" if self._map.buffer[3] in (2, 5) else "i"
        self.variables: dict[str, Variable] = {}
        try:
            announced = self._count()
            self._lengths = self._dimensions()
            self.attributes = self._attributes()
            variables = self._variable_headers()
            self.dimensions = dict(self._lengths)
            self._lay_out(variables, announced)
        except (struct.error, IndexError, ValueError, OverflowError) as error:
            raise TrajectoryError(f"{path} is damaged: its NetCDF header cannot be read ({error})") from error

    def _one(self, layout: str) -> int:
        value = struct.unpack_from(">" + layout, self._map.buffer, self._at)[0]
        self._at += struct.calcsize(">" + layout)
        return int(value)

    def _count(self) -> int:
        """A number of elements: 64 bits in CDF-5; -1 where a writer left it open."""
        return self._one("q" if self._wide else "i")

    def _name(self) -> str:
        return self._bytes(self._count()).decode()

    def _bytes(self, length: int) -> bytes:
        """So many bytes, which are padded to a multiple of four."""
        if not 0 <= length <= len(self._map) - self._at:
            raise IndexError("it ends within the header")
        found = self._map.buffer[self._at : self._at + length]
        self._at += -(-length // 4) * 4
        return found

    def _list(self, tag: int) -> range:
        """The number of entries of a list, which is there or absent (two zeros)."""
        found, count = self._one("i"), self._count()
        if found not in (0, tag):
            raise ValueError(f"tag {found} where {tag} was expected")
        return range(count)

    def _type(self) -> np.dtype:
        number = self._one("i")
        if not 1 <= number < len(_TYPES):
            raise ValueError(f"{number} is no type")
        return np.dtype(_TYPES[number])

    def _dimensions(self) -> list[tuple[str, int]]:
        return [(self._name(), self._count()) for _ in self._list(_DIMENSIONS)]

    def _attributes(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for _ in self._list(_ATTRIBUTES):
            name, kind, count = self._name(), self._type(), self._count()
            content = self._bytes(count * kind.itemsize)
            if kind.kind == "S":
                found[name] = content.rstrip(b"\0").decode(errors="replace")
            else:
                numbers = np.frombuffer(content, kind)
                found[name] = numbers[0].item() if len(numbers) == 1 else numbers
        return found

    def _variable_headers(self) -> list[tuple[str, list[int], dict[str, Any], np.dtype, int]]:
        headers = []
        for _ in self._list(_VARIABLES):
            name = self._name()
            places = [self._count() for _ in range(self._count())]
            attributes, kind = self._attributes(), self._type()
            self._count()  # the size, which CDF-1 and 2 cannot hold above 4 GiB
            headers.append((name, places, attributes, kind, self._one(self._offset)))
        return headers

    def _lay_out(self, headers: list[tuple[str, list[int], dict[str, Any], np.dtype, int]], announced: int) -> None:
        """The arrays: records follow each other at the length of all their pieces, each padded to four bytes."""
        shapes = {name: [self._lengths[i][1] for i in places] for name, places, *_ in headers}
        recorded = [h for h in headers if h[1] and self._lengths[h[1][0]][1] == 0]
        sizes = {h[0]: prod(shapes[h[0]][1:]) * h[3].itemsize for h in recorded}
        record = sum(sizes.values()) if len(recorded) == 1 else sum(-(-size // 4) * 4 for size in sizes.values())
        ends = [h[4] + sizes[h[0]] for h in recorded]
        there = min((len(self._map) - end) // record + 1 for end in ends) if record else 0
        self.n_records = max(0, there if announced < 0 else min(announced, there))
        self.cut = there < announced
        for name, places, attributes, kind, begin in headers:
            names = tuple(self._lengths[i][0] for i in places)
            if name in sizes:
                shape = (self.n_records, *shapes[name][1:])
                inner = tuple(kind.itemsize * prod(shape[i + 1 :]) for i in range(1, len(shape)))
                values = np.ndarray(shape, kind, self._map.buffer, begin, (record, *inner)) if self.n_records else None
            else:
                shape = tuple(shapes[name])
                fits = begin + prod(shape) * kind.itemsize <= len(self._map)
                values = np.ndarray(shape, kind, self._map.buffer, begin) if fits else None
            if values is not None:
                self.variables[name] = Variable(values, names, attributes)
