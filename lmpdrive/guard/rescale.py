"""The output of a run up to a step, with the steps counted in a smaller timestep: one of them is `times` new ones.

Then the output of the run resumed with that timestep can be joined to it, and every time is a step times the timestep.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

from lmpdrive.common.run_files import GUARD_TABLE


def rescaled(source: Path, target: Path, times: int, last: int) -> None:
    """Write trajectories, logs, guard.txt, records of uncertainty from `source` to `target`, up to the old `last`."""
    for path in sorted(source.iterdir()):
        if path.name.startswith("traj") and path.suffix == ".dcd":
            content = _dcd(path.read_bytes(), times, last)
            if content:
                (target / path.name).write_bytes(content)
            continue
        write: Callable[[Iterator[str], int, int], Iterator[str]] | None = None
        if path.name.startswith("traj") and path.suffix == ".lammpstrj":
            write = _dump
        elif path.name.startswith("log") and path.suffix == ".lammps":
            write = _log
        elif path.name == GUARD_TABLE or path.name.startswith(("model_devi", "uncertainty")):
            write = _table
        if write:
            with path.open(errors="replace") as old, (target / path.name).open("w") as new:
                new.writelines(write(iter(old), times, last))


def _dcd(content: bytes, times: int, last: int) -> bytes:
    """Header (frames, first step, interval, last step) and the frames up to `last`; empty if there are none."""
    if len(content) < 100 or content[4:8] != b"CORD":
        return b""
    order = "<" if content[:4] == struct.pack("<i", 84) else ">"
    control = list(struct.unpack_from(f"{order}20i", content, 8))
    title = struct.unpack_from(f"{order}i", content, 92)[0]
    atoms_at = 92 + title + 8
    atoms = struct.unpack_from(f"{order}i", content, atoms_at + 4)[0]
    begin = atoms_at + 12
    size = (56 if control[10] else 0) + 3 * (4 * atoms + 8)
    first, every = control[1], max(1, control[2])
    frames = min((len(content) - begin) // size, (last - first) // every + 1)
    if frames < 1:
        return b""
    control[:4] = frames, first * times, every * times, (first + (frames - 1) * every) * times
    return content[:8] + struct.pack(f"{order}20i", *control) + content[88 : begin + frames * size]


def _dump(lines: Iterator[str], times: int, last: int) -> Iterator[str]:
    for line in lines:
        if line.startswith("ITEM: TIMESTEP"):
            step = int(next(lines, "0"))
            if step > last:
                return
            yield line
            yield f"{step * times}\n"
        else:
            yield line


def _log(lines: Iterator[str], times: int, last: int) -> Iterator[str]:
    """Thermo rows after the minimisation, which counts steps of its own."""
    columns, moving = 0, False
    for line in lines:
        words = line.split()
        if line.startswith("# stage: "):
            moving = words[2] != "minimise"
        if words[:1] == ["Step"]:
            columns = len(words)
        elif line.startswith("Loop time"):
            columns = 0
        elif moving and columns and len(words) == columns and words[0].isdigit():
            if int(words[0]) > last:
                continue
            line = line.replace(words[0], str(int(words[0]) * times), 1)
        yield line


def _table(lines: Iterator[str], times: int, last: int) -> Iterator[str]:
    for line in lines:
        step, _, rest = line.lstrip().partition(" ")
        if not step.isdigit():
            yield line
        elif int(step) <= last:
            yield f"{int(step) * times} {rest}"
