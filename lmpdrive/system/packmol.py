"""Molecules around fixed slab and ions, placed by packmol (Martínez et al., J. Comput. Chem. 30, 2157 (2009)).

Lengths in Å.  The same input and seed give the same molecules.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.errors import StructureError

if TYPE_CHECKING:
    from ase import Atoms

TOLERANCE_A = 2.0
"""Smallest distance between atoms of different molecules: packmol's own advice for water."""
TIME_LIMIT_S = 120
WALL_ERROR_A = 0.05
"""Packmol is content with a molecule that is this far, and more, beyond a wall."""
IMAGES_A = 4.0
"""In a skewed cell, images of fixed atoms are given to packmol up to this far outside."""


@dataclass(frozen=True, eq=False)
class Kind:
    """`count` molecules to be placed."""

    label: str
    atoms: Atoms
    count: int
    radius_A: float | None = None
    """Of every atom; None: half the tolerance."""


@dataclass(frozen=True, eq=False)
class Obstacle:
    """Atoms that stay where they are."""

    atoms: Atoms
    radius_A: float | None = None


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


def pack(
    kinds: Sequence[Kind],
    obstacles: Sequence[Obstacle],
    cell: np.ndarray,
    seed: int,
    heights_A: tuple[float, float] | None = None,
    cure: str = "Lower system.build.waters ('auto' fits), raise water_thickness_A",
) -> list[np.ndarray]:
    """Positions (count, atoms, 3) of each kind, with all atoms between the two heights, if there are.

    `cell` (3, 3) is periodic in all directions, with its third vector along z.  Raises StructureError, with `cure`,
    when the molecules do not fit.
    """
    kinds = [kind for kind in kinds if kind.count]
    if not kinds:
        return []
    packmol = program()
    with tempfile.TemporaryDirectory(prefix="lmpdrive-packmol-") as name:
        folder = Path(name)
        box = _Box(np.asarray(cell, dtype=float), heights_A)
        text = _header(box, seed) + _fixed(folder, box.as_it_takes_them(obstacles))
        for k, kind in enumerate(kinds):
            _write_xyz(folder / f"kind{k}.xyz", kind.atoms.get_chemical_symbols(), kind.atoms.positions)
            radius = "" if kind.radius_A is None else f"  radius {kind.radius_A}\n"
            text += f"structure kind{k}.xyz\n  number {kind.count}\n{box.inside()}{radius}end structure\n"
        (folder / "packmol.inp").write_text(text)
        output = _run(packmol, folder)
        if "Success" not in output or not (folder / "packed.xyz").exists():
            what = ", ".join(f"{kind.count} {_plural(kind)}" for kind in kinds)
            raise StructureError(
                f"packmol cannot place {what} in {box.area_A2:.1f} Å^2 x {box.height_A:.1f} Å without coming closer "
                f"than {TOLERANCE_A} Å. {cure}, or try another seed. packmol output: {_last_words(output)}"
            )
        positions = np.loadtxt(folder / "packed.xyz", skiprows=2, usecols=(1, 2, 3), ndmin=2)
    sizes = [kind.count * len(kind.atoms) for kind in kinds]
    parts = np.split(positions[len(positions) - sum(sizes) :], np.cumsum(sizes)[:-1])
    return [part.reshape(kind.count, -1, 3) for kind, part in zip(kinds, parts, strict=True)]


@dataclass(frozen=True, eq=False)
class _Box:
    """The cell as packmol knows it: periodic if orthogonal, else walls half the tolerance inside its side faces."""

    cell: np.ndarray
    heights_A: tuple[float, float] | None

    @property
    def skewed(self) -> bool:
        return bool(np.abs(self.cell[1, 0]) > 1e-6)

    @property
    def area_A2(self) -> float:
        return float(self.cell[0, 0] * self.cell[1, 1])

    @property
    def height_A(self) -> float:
        low, high = self.heights_A or (0.0, float(self.cell[2, 2]))
        return high - low

    def inside(self) -> str:
        """Constraints on every atom of a molecule."""
        text = ""
        if self.heights_A is not None:
            low, high = self.heights_A
            text += f"  above plane 0. 0. 1. {low:.6f}\n  below plane 0. 0. 1. {high:.6f}\n"
        if self.skewed:
            (ax, _, _), (bx, by, _) = self.cell[:2]
            b, wall = float(np.hypot(bx, by)), TOLERANCE_A / 2 + WALL_ERROR_A
            across = f"{by / b:.10f} {-bx / b:.10f} 0."
            text += f"  above plane 0. 1. 0. {wall:.6f}\n  below plane 0. 1. 0. {by - wall:.6f}\n"
            text += f"  above plane {across} {wall:.6f}\n  below plane {across} {ax * by / b - wall:.6f}\n"
        return text

    def as_it_takes_them(self, obstacles: Sequence[Obstacle]) -> list[Obstacle]:
        """The obstacles inside the cell; in a skewed one with those images of theirs that packmol does not know of."""
        place = self._imaged if self.skewed else self._wrapped
        return [Obstacle(place(obstacle.atoms), obstacle.radius_A) for obstacle in obstacles]

    def _wrapped(self, atoms: Atoms) -> Atoms:
        lengths = np.diag(self.cell)
        inside = atoms.copy()
        turns = np.floor(atoms.positions / lengths)
        inside.positions = np.where(turns == 0, atoms.positions, atoms.positions - turns * lengths)
        return inside

    def _imaged(self, atoms: Atoms) -> Atoms:
        margin = IMAGES_A * np.linalg.norm(np.linalg.inv(self.cell), axis=0)[:2]
        images = atoms.copy()
        for i, j in product((-1, 0, 1), repeat=2):
            if (i, j) != (0, 0):
                image = atoms.copy()
                image.positions += i * self.cell[0] + j * self.cell[1]
                scaled = image.positions @ np.linalg.inv(self.cell)
                images += image[np.all((scaled[:, :2] > -margin) & (scaled[:, :2] < 1 + margin), axis=1)]
        return images


def _header(box: _Box, seed: int) -> str:
    text = f"tolerance {TOLERANCE_A}\nfiletype xyz\noutput packed.xyz\nseed {seed}\n"
    if not box.skewed:
        text += f"pbc {' '.join(f'{length:.8f}' for length in np.diag(box.cell))}\n"
    return text + "nloop 50\n"


def _fixed(folder: Path, obstacles: Sequence[Obstacle]) -> str:
    text = ""
    for k, obstacle in enumerate(obstacles):
        atoms, radius = obstacle.atoms, obstacle.radius_A
        if len(atoms):
            name = f"fixed{k}.xyz"
            _write_xyz(folder / name, atoms.get_chemical_symbols(), atoms.positions)
            text += f"structure {name}\n  number 1\n  fixed 0. 0. 0. 0. 0. 0.\n"
            text += "" if radius is None else f"  radius {radius}\n"
            text += "end structure\n"
    return text


def _plural(kind: Kind) -> str:
    return kind.label + "s" * (kind.label == "water" and kind.count > 1)


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
