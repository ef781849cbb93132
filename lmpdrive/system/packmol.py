"""Water around fixed slab and ions, placed by packmol (Martínez et al., J. Comput. Chem. 30, 2157 (2009)).

Lengths in Å.  The same input and seed give the same molecules.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.errors import StructureError

if TYPE_CHECKING:
    from ase import Atoms

TOLERANCE_A = 2.0
"""Smallest distance between atoms of different molecules: packmol's own advice for water."""
OH_A, HOH_DEG = 0.97, 106.0
"""Template molecule: liquid water."""
TIME_LIMIT_S = 120


def program() -> str:
    """The packmol of this environment, or of the PATH.  Raises StructureError when there is none."""
    beside = Path(sys.executable).parent / "packmol"
    found = str(beside) if beside.exists() else shutil.which("packmol")
    if found is None:
        raise StructureError(
            f"packmol is missing: it is neither beside {sys.executable} nor on the PATH, and building a system "
            "needs it. Install it: `pip install packmol`; or read a structure with `system.read`."
        )
    return found


def place_waters(
    slab: Atoms, ions: Atoms, ion_radii_A: Sequence[float], n: int, low_A: float, high_A: float, seed: int
) -> np.ndarray:
    """Positions (n, 3, 3) of O, H, H with all atoms between the heights `low_A` and `high_A`.

    Slab and ions stay where they are; the cell of `slab` is periodic in all directions.  Raises
    StructureError when the molecules do not fit.
    """
    if n == 0:
        return np.zeros((0, 3, 3))
    packmol = program()
    with tempfile.TemporaryDirectory(prefix="lmpdrive-packmol-") as name:
        folder = Path(name)
        text = _header(slab, seed) + _fixed(folder, slab, ions, ion_radii_A)
        half = np.radians(HOH_DEG) / 2
        x, y = OH_A * np.sin(half), OH_A * np.cos(half)
        _write_xyz(folder / "water.xyz", ["O", "H", "H"], np.array([[0, 0, 0], [x, y, 0], [-x, y, 0]]))
        text += (
            f"structure water.xyz\n  number {n}\n  above plane 0. 0. 1. {low_A:.6f}\n"
            f"  below plane 0. 0. 1. {high_A:.6f}\nend structure\n"
        )
        (folder / "packmol.inp").write_text(text)
        output = _run(packmol, folder)
        if "Success" not in output or not (folder / "packed.xyz").exists():
            area = abs(slab.cell[0, 0] * slab.cell[1, 1])
            raise StructureError(
                f"packmol cannot place {n} waters in {area:.1f} Å^2 x {high_A - low_A:.1f} Å without coming closer "
                f"than {TOLERANCE_A} Å. Lower system.build.waters ('auto' fits), raise water_thickness_A, or try "
                f"another seed. packmol output: {_last_words(output)}"
            )
        positions = np.loadtxt(folder / "packed.xyz", skiprows=2, usecols=(1, 2, 3), ndmin=2)
    return positions[-3 * n :].reshape(n, 3, 3)


def _header(slab: Atoms, seed: int) -> str:
    lengths = " ".join(f"{length:.8f}" for length in slab.cell.lengths())
    return f"tolerance {TOLERANCE_A}\nfiletype xyz\noutput packed.xyz\nseed {seed}\npbc {lengths}\nnloop 50\n"


def _fixed(folder: Path, slab: Atoms, ions: Atoms, radii: Sequence[float]) -> str:
    text = ""
    parts: list[tuple[str, Atoms, float | None]] = [("slab.xyz", slab, None)] if len(slab) else []
    parts += [(f"ion{i}.xyz", ions[[i]], radii[i]) for i in range(len(ions))]
    for name, atoms, radius in parts:
        _write_xyz(folder / name, atoms.get_chemical_symbols(), atoms.positions)
        text += f"structure {name}\n  number 1\n  fixed 0. 0. 0. 0. 0. 0.\n"
        text += "" if radius is None else f"  radius {radius}\n"
        text += "end structure\n"
    return text


def _write_xyz(path: Path, symbols: Sequence[str], positions: np.ndarray) -> None:
    rows = [f"{s} {x:.10f} {y:.10f} {z:.10f}\n" for s, (x, y, z) in zip(symbols, positions, strict=True)]
    path.write_text(f"{len(rows)}\n\n{''.join(rows)}")


def _run(packmol: str, folder: Path) -> str:
    try:
        done = subprocess.run(
            [packmol, "-i", "packmol.inp"], cwd=folder, capture_output=True, text=True, timeout=TIME_LIMIT_S
        )
    except subprocess.TimeoutExpired:
        return f"no solution within {TIME_LIMIT_S} s"
    except OSError as error:
        raise StructureError(f"packmol ({packmol}) cannot be started: {error}. `pip install packmol`") from None
    return done.stdout + done.stderr


def _last_words(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip(" \t-#*=")]
    errors = [line for line in lines if "ERROR" in line or "WITHOUT PERFECT" in line]
    return (errors or lines or ["nothing"])[-1]
