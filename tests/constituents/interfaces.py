"""Slabs and molecules of many kinds with water beside them, made so that who is what is known."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.build import bulk, graphene, molecule, mx2, surface
from ase.spacegroup import crystal

FILM_A = 18.0


def with_water(slab, n=24, seed=0, gap=2.4, above=True, thickness=FILM_A, vacuum=12.0):
    """The slab at the bottom of a cell, waters on a jittered grid above (or below) it, then vacuum."""
    rng = np.random.default_rng(seed)
    slab = slab.copy()
    slab.pbc = True
    z = slab.positions[:, 2]
    slab.positions[:, 2] += 1.0 - z.min() if above else 1.0 - z.min() + thickness + 2 * gap
    low = slab.positions[:, 2].max() + gap if above else slab.positions[:, 2].min() - gap - thickness
    height = np.ptp(z) + 1.0 + 2 * gap + thickness + vacuum
    cell = np.array(slab.cell)
    cell[2] = (0, 0, height)
    slab.set_cell(cell)
    return slab + waters(cell, n, low, thickness, rng), np.arange(len(slab))


def waters(cell, n, low, thickness, rng):
    """n waters, at least 2.6 Å between their O, at random orientations."""
    layers = int(thickness // 2.8)
    nx, ny = (max(1, int(np.linalg.norm(cell[k]) // 3.0)) for k in (0, 1))
    places = [
        [*((i + 0.5) / nx * cell[0] + (j + 0.5) / ny * cell[1])[:2], low + 2.8 * k]
        for k in range(layers)
        for i in range(nx)
        for j in range(ny)
    ]
    assert len(places) >= n, f"{len(places)} places"
    out = Atoms(cell=cell, pbc=True)
    for place in rng.permutation(len(places))[:n]:
        one = molecule("H2O")
        one.rotate(rng.uniform(0, 360), rng.normal(size=3), center=one.positions[0])
        one.positions += np.array(places[place]) - one.positions[0]
        out += one
    return out


def metal(symbol, indices, layers, repeat, **options):
    """A slab cut from an elemental crystal."""
    slab = surface(bulk(symbol, cubic=options.pop("cubic", True), **options), indices, layers, vacuum=None)
    return slab.repeat((*repeat, 1))


def rutile(symbol="Ti", a=4.594, c=2.959, u=0.305, layers=3, repeat=(4, 2)):
    """TiO2, SnO2, ... (110), stoichiometric."""
    cell = [a, a, c, 90, 90, 90]
    unit = crystal([symbol, "O"], [(0, 0, 0), (u, u, 0)], spacegroup=136, cellpar=cell)
    return surface(unit, (1, 1, 0), layers, vacuum=None).repeat((*repeat, 1))


def corundum():
    """Al2O3(0001)."""
    unit = crystal(
        ["Al", "O"], [(0, 0, 0.3522), (0.3063, 0, 0.25)], spacegroup=167, cellpar=[4.759, 4.759, 12.991, 90, 90, 120]
    )
    return surface(unit, (0, 0, 1), 1, vacuum=None).repeat((3, 3, 1))


def quartz():
    """SiO2(0001), as cut: no hydroxyls."""
    unit = crystal(
        ["Si", "O"], [(0.4697, 0, 1 / 3), (0.4135, 0.2669, 0.2142)], spacegroup=152,
        cellpar=[4.916, 4.916, 5.405, 90, 90, 120],
    )  # fmt: skip
    return surface(unit, (0, 0, 1), 2, vacuum=None).repeat((3, 3, 1))


def rock_salt(cation, anion, a, indices=(0, 0, 1), layers=3, repeat=(3, 3)):
    """MgO, NaCl, ... (001)."""
    return surface(bulk(cation + anion, "rocksalt", a=a, cubic=True), indices, layers, vacuum=None).repeat((*repeat, 1))


def perovskite():
    """SrTiO3(001)."""
    unit = crystal(
        ["Sr", "Ti", "O"], [(0, 0, 0), (0.5, 0.5, 0.5), (0.5, 0.5, 0)], spacegroup=221, cellpar=[3.905] * 3 + [90] * 3
    )
    return surface(unit, (0, 0, 1), 3, vacuum=None).repeat((3, 3, 1))


def wurtzite(cation="Ga", anion="N", a=3.19, c=5.19):
    """GaN(0001), ZnO(0001)."""
    return surface(bulk(cation + anion, "wurtzite", a=a, c=c), (0, 0, 1), 2, vacuum=None).repeat((4, 4, 1))


def graphite(layers=3):
    """Graphene sheets 3.35 Å apart, AB stacked."""
    sheet = graphene(size=(5, 5, 1), vacuum=0.0)
    sheet.cell[2] = (0, 0, 10.0)
    out = sheet.copy()
    for k in range(1, layers):
        upper = sheet.copy()
        upper.positions += np.array([0, 1.42 * (k % 2), 3.35 * k])
        out += upper
    return out


def mos2():
    """One sheet of MoS2."""
    sheet = mx2("MoS2", size=(5, 5, 1), vacuum=0.0)
    sheet.cell[2] = (0, 0, 10.0)
    return sheet


def rattled(atoms, scale, seed=1):
    """With thermal noise."""
    out = atoms.copy()
    out.positions += np.random.default_rng(seed).normal(scale=scale, size=out.positions.shape)
    return out
