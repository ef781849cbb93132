"""Electrostatics of fixed charges under a model: on paper, against LAMMPS' PPPM, and through LAMMPS."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from ase import Atoms
from ase.build import bulk

from lmpdrive.architectures import Configuration, find
from lmpdrive.architectures.shared.electrostatics import Charges, Electrostatics, in_one_piece
from lmpdrive.common.hashing import sha256
from lmpdrive.common.lammps_module import import_lammps
from lmpdrive.errors import ModelError
from lmpdrive.testing import check_architecture
from lmpdrive.testing.architectures import Limits
from tests.architectures.structures import water_on

pytest.importorskip("torchpme", reason="electrostatics need torch-pme (pip install '.[electrostatics]')")

COULOMB_EV_A = 14.399645478
MODEL = Path(__file__).parent / "data" / "mace-tiny.model"
WATER = {"O": -0.82, "H": 0.41, "Na": 1.0}
PERIODIC, FILM = (True, True, True), (True, True, False)


def film(ions: int = 1) -> Atoms:
    """Water on platinum, 20 Å of vacuum, and ions in it."""
    atoms = water_on("Pt", 3.94, layers=1, heights_A=(7.0, 9.5), height_A=32.0, shake_A=0.05)
    top = atoms.positions[:, 2].max()
    return atoms + Atoms(f"Na{ions}", [[2.0 + 3 * k, 2.5, top + 2.5] for k in range(ions)]) if ions else atoms


def configuration(atoms: Atoms, pbc=PERIODIC) -> Configuration:
    return Configuration(atoms.numbers, atoms.positions, atoms.cell.array, pbc)


def of(atoms: Atoms, pbc=PERIODIC, **section):
    return Charges(Electrostatics(**({"charges_e": WATER, "balance": "Pt"} | section)))(configuration(atoms, pbc))


@pytest.mark.parametrize(
    ("crystal", "charges", "madelung"),
    [("rocksalt", {"Na": 1.0, "Cl": -1.0}, 1.747564595), ("cesiumchloride", {"Cs": 1.0, "Cl": -1.0}, 1.762674773)],
)
def test_madelung_constants(crystal, charges, madelung):
    a = 5.6 if crystal == "rocksalt" else 4.1
    atoms = bulk("".join(charges), crystal, a, cubic=True)
    nearest = a / 2 if crystal == "rocksalt" else a * np.sqrt(3) / 2
    answer = of(atoms, charges_e=charges, balance=None)
    pairs = len(atoms) / 2
    assert answer.energy_eV / pairs == pytest.approx(-madelung * COULOMB_EV_A / nearest, rel=1e-5)
    assert np.trace(answer.virial) == pytest.approx(answer.energy_eV, rel=1e-4)  # a homogeneous function, degree -1
    assert np.abs(answer.forces).max() < 1e-4


def test_a_film_does_not_feel_its_images():
    """Two sheets of opposite charge: the field between them is 4πkσ, outside there is none, so no energy with area."""
    spacing, distance = 3.0, 6.0
    grid = [[x, y] for x in np.arange(0, 12, spacing) for y in np.arange(0, 12, spacing)]
    atoms = Atoms(f"Na{len(grid)}Cl{len(grid)}", cell=[12, 12, 60])
    atoms.positions[:] = [[x, y, 5.0] for x, y in grid] + [[x, y, 5.0 + distance] for x, y in grid]
    charges = {"Na": 1.0, "Cl": -1.0}
    force = of(atoms, charges_e=charges, balance=None, slab="z").forces[: len(grid), 2].mean()
    density = 1 / spacing**2
    assert force == pytest.approx(2 * np.pi * COULOMB_EV_A * density, rel=1e-4)
    with_images = of(atoms, charges_e=charges, balance=None).forces[: len(grid), 2].mean()
    assert with_images < 0.95 * force  # the images' dipoles pull: what `slab` is for


@pytest.mark.parametrize("pbc", [PERIODIC, FILM], ids=["repeated", "not repeated"])
def test_forces_and_virial_are_derivatives_of_the_energy(pbc):
    atoms, h = film(), 1e-4
    box = atoms.cell.array
    charges = Charges(Electrostatics(charges_e=WATER, balance="Pt", slab="z"))

    def energy(positions, cell):
        return charges(Configuration(atoms.numbers, positions, cell, pbc)).energy_eV

    answer = charges(configuration(atoms, pbc))
    for atom, axis in [(len(atoms) - 1, 2), (20, 0)]:
        shift = np.zeros_like(atoms.positions)
        shift[atom, axis] = h
        slope = (energy(atoms.positions + shift, box) - energy(atoms.positions - shift, box)) / (2 * h)
        assert -slope == pytest.approx(answer.forces[atom, axis], abs=2e-5)
    if pbc == FILM:
        return  # the length of that cell is no length of the run's
    for a in (0, 2):
        strain = np.zeros((3, 3))
        strain[a, a] = h
        energies = [energy(atoms.positions @ d, box @ d) for d in (np.eye(3) + strain, np.eye(3) - strain)]
        assert -(energies[0] - energies[1]) / (2 * h) == pytest.approx(answer.virial[a, a], abs=2e-3)


@pytest.mark.parametrize("ions", [0, 2])
def test_it_equals_pppm_of_lammps(ions):
    """An independent sum: coul/long and PPPM at 1e-7, the film between boundaries p p f with slab 3.0."""
    atoms = film(ions)
    section = Electrostatics(charges_e=WATER, balance="Pt", slab="z")
    charges = section.charges_of(atoms.numbers)
    lmp = import_lammps(plugins=False)(cmdargs=["-log", "none", "-screen", "none"])
    cell = atoms.cell.lengths()
    script = f"""
        units metal
        atom_style charge
        atom_modify map yes
        boundary p p f
        region box block 0 {cell[0]} 0 {cell[1]} 0 {cell[2]}
        create_box 1 box
        mass 1 1.0
        pair_style coul/long 11.0
        kspace_style pppm 1e-7
        kspace_modify slab 3.0
    """
    lmp.commands_string(script)
    positions = atoms.positions.copy()
    positions[:, :2] %= cell[:2]
    positions[:, 2] += 1.0  # LAMMPS drops what lies outside of a boundary that is none
    assert lmp.create_atoms(len(atoms), None, [1] * len(atoms), positions.ravel().tolist()) == len(atoms)
    lmp.commands_string("\n".join(f"set atom {k} charge {q:.12f}" for k, q in enumerate(charges, start=1)))
    lmp.commands_string("pair_coeff * *\nrun 0 post no")
    forces = np.array(lmp.gather_atoms("f", 1, 3)).reshape(-1, 3)
    # LAMMPS' own constant of `units metal` differs in the sixth digit
    scale = COULOMB_EV_A / 14.399645
    energy = lmp.get_thermo("pe") * scale
    lmp.close()
    for pbc in (PERIODIC, FILM):
        answer = Charges(section)(configuration(atoms, pbc))
        assert answer.energy_eV == pytest.approx(energy, abs=2e-3)
        assert np.abs(answer.forces - scale * forces).max() < 2e-4


def test_images_and_order_mean_nothing():
    atoms = film()
    reference = of(atoms, slab="z")
    rng = np.random.default_rng(1)
    order = rng.permutation(len(atoms))
    other = atoms[order]
    other.positions += [0, 0, -8.3]  # the slab lies across the end of the cell
    other.positions += rng.integers(-1, 2, size=(len(atoms), 3)) @ atoms.cell.array
    answer = of(other, slab="z")
    assert answer.energy_eV == pytest.approx(reference.energy_eV, abs=1e-4)
    assert np.abs(answer.forces - reference.forces[order]).max() < 1e-4


def test_a_film_across_the_end_of_its_cell_is_put_together():
    heights = np.array([28.0, 29.5, 0.5, 3.0])
    assert in_one_piece(heights, 30.0) == pytest.approx([-2.0, -0.5, 0.5, 3.0])
    assert in_one_piece(heights[2:], 30.0) == pytest.approx([0.5, 3.0])


@pytest.mark.parametrize(
    ("pbc", "section", "says"),
    [
        (PERIODIC, {"balance": None}, r"\+1 e in all: name the metal in balance"),
        (PERIODIC, {"balance": "Au"}, "there is no Au to balance it"),
        (FILM, {}, "not repeated along z"),
        ((True, False, True), {"slab": "z"}, "not repeated along y"),
    ],
)
def test_what_cannot_be_summed_is_refused(pbc, section, says):
    with pytest.raises(ModelError, match=says):
        of(film(), pbc, **section)


def test_a_liquid_is_no_film():
    atoms = film(0)
    atoms.cell[2, 2] = np.ptp(atoms.positions[:, 2]) + 3.0
    with pytest.raises(ModelError, match=r"the widest gap along that axis is \d\.\d Å"):
        of(atoms, slab="z")
    assert np.isfinite(of(atoms).energy_eV)


def test_a_skewed_film_is_refused():
    atoms = film()
    atoms.cell[2, 0] = 1.0
    with pytest.raises(ModelError, match="perpendicular"):
        of(atoms, slab="z")


def test_contract_with_an_ase_calculator():
    """Contract of every architecture: LAMMPS, its own calculator, NVE, virial."""
    rng = np.random.default_rng(1)
    atoms = bulk("Cu", "fcc", 3.7, cubic=True).repeat((2, 2, 2))
    atoms.symbols[rng.permutation(32)[:16]] = "Pt"
    atoms.positions += rng.normal(scale=0.02, size=(32, 3))
    section = {"charges_e": {"Cu": 0.2}, "balance": "Pt", "cutoff_A": 6.0}
    potential = {
        "architecture": "ase",
        "calculator": "ase.calculators.emt:EMT",
        "elements": ["Cu", "Pt"],
        "electrostatics": section,
    }
    check_architecture(potential, atoms, limits=Limits())


def test_the_deck_says_what_is_added():
    terms = {"electrostatics": {"charges_e": WATER, "balance": "Pt"}, "dispersion": {"functional": "pbe"}}
    potential = find("mace").model_validate({"architecture": "mace", "model": str(MODEL), **terms})
    assert potential.terms_said == [
        "dispersion: {functional: pbe}",
        "electrostatics: {charges_e: {O: -0.82, H: 0.41, Na: 1.0}, balance: Pt}",
    ]


def _with_card(folder: Path, **entries) -> dict:
    """The potential section of a model whose card says how it was trained."""
    model = folder / "own.model"
    model.write_bytes(MODEL.read_bytes())
    (folder / "card.yaml").write_text(yaml.safe_dump({"file": model.name, "sha256": sha256(model), **entries}))
    return {"architecture": "mace", "model": str(model)}


def test_model_and_run_must_agree_on_the_charges(tmp_path):
    section = {"charges_e": WATER, "balance": "Pt", "slab": "z"}

    def says(card: dict, **keys) -> list[str]:
        potential = find("mace").model_validate(_with_card(tmp_path, **card) | keys)
        return [p.message for p in potential.problems(None) if p.level == "error" and "electrostatics" in p.message]

    card = {"electrostatics": section}
    assert not says(card, electrostatics=section) and not says({})
    (message,) = says(card)
    assert "it needs electrostatics: {'charges_e'" in message and "'slab': 'z'" in message
    (message,) = says(card, electrostatics=section | {"balance": "Au"})
    assert "it needs electrostatics" in message
    (message,) = says({}, electrostatics=section)
    assert "trained without them" in message
    (message,) = says(card, electrostatics=section, coupling="native")
    assert "coupling: callback" in message
    member = says(card, electrostatics=section, committee=[str(tmp_path / "own.model")])
    assert not member, "a member with the same card was refused"
