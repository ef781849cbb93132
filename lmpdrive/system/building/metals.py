"""Slabs of fcc, bcc and hcp metals by Miller indices.

The low-index facets are ASE's own, in an orthogonal cell; all others are cut from the crystal (`cut.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lmpdrive.config.build import Build
from lmpdrive.config.miller import miller
from lmpdrive.config.substances import STRUCTURE
from lmpdrive.errors import StructureError
from lmpdrive.system.building.cut import cut
from lmpdrive.system.building.slab import Slab

if TYPE_CHECKING:
    from ase import Atoms

LOW_INDEX = {"fcc": ("111", "100", "110"), "bcc": ("110", "100", "111"), "hcp": ("0001",)}
"""Facets of which ASE's builders make single planes of atoms."""
STAGGERED = {("fcc", "111"), ("bcc", "110"), ("bcc", "111"), ("hcp", "0001")}
"""Their orthogonal cell holds two rows along y."""


def metal_slab(section: Build) -> Slab:
    """The slab of `section.metal`; a layer is a plane of atoms, or of a high-index facet a terrace.

    Raises StructureError for a `repeat` that the orthogonal cell does not allow.
    """
    assert section.metal and section.facet and section.layers
    structure = STRUCTURE[section.metal]
    facet = "0001" if structure == "hcp" and miller(section.facet) == (0, 0, 1) else section.facet
    name = f"{section.metal}({facet})"
    if facet not in LOW_INDEX[structure]:
        return cut(_crystal(section), miller(facet), section.layers, section.repeat, name)
    nx, ny = section.repeat
    if (structure, facet) in STAGGERED and ny % 2:
        raise StructureError(
            f"system.build.repeat: [{nx}, {ny}]: the orthogonal ({facet}) cell needs an even second number: "
            f"[{nx}, {ny + 1}]" + (f" or [{nx}, {ny - 1}]" if ny > 1 else "")
        )
    atoms = _low_index(section, structure, facet)
    planes = np.unique(atoms.positions[:, 2].round(6), return_inverse=True)[1]
    return Slab(atoms, name, tuple(np.flatnonzero(planes == k) for k in range(section.layers)))


def _low_index(section: Build, structure: str, facet: str) -> Atoms:
    from ase import build

    assert section.metal
    options: dict[str, Any] = {"orthogonal": True} if (structure, facet) in STAGGERED else {}
    if structure == "hcp" and section.c_over_a is not None:
        a = section.lattice_constant_A or lattice(section.metal)["a"]
        options |= {"a": a, "c": a * section.c_over_a}
    else:
        options["a"] = section.lattice_constant_A
    size = (*section.repeat, section.layers)
    atoms: Atoms = getattr(build, f"{structure}{facet}")(section.metal, size, **options)
    atoms.set_cell([*atoms.cell.lengths()[:2], 1.0])
    return atoms


def _crystal(section: Build) -> Atoms:
    """The conventional cell of the metal, hexagonal for hcp."""
    from ase.build import bulk

    metal = section.metal
    assert metal
    a, ratio = section.lattice_constant_A, section.c_over_a
    if STRUCTURE[metal] == "hcp":
        crystal: Atoms = bulk(metal, a=a, covera=ratio or lattice(metal)["c/a"])
        return crystal
    return bulk(metal, a=a, cubic=True)


def lattice(metal: str) -> Mapping[str, Any]:
    """ASE's reference state: a, and c/a of hcp."""
    from ase.data import atomic_numbers, reference_states

    state: Any = reference_states[atomic_numbers[metal]]
    return dict(state)
