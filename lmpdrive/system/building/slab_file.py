"""A slab from a file: as it is, or cut from the crystal that the file holds.  Lengths in Å."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.config.build import Build
from lmpdrive.config.miller import miller
from lmpdrive.constituents import Configuration, find_constituents
from lmpdrive.constituents.layers import widest_gap
from lmpdrive.errors import StructureError
from lmpdrive.system.assemble import OPEN_A
from lmpdrive.system.building.cut import cut
from lmpdrive.system.building.files import structure
from lmpdrive.system.building.slab import Slab
from lmpdrive.system.constraints import fixed_atoms, notes_on_constraints
from lmpdrive.system.overlaps import check_overlaps

if TYPE_CHECKING:
    from ase import Atoms

KEY = "system.build.slab"
ROUNDING_A = 1e-9


def slab_of_file(section: Build) -> Slab:
    """The slab in the file, its surface normal along z; with `facet`, a slab of the crystal in the file.

    Raises StructureError, with the reason, for a file that holds neither.
    """
    assert section.slab
    path = Path(section.slab)
    atoms = _periodic(structure(path, KEY), path)
    check_overlaps(atoms, f"{KEY}: {path}", "Correct the file.")
    gaps = _gaps(atoms)
    if section.facet is not None:
        if max(gaps) > OPEN_A:
            raise StructureError(
                f"{KEY}: {path.name} is not a crystal to be cut along ({section.facet}): {max(gaps):.1f} Å of its cell "
                "are empty. Leave out facet and layers and its slab is taken as it is."
            )
        assert section.layers
        name = f"{atoms.get_chemical_formula('metal', empirical=True)}({section.facet})"
        return cut(_bare(atoms), miller(section.facet), section.layers, section.repeat, name)
    _must_be_a_slab(path, gaps)
    upright = _upright(_bare(atoms))
    copies = section.repeat[0] * section.repeat[1]
    adsorbed, fixed = (
        None if own is None else np.concatenate([own + k * len(atoms) for k in range(copies)])
        for own in (_adsorbed(upright, path), fixed_atoms(atoms))
    )
    return Slab(
        upright.repeat((*section.repeat, 1)),
        f"{atoms.get_chemical_formula('metal', empirical=True)} slab of {path.name}",
        adsorbed=adsorbed,
        fixed=fixed,
        notes=notes_on_constraints(atoms, path.name),
    )


def _adsorbed(upright: Atoms, path: Path) -> np.ndarray | None:
    """Indices of what sits on the slab; None if nothing does, or if the bonds show no slab at all."""
    now = Configuration(upright.positions, np.asarray(upright.cell))
    what = find_constituents(np.array(upright.get_chemical_symbols()), [now], normal=2)
    if len(what.slabs) > 1:
        raise StructureError(
            f"{KEY}: {path.name} holds {len(what.slabs)} slabs: write one of them, and `electrodes: 2` makes the "
            "other; or use `system.read` for a complete structure."
        )
    others = np.setdiff1d(np.arange(len(upright)), what.slab)
    if not what.slabs or not len(others):
        return None
    z = upright.positions[:, 2]
    away = (z[others] > z[what.slab].max() + OPEN_A) | (z[others] < z[what.slab].min() - OPEN_A)
    if away.any():
        raise StructureError(
            f"{KEY}: {path.name} is more than a slab: {away.sum()} of its atoms are more than {OPEN_A:g} Å above or "
            "below the slab. Remove them, or use `system.read` for a complete structure."
        )
    return others


def _periodic(atoms: Atoms, path: Path) -> Atoms:
    """With a third cell vector, where a slab's file has none."""
    a, b, c = np.asarray(atoms.cell)
    normal = np.cross(a, b)
    if np.linalg.norm(normal) < 1e-6 or not atoms.pbc[:2].all():
        raise StructureError(
            f"{KEY}: {path.name} has no periodic cell along a and b (pbc {' '.join('FT'[int(p)] for p in atoms.pbc)}), "
            "so it is a molecule or a cluster. In Python: a = ase.io.read(file); a.cell = [x, y, z]; a.pbc = True; "
            "a.write('with-cell.xyz')."
        )
    if abs(normal @ c) < 1e-6 or not atoms.pbc[2]:
        unit = normal / np.linalg.norm(normal)
        height = float(np.ptp(atoms.positions @ unit)) + 2 * OPEN_A
        atoms = atoms.copy()
        atoms.cell[2] = height * unit
    return atoms


def _bare(atoms: Atoms) -> Atoms:
    from ase import Atoms as _Atoms

    return _Atoms(numbers=atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True)


def _gaps(atoms: Atoms) -> tuple[float, float, float]:
    """The widest empty stretch [Å] perpendicular to the faces of the cell along a, b, c."""
    scaled = atoms.get_scaled_positions(wrap=True)
    widths = 1 / np.linalg.norm(np.linalg.inv(np.asarray(atoms.cell)), axis=0)
    a, b, c = (widest_gap(scaled[:, k] * widths[k], widths[k])[0] for k in range(3))
    return a, b, c


def _must_be_a_slab(path: Path, gaps: tuple[float, float, float]) -> None:
    a, b, c = gaps
    if c > OPEN_A and max(a, b) <= OPEN_A:
        return
    if max(gaps) <= OPEN_A:
        raise StructureError(
            f"{KEY}: {path.name} is a bulk crystal: nowhere along a, b and c are more than {OPEN_A:g} Å empty. "
            "Give the surface that is to be cut from it: facet: '110' and layers."
        )
    if c > OPEN_A:
        raise StructureError(
            f"{KEY}: {path.name} is no slab but a wire or a cluster: {a:.1f} Å along a and {b:.1f} Å along b are empty "
            f"(at most {OPEN_A:g} Å in a slab). Use `system.read` for a complete structure."
        )
    raise StructureError(
        f"{KEY}: the surface normal of {path.name} must be along c, but the empty stretches are {a:.1f} Å along a, "
        f"{b:.1f} Å along b and {c:.1f} Å along c: exchange the axes of the file (in Python: "
        "ase.build.rotate, or ase.geometry.permute_axes)."
    )


def _upright(atoms: Atoms) -> Atoms:
    """a along x, b in the xy plane, c along the normal; atoms whole above the vacuum."""
    cell = np.asarray(atoms.cell)
    if np.linalg.det(cell) < 0:
        raise StructureError(f"{KEY}: the cell vectors of the file are left-handed: exchange a and b")
    scaled = atoms.get_scaled_positions(wrap=True)
    gap, lower_end = widest_gap(scaled[:, 2], 1.0)
    scaled[:, 2] = (scaled[:, 2] - lower_end - gap / 2) % 1.0
    x = cell[0] / np.linalg.norm(cell[0])
    z = np.cross(cell[0], cell[1])
    z /= np.linalg.norm(z)
    frame = np.array([x, np.cross(z, x), z])
    turned = cell @ frame.T
    positions = scaled @ turned
    turned[1] -= np.rint(turned[1, 0] / turned[0, 0]) * turned[0]
    turned[2] = (0, 0, turned[2, 2])
    turned[np.abs(turned) < ROUNDING_A] = 0
    upright = atoms.copy()
    upright.set_cell(turned)
    upright.set_positions(positions)
    return upright
