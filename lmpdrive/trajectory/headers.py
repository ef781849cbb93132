"""The comment line of a frame in an XYZ file: step, time, cell and columns, in the ways in which programs write them.

Timestep=20 Time=0.01 pbc="T T F" Lattice="..." Properties=species:S:1:pos:R:3     LAMMPS dump extxyz, GPUMD
 i =       10, time =        5.000, E =    -1234.5                                  CP2K
 Atoms. Timestep: 20                                                                LAMMPS dump xyz
# CELL(abcABC): 10 10 20 90 90 90  Step: 20  Bead: 0 positions{angstrom} cell{angstrom}    i-PI
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmpdrive.trajectory.given_cell import parse_cell

_PAIR = re.compile(r"""([A-Za-z_][\w.\[\]\-]*)\s*[=:]\s*("[^"]*"|'[^']*'|\{[^}]*\}|\[[^\]]*\]|[^\s,;]+)""")
_IPI = re.compile(r"CELL[({]abcABC[)}]:\s*((?:[-+\d.eE]+\s+){6})")
_IPI_UNIT = re.compile(r"\b(positions|cell)\{(\w+)\}")
_STEP_KEYS = ("timestep", "step", "i", "md_step")
_PS = {"time": None, "time_ps": 1.0, "time[ps]": 1.0, "time_fs": 1e-3, "time[fs]": 1e-3}
"""Keys of times, and ps in their unit where the key says it."""


@dataclass(frozen=True, eq=False)
class Header:
    """What a comment line says; None where it says nothing.

    time : in units of `ps_per_unit`, which is None where nobody says.
    cell : (3, 3) Å; origin : (3,) Å; periodic : three flags.
    properties : (name, kind, columns) of an extended XYZ, in order.
    length_unit : as i-PI names it, or empty.
    """

    step: int | None = None
    time: float | None = None
    ps_per_unit: float | None = None
    cell: NDArray[np.float64] | None = None
    origin: NDArray[np.float64] | None = None
    periodic: tuple[bool, bool, bool] | None = None
    properties: tuple[tuple[str, str, int], ...] = ()
    length_unit: str = ""


def parse_header(line: str) -> Header:
    """Read a comment line.  Raises ValueError or TrajectoryError for values that are none."""
    pairs = {key.lower(): value.strip("\"'{}[]").strip() for key, value in _PAIR.findall(line)}
    units = dict(_IPI_UNIT.findall(line))
    step = next((number for key in _STEP_KEYS if (number := _integer(pairs.get(key))) is not None), None)
    time_key = next((key for key in _PS if _number(pairs.get(key)) is not None), None)
    ps_per_unit = _PS[time_key] if time_key else None
    if time_key == "time" and "i" in pairs and "timestep" not in pairs:  # CP2K
        ps_per_unit = 1e-3
    cell = _lattice(pairs.get("lattice"))
    if match := _IPI.search(line):
        cell = parse_cell(match[1])
    return Header(
        step=step,
        time=_number(pairs.get(time_key)) if time_key else None,
        ps_per_unit=ps_per_unit,
        cell=cell,
        origin=_vector(pairs.get("origin")),
        periodic=_flags(pairs),
        properties=_properties(pairs.get("properties", "")),
        length_unit=next((unit for unit in units.values() if unit != "angstrom"), "") or units.get("positions", ""),
    )


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None


def _integer(text: str | None) -> int | None:
    number = _number(text)
    return int(number) if number is not None and number == int(number) else None


def _vector(text: str | None) -> NDArray[np.float64] | None:
    return np.array([float(word) for word in text.split()]) if text else None


def _lattice(text: str | None) -> NDArray[np.float64] | None:
    """Nine numbers; None where they have no volume, as some programs write where there is no cell."""
    if not text:
        return None
    vectors = np.array([float(word) for word in text.split()]).reshape(3, 3)
    return vectors if abs(np.linalg.det(vectors)) > 1e-6 else None


def _flags(pairs: Mapping[str, str]) -> tuple[bool, bool, bool] | None:
    words = pairs.get("pbc", "").replace(",", " ").split()
    if len(words) != 3:
        return None
    a, b, c = (word.upper() in ("T", "TRUE", "1") for word in words)
    return a, b, c


def _properties(text: str) -> tuple[tuple[str, str, int], ...]:
    """`species:S:1:pos:R:3` -> its triples.  Raises ValueError if they are none."""
    words = text.split(":") if text else []
    if len(words) % 3:
        raise ValueError(f"Properties={text} is not a list of name:type:columns")
    return tuple((words[i], words[i + 1], int(words[i + 2])) for i in range(0, len(words), 3))
