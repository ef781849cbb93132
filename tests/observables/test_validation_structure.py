"""Structure against independent implementations, MDAnalysis and MAICoS, on the same trajectory.

    pip install "lmpdrive[validation]"; pytest -m validation -s tests/observables/test_validation_structure.py

Both store positions in 32 bits, so an atom closer to the edge of a bin than 1e-6 Å may fall on the other side: the
tolerances allow for a few of the 10^4 to 10^6 atoms counted.  Other differences are in the test that has them.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.common.units import G_PER_CM3_PER_U_PER_A3, VOLT_ANGSTROM_PER_E
from lmpdrive.observables import analyse
from tests.observables.synthetic_frames import BOND, HALF_ANGLE, Frames, slab, water

pytestmark = pytest.mark.validation

CHARGES = {"Au": 0.0, "O": -0.8476, "H": 0.4238, "Na": 1.0, "Cl": -1.0}
MASSES = {"Au": 196.96657, "O": 15.999, "H": 1.008, "Na": 22.98976928, "Cl": 35.45}
DIPOLE = 0.4238 * 2 * BOND * np.cos(HALF_ANGLE)


def turned(rng, n):
    """(n, 3, 3) waters about the origin, in all directions, most of them up."""
    upright = water((0, 0, 0))
    axes = rng.normal(size=(n, 3)) + np.array([0, 0, 0.7])
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    side = np.cross(axes, rng.normal(size=(n, 3)))
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    frames = np.stack([np.cross(side, axes), side, axes], axis=1)
    return upright @ frames


def electrolyte(rng, places, n_ions):
    """Waters at most places, Na and Cl at the last ones."""
    places = places + rng.normal(scale=0.15, size=places.shape)
    waters = places[: -2 * n_ions, None] + turned(rng, len(places) - 2 * n_ions)
    return np.concatenate([waters.reshape(-1, 3), places[-2 * n_ions :]])


def lattice(shape, spacing):
    return np.array(np.meshgrid(*map(np.arange, shape), indexing="ij")).reshape(3, -1).T * spacing


def bulk(n_frames=400, seed=0):
    """Water and ions on a noisy lattice that is shifted at random in each frame, so that the density is uniform."""
    rng = np.random.default_rng(seed)
    places, box = rng.permutation(lattice((4, 4, 5), 3.1)), np.array([12.4, 12.4, 15.5])
    frames = [(electrolyte(rng, places, 4) + rng.uniform(0, 13, 3)) % box for _ in range(n_frames)]
    elements = ["O", "H", "H"] * 72 + ["Na"] * 4 + ["Cl"] * 4
    return in_32_bits(elements, np.array(frames), box)


def over_metal(n_frames=400, seed=1):
    """A film of five layers on a slab that breathes and slides along the cell."""
    rng = np.random.default_rng(seed)
    metal, _ = slab(n=4, spacing=3.1)
    places, box = lattice((4, 4, 5), 3.1) + np.array([0.4, 0.4, 7.2 + 2.7]), np.array([12.4, 12.4, 40.0])
    places = rng.permutation(places)
    frames = []
    for f in range(n_frames):
        everything = np.concatenate([metal + rng.normal(scale=0.08, size=metal.shape), electrolyte(rng, places, 4)])
        frames.append((everything + np.array([0, 0, 0.01 * f])) % box)
    elements = ["Au"] * 64 + ["O", "H", "H"] * 72 + ["Na"] * 4 + ["Cl"] * 4
    return in_32_bits(elements, np.array(frames), box)


def in_32_bits(elements, positions, box):
    charges = np.array([CHARGES[e] for e in elements])
    return Frames(elements, positions.astype(np.float32).astype(float), box, charges_e=charges)


def universe(frames, oxygen_only=False):
    """The same in MDAnalysis; `oxygen_only` makes H massless, so that a molecule is where its O is."""
    import MDAnalysis

    elements = frames.topology.elements
    n_metal, n_water = int((elements == "Au").sum()), int((elements == "O").sum())
    n_ions = len(elements) - n_metal - 3 * n_water
    molecules = [np.arange(n_metal), n_metal + np.repeat(np.arange(n_water), 3), n_metal + n_water + np.arange(n_ions)]
    residues = np.concatenate(molecules)
    u = MDAnalysis.Universe.empty(len(elements), n_residues=residues.max() + 1, atom_resindex=residues, trajectory=True)
    masses = np.array([MASSES[e] for e in elements])
    if oxygen_only:
        masses[elements == "H"] = 1e-12
    for name, values in (("names", elements), ("types", elements), ("elements", elements), ("masses", masses)):
        u.add_TopologyAttr(name, values.astype(object) if name != "masses" else values)
    u.add_TopologyAttr("charges", frames.topology.charges_e)
    o = n_metal + 3 * np.arange(n_water)
    u.add_TopologyAttr("bonds", [(i, i + k) for i in o for k in (1, 2)])
    box = np.concatenate([np.diag(frames._cell), [90, 90, 90]])
    u.load_new(frames._positions.astype(np.float32), order="fac", dimensions=box)
    return u


def say(what, number):
    print(f"\n    {what}: {number:.3g}")


def test_pair_counts_equal_mdanalysis():
    """InterRDF, norm="none": the same pairs; a pair closer than 1e-6 Å to the edge of a bin may be in the next."""
    from MDAnalysis.analysis.rdf import InterRDF

    worst = 0.0
    for frames in (bulk(), over_metal()):
        u = universe(frames)
        tables = analyse(frames, options={"rdf": {"r_max_A": 6.0, "pairs": [["O", "O"], ["Na", "O"], ["Na", "Cl"]]}})
        for a, b in (("O", "O"), ("Na", "O"), ("Na", "Cl")):
            one, other = u.select_atoms(f"name {a}"), u.select_atoms(f"name {b}")
            theirs = InterRDF(
                one, other, nbins=120, range=(0.0, 6.0), norm="none", exclusion_block=(1, 1) if a == b else None
            )
            counts = theirs.run().results.count
            running = tables[f"rdf_{a}_{b}"].data["n [1]"].to_numpy()
            mine = np.diff(running, prepend=0.0) * len(one) * frames.n_frames
            off = np.abs(mine - counts[: len(mine)]).sum()
            assert counts.sum() > 1e3
            assert off <= 2e-4 * counts.sum()
            worst = max(worst, off / counts.sum())
    say("pairs in another bin than MDAnalysis has them, largest share", worst)


def test_g_of_r_of_bulk_equals_mdanalysis():
    """InterRDF divides by N_A N_B/V, less its exclusion block; we by the profile found, uniform here but for noise."""
    from MDAnalysis.analysis.rdf import InterRDF

    frames = bulk(2000)
    u = universe(frames)
    o, na = u.select_atoms("name O"), u.select_atoms("name Na")
    tables = analyse(frames, options={"rdf": {"r_max_A": 6.0, "bin_width_A": 0.1}}, names=["rdf_O_O", "rdf_Na_O"])
    for name, pair, block in (("rdf_O_O", (o, o), (1, 1)), ("rdf_Na_O", (na, o), None)):
        g = InterRDF(*pair, nbins=60, range=(0.0, 6.0), exclusion_block=block).run().results.rdf
        mine = tables[name].value
        difference = np.abs(mine - g[: len(mine)]).max() / mine.max()
        say(f"{name} against MDAnalysis, largest difference over the largest g", difference)
        assert difference < 0.01


def test_coordination_equals_a_selection_of_mdanalysis():
    frames = over_metal(100)
    u = universe(frames)
    counted = [len(u.select_atoms("name O and around 3.6 (index 280)")) for _ in u.trajectory]
    options = {"coordination": {"shell_A": {"ions-O": 3.6}, "pairs": [["ions", "O"]]}}
    every = analyse(frames, options=options)["coordination_ions_O"].scalars["mean number of O around ions"].value
    per_ion = [
        np.mean([len(u.select_atoms(f"name O and around 3.6 (index {i})")) for _ in u.trajectory])
        for i in range(280, 288)
    ]
    assert frames.topology.elements[280] == "Na"
    assert np.mean(counted) == pytest.approx(per_ion[0])
    say("mean coordination number against MDAnalysis' around", abs(every - np.mean(per_ion)))
    assert every == pytest.approx(np.mean(per_ion), abs=1e-3)


WANTED = [
    {"name": "mass", "selection": {"mda": "all"}, "quantity": "mass"},
    {"name": "charge", "selection": {"mda": "all"}, "quantity": "charge"},
    {"name": "O", "selection": "O"},
]


def test_densities_equal_linear_density():
    """LinearDensity counts from the cell's origin, so a cell without metal.

    Its mass density is in g/cm^3; its charge density is divided by the same 0.6022 (mol e/cm^3 in effect).
    """
    from MDAnalysis.analysis.lineardensity import LinearDensity

    frames = bulk()
    tables = analyse(frames, bin_width_A=0.125, options={"density": {"profiles": WANTED}})
    theirs = LinearDensity(universe(frames).atoms, grouping="atoms", binsize=0.125).run().results.z
    for name, values in (("mass", theirs.mass_density), ("charge", theirs.charge_density * 0.602214)):
        mine = tables[f"density_{name}"].value
        assert len(mine) == len(values) == 124
        difference = np.abs(mine - values).max() / np.abs(mine).max()
        say(f"{name} density against MDAnalysis' LinearDensity, largest relative difference", difference)
        assert difference < 2e-3


def test_densities_equal_maicos_from_the_surface():
    """DensityPlanar relative to the top layer: the same surface plane in every frame, while the slab slides."""
    from maicos import DensityPlanar

    frames = over_metal()
    u = universe(frames)
    tables = analyse(frames, options={"density": {"profiles": WANTED}}, names=[f"density_{w['name']}" for w in WANTED])
    top = u.atoms[48:64]
    for name, group, unit in (
        ("mass", u.atoms, G_PER_CM3_PER_U_PER_A3),
        ("charge", u.atoms, 1.0),
        ("O", u.select_atoms("name O"), 1.0),
    ):
        dens = "number" if name == "O" else name
        run = DensityPlanar(
            group, dens=dens, zmin=0.0, zmax=18.0, bin_width=0.1, refgroup=top, unwrap=False, pack=True
        ).run()
        table = tables[f"density_{name}"]
        inside = (table.x > 0) & (table.x < 18.0)
        theirs = run.results.profile[: inside.sum()] * unit
        difference = np.abs(table.value[inside] - theirs).max() / np.abs(theirs).max()
        say(f"{name} density against MAICoS' DensityPlanar, largest relative difference", difference)
        assert difference < 5e-3


def test_orientation_equals_maicos():
    """DiporderPlanar; its cos_2_theta is ⟨cos²θ⟩.  Molecules are put at their O (massless H), as ours are."""
    from maicos import DiporderPlanar

    frames = over_metal()
    u = universe(frames, oxygen_only=True)
    top, waters = u.atoms[48:64], u.select_atoms("name O H")
    tables = analyse(frames, names=["water_cos_theta", "water_cos_2theta", "water_orientation", "water_density"])

    def theirs(parameter):
        run = DiporderPlanar(
            waters, order_parameter=parameter, zmin=0.0, zmax=18.0, bin_width=0.1, refgroup=top, unwrap=True, pack=True
        )
        return run.run().results.profile

    def of(name):
        table = tables[name]
        full = np.full(180, np.nan)
        inside = (table.x > 0) & (table.x < 18.0)
        full[: inside.sum()] = table.value[inside]
        return full

    enough = np.nan_to_num(of("water_density")) > 0.02
    for name, value in (("water_cos_theta", theirs("cos_theta")), ("water_cos_2theta", 2 * theirs("cos_2_theta") - 1)):
        difference = np.abs(of(name) - value)[enough].max()
        say(f"{name} against MAICoS' DiporderPlanar, largest difference", difference)
        assert difference < 0.01
    orientation = np.nan_to_num(of("water_orientation"))
    from lmpdrive.observables.water_density import G_PER_CM3_PER_WATER_PER_A3

    dipole_density = orientation / G_PER_CM3_PER_WATER_PER_A3 * DIPOLE
    p0 = np.nan_to_num(theirs("P0"))
    difference = np.abs(dipole_density - p0).max() / np.abs(p0).max()
    say("dipole density against MAICoS' P0, largest relative difference", difference)
    assert difference < 5e-3


def test_potential_equals_the_double_integral_of_maicos_charge_density():
    """Their bins put charges at the middle of a bin, ours keep the dipole: they differ by bin times surface charge."""
    from maicos import DensityPlanar

    frames = over_metal(100)
    u = universe(frames)
    run = DensityPlanar(
        u.atoms, dens="charge", zmin=0.0, zmax=24.0, bin_width=0.01, refgroup=u.atoms[48:64], unwrap=False, pack=True
    ).run()
    density = run.results.profile
    field = -np.cumsum(density[::-1])[::-1] * 0.01  # zero above the film
    potential = np.cumsum(field[::-1])[::-1] * 0.01 * VOLT_ANGSTROM_PER_E
    table = analyse(frames, names=["potential_profile"])["potential_profile"]
    mine = np.interp(np.arange(2400) * 0.01, table.x, table.value)
    difference = np.abs(mine - potential).max()
    say("potential against the double integral of MAICoS' charge density, V", difference)
    say("of a potential that spans, V", np.ptp(potential))
    assert difference < 0.02 * np.ptp(potential)
    assert_allclose(table.value[-1], 0, atol=1e-9)
