"""The restart files of a run: what step each holds, and whether it is whole.  Dates are never used.

A restart file of LAMMPS begins and ends with the same mark, so one that was cut short shows.  A changed byte does not:
`restarts.json` has the sha256 that each file had when it was written, as far as lmpdrive was watching; and LAMMPS reads
the file in a separate process before a run depends on it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lmpdrive.common.atomic import write_atomically
from lmpdrive.common.manifest import SystemSection
from lmpdrive.common.run_files import FAILED_RESTART
from lmpdrive.common.units import EV_PER_U_A2_PER_PS2, K_B_EV_PER_K
from lmpdrive.environments import Interpreter
from lmpdrive.errors import RestartFileError

RECORD = "restarts.json"
MAGIC = b"LammpS RestartT\0"
HOTTEST_K = 1e5
"""No run that is worth resuming is hotter."""

_TEXTS, _STEP = (0, 4), 5
"""Flags of the header (src/lmprestart.h): VERSION and UNITS are texts, NTIMESTEP has 8 bytes, others before it 4."""


@dataclass(frozen=True)
class Restart:
    """A restart file: its step and where in the file that stands, or why it is unusable."""

    path: Path
    step: int = -1
    offset: int = 0
    problem: str = ""


def inspect(path: Path) -> Restart:
    """What the file says of itself; cheap, only its ends are read."""
    try:
        with path.open("rb") as file:
            head = file.read(512)
            file.seek(0, os.SEEK_END)
            size = file.tell()
            file.seek(max(0, size - len(MAGIC)))
            tail = file.read()
    except OSError as error:
        return Restart(path, problem=f"cannot be read: {error.strerror}")
    if not head.startswith(MAGIC):
        return Restart(path, problem="is no restart file of LAMMPS")
    if tail != MAGIC or size < 2 * len(MAGIC):
        return Restart(path, problem="is cut short")
    at, order = len(MAGIC) + 8, "<" if head[16:20] == b"\1\0\0\0" else ">"
    try:
        while True:
            (flag,) = struct.unpack_from(f"{order}i", head, at)
            if flag == _STEP:
                return Restart(path, struct.unpack_from(f"{order}q", head, at + 4)[0], at + 4)
            if flag < 0:
                break
            at += 8 + (struct.unpack_from(f"{order}i", head, at + 4)[0] if flag in _TEXTS else 0)
    except struct.error:
        pass
    return Restart(path, problem="has a damaged header")


class RestartRecorder:
    """Writes `restarts.json` during a run: name -> step and sha256 of each whole restart file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # existing files were recorded when they were written, or their original content is unknown
        self._seen = {path.name: _mark(path) for path in folder.glob("*.restart")}

    def poll(self) -> None:
        """Record the files that changed since the last call."""
        with contextlib.suppress(OSError):  # a full disk is no reason to end a run here
            for path in sorted(self._folder.glob("*.restart")):
                mark = _mark(path)
                if self._seen.get(path.name) != mark:
                    self._record(path, mark)

    def _record(self, path: Path, mark: tuple[int, int, int] | None) -> None:
        found = inspect(path)
        digest = "" if found.problem else _sha256(path.read_bytes())
        if _mark(path) != mark:
            return  # still being written: next time
        self._seen[path.name] = mark
        if digest:
            record = recorded(self._folder) | {path.name: {"step": found.step, "sha256": digest}}
            write_atomically(self._folder / RECORD, json.dumps(record, indent=1) + "\n")


def recorded(folder: Path) -> dict[str, dict[str, Any]]:
    """The content of `restarts.json`; empty if there is none that can be read."""
    try:
        record = json.loads((folder / RECORD).read_text())
    except (OSError, ValueError):
        return {}
    if not isinstance(record, dict):
        return {}
    return {name: one for name, one in record.items() if isinstance(one, dict) and {"step", "sha256"} <= set(one)}


def mark_unusable(folder: Path, name: str, problem: str) -> None:
    """Remember what was found wrong with a restart file, so that it is not chosen again."""
    path = folder / name
    record = {"step": inspect(path).step, "sha256": _sha256(path.read_bytes()), "problem": problem}
    write_atomically(folder / RECORD, json.dumps(recorded(folder) | {name: record}, indent=1) + "\n")


def candidates(folder: Path) -> list[Restart]:
    """All restart files, the latest step first; with a problem where one shows without LAMMPS."""
    record = recorded(folder)
    found = []
    for path in sorted(folder.glob("*.restart")):
        if path.name == FAILED_RESTART:
            found.append(Restart(path, problem="was written at the end of a run that failed"))
            continue
        one = inspect(path)
        written = record.get(path.name)
        if not one.problem and written and _differs(one, written):
            one = Restart(path, one.step, one.offset, "is not what was written (sha256)")
        elif not one.problem and written and written.get("problem") and one.step == written["step"]:
            one = Restart(path, one.step, one.offset, written["problem"])
        found.append(one)
    return sorted(found, key=lambda one: -one.step)


def why_unusable(one: Restart, system: SystemSection, interpreter: Interpreter) -> str:
    """What the LAMMPS of the run, and a check of the numbers, find wrong with a restart file; empty if nothing.

    system : of the manifest.
    """
    elements, species = system.elements, system.species
    from lmpdrive.system import id_ranges
    from lmpdrive.system.lammps_restart import extract

    try:
        held = extract(one.path, interpreter.python)
    except RestartFileError as error:
        return error.reason
    if int(held["step"]) != one.step:
        return f"says step {one.step}, and LAMMPS reads {int(held['step'])}"
    if held["id"].shape != (len(species),) or set(held["id"].tolist()) != set(range(1, len(species) + 1)):
        return f"does not have the {len(species)} atoms of this run"
    order = np.argsort(held["id"])
    types = held["type"][order]
    if types.min() < 1 or types.max() > len(elements) or [elements[t - 1] for t in types] != list(species):
        return f"has other elements than this run ({dict(Counter(species))})"
    if not all(np.isfinite(held[name]).all() for name in ("x", "v", "low", "high", "tilt", "masses")):
        return "has numbers that are not finite"
    names = held["groups"].tolist()
    if names[:1] != ["all"]:
        return "has no group of all atoms"
    for name, ids in system.groups.items():
        if name in names and id_ranges(np.flatnonzero(held["mask"][order] >> names.index(name) & 1)) != ids.replace(
            ",", " "
        ):
            return f"has other atoms in the group {name}"
    lengths = held["high"] - held["low"]
    if not (lengths > 0).all() or (np.abs(held["x"] - held["low"]) > 2 * lengths.sum()).any():
        return "has atoms far outside of its cell"
    masses = held["masses"][held["type"] - 1]
    kinetic_eV = 0.5 * EV_PER_U_A2_PER_PS2 * float((masses[:, None] * held["v"] ** 2).sum())
    if masses.min() <= 0 or kinetic_eV > 1.5 * len(species) * K_B_EV_PER_K * HOTTEST_K:
        return "has velocities that no run reaches"
    return ""


def _differs(one: Restart, record: dict[str, Any]) -> bool:
    """Whether the file is not the one that was recorded.  A file with a later step was written after the record."""
    content = bytearray(one.path.read_bytes())
    if one.step == record["step"]:
        return _sha256(content) != record["sha256"]
    # unless its step alone was changed
    order = "little" if content[16] == 1 else "big"
    content[one.offset : one.offset + 8] = int(record["step"]).to_bytes(8, order, signed=True)  # type: ignore[arg-type]
    return _sha256(content) == record["sha256"]


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _sha256(content: bytes | bytearray) -> str:
    return hashlib.sha256(content).hexdigest()
