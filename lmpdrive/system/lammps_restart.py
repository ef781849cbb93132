"""LAMMPS restart files -> ASE atoms.

LAMMPS itself reads them, in a process of its own: a broken file cannot take this one down, and this one
need not load LAMMPS.  Nothing is initialised there, so potential files and kspace settings may be absent.
"""

from __future__ import annotations

import re
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.errors import RestartFileError, StructureError
from lmpdrive.system.lammps_files import elements_of_types, mass_notes

if TYPE_CHECKING:
    from ase import Atoms

TIME_LIMIT_S, BYTES_PER_S = 60, 1e7
"""A damaged file can make LAMMPS search for ever."""
_PAIR, _NO_PAIR = 39, 59
"""Flags of LAMMPS' restart format (src/lmprestart.h)."""

_EXTRACT = """
import sys
import numpy as np
from lmpdrive.common.lammps_module import import_lammps
lmp = import_lammps(plugins=sys.argv[3] == "plugins")(cmdargs=["-log", "none", "-screen", "none", "-nocite"])
try:
    lmp.command("read_restart " + sys.argv[1])
except Exception as error:
    sys.exit(str(error))
n, kinds, mass = lmp.extract_global("nlocal"), lmp.extract_setting("ntypes"), lmp.extract_atom("mass")
low, high, xy, yz, xz = lmp.extract_box()[:5]
np.savez(
    sys.argv[2], step=lmp.extract_global("ntimestep"), low=low, high=high, tilt=(xy, xz, yz),
    units=lmp.extract_global("units"), groups=[name or "" for name in lmp.available_ids("group")],
    masses=[mass[i] for i in range(1, kinds + 1)],
    **{k: np.array(lmp.numpy.extract_atom(k)[:n]) for k in ("id", "type", "mask", "x", "v")},
)
"""


def is_restart(path: Path) -> bool:
    """Whether the name is that of a LAMMPS restart file: `x.restart`, `x.restart.5000`, `restart.x`."""
    return "restart" in path.name.split(".")


def read_restart(path: Path, elements: Sequence[str] | None) -> tuple[Atoms, tuple[str, ...]]:
    """Atoms (by id, with velocities) and notes.  Raises StructureError with the message of LAMMPS."""
    from ase import Atoms as _Atoms
    from ase import units

    held = extract(path)
    unit = str(held["units"])
    if unit not in ("metal", "real"):
        raise StructureError(f"{path} is in LAMMPS units {unit}: only metal and real can be read")
    masses = dict(enumerate(held["masses"].tolist(), start=1))
    symbols = elements_of_types(path, len(masses), masses, {}, elements)
    xy, xz, yz = held["tilt"]
    lx, ly, lz = held["high"] - held["low"]
    order = np.argsort(held["id"])
    atoms = _Atoms(
        [symbols[int(t)] for t in held["type"][order]],
        positions=held["x"][order] - held["low"],
        cell=[[lx, 0, 0], [xy, ly, 0], [xz, yz, lz]],
        pbc=True,
    )
    atoms.set_velocities(held["v"][order] / ((1000 if unit == "metal" else 1) * units.fs))
    return atoms, mass_notes(masses, symbols)


def extract(path: Path, python: Path | None = None) -> dict[str, np.ndarray]:
    """What LAMMPS reads: step, id, type, mask, x, v, masses, low, high, tilt (xy, xz, yz), units, groups.

    Atoms as they come; bit i of a mask: whether the atom is in group i.

    `python`: of the LAMMPS that reads, if not this one.  Raises RestartFileError with the message of LAMMPS.
    """
    message = ""
    with tempfile.TemporaryDirectory(prefix="lmpdrive-restart-") as folder:
        # under a plain name: LAMMPS splits file names at blanks, and * and % mean something
        source, target = Path(folder, "source"), Path(folder, "held.npz")
        command = [python or sys.executable, "-c", _EXTRACT, source.name, target.name]
        attempts = [(path.read_bytes(), "none")]
        while attempts:
            content, plugins = attempts.pop(0)
            source.write_bytes(content)
            message = _lammps_message(path, folder, [*command, plugins])
            if target.exists():
                try:
                    with np.load(target) as held:
                        return dict(held)
                except ValueError:  # names that are none
                    message = "LAMMPS reads names from it that are none"
                    break
            if plugins == "none":
                attempts = attempts or _after(message, content)
    raise RestartFileError(
        path,
        f"cannot be read as a LAMMPS restart file: {message}",
        ". It must come from a compatible LAMMPS version and styles; if not, read the run's final.data instead.",
    )


def _after(message: str, content: bytes) -> list[tuple[bytes, str]]:
    """What to read after LAMMPS said `message` to `content`, and whether with plugins.

    They may take LAMMPS many seconds to load, and are seldom needed.
    """
    name = re.search(r"Unrecognized pair style '([^']+)'", message)
    if name is None:
        return []
    without = _without_pair_style(content, name[1])
    return [*([(without, "none")] if without else []), (content, "plugins")]


def _lammps_message(path: Path, folder: str, command: Sequence[str | Path]) -> str:
    limit_s = TIME_LIMIT_S + path.stat().st_size / BYTES_PER_S
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=limit_s)
    except subprocess.TimeoutExpired:
        raise RestartFileError(path, f"was not read by LAMMPS within {limit_s:.0f} s") from None
    lines = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    errors = [line for line in lines if "ERROR" in line]
    return (errors or lines or ["LAMMPS died"])[-1]


def _without_pair_style(content: bytes, name: str) -> bytes:
    """`content` with a pair style that this LAMMPS lacks marked as not stored; empty if that is not it.

    A plugin's style (deepmd) is absent without its plugin.  It stores nothing but its name, so LAMMPS
    reads the rest if the flag says so; with a style that stores more, LAMMPS stops at the next flag.
    """
    text = name.encode() + b"\0"
    stored = struct.pack("=ii", _PAIR, len(text)) + text
    if content.count(stored) != 1:
        return b""
    return content.replace(stored, struct.pack("=ii", _NO_PAIR, len(text)) + text)
