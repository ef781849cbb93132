"""The barostat and the directions that hold a pressure."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111

from lmpdrive.checks.case import Case
from lmpdrive.checks.rules.barostat import npt_over_vacuum, pressure_without_the_slab_correction, skew_of_the_cell
from lmpdrive.checks.slab_term import slab_term_bar
from lmpdrive.common.units import BAR_PER_EV_PER_A3
from lmpdrive.config import load
from lmpdrive.system import make_system
from tests.conftest import SMALL_CLASSICAL
from tests.stages.resuming import METAL, rendered, resumed
from tests.system.real_lammps import lammps

EMT = {"architecture": "ase", "calculator": "ase.calculators.emt:EMT"}


@pytest.fixture
def npt(write_yaml):
    """A configuration with a barostat of this coupling."""

    def made(coupling, **changes):
        dynamics = {"ensemble": "npt", "barostat": {"coupling": coupling}, "fixed_layers": 0}
        return load(write_yaml(SMALL_CLASSICAL | {"dynamics": dynamics, "potential": EMT}, **changes))

    return made


def levels(config, atoms: Atoms) -> list[str]:
    system = SimpleNamespace(atoms=atoms, groups={"metal": []}, vacuum_along_z=False)
    found = npt_over_vacuum(Case(config, system))
    return [f"{p.level} along {p.message.partition(' of vacuum along ')[2][:1]}" for p in found]


SLAB = fcc111("Cu", (3, 4, 4), vacuum=7.5, orthogonal=True)
WIRE = Atoms("Cu8", [(0, 0, 2.5 * k) for k in range(8)], cell=[15, 15, 20], pbc=True)


@pytest.mark.parametrize(
    ("atoms", "coupling", "expected"),
    [
        (SLAB, "iso", ["error along c"]),
        (SLAB, "aniso", ["error along c"]),
        (SLAB, "tri", ["error along c"]),
        (SLAB, "z", ["error along c"]),
        (SLAB, "xy", []),
        (WIRE, "iso", ["error along a", "error along b"]),
        (WIRE, "xy", ["error along a", "error along b"]),
        (WIRE, "z", []),
        (bulk("Cu", cubic=True).repeat(3), "iso", []),
        (Atoms("Cu", cell=[20] * 3, pbc=True), "iso", ["warning along "]),
    ],
)
def test_a_vacuum_is_not_put_under_pressure(npt, atoms, coupling, expected):
    assert levels(npt(coupling), atoms) == expected


def test_a_fixed_boundary(npt):
    """Slab-corrected sums: p p f, also where the vacuum is small; the cure is in-plane."""
    thin = npt("iso", potential={"architecture": "classical"}, system__build__vacuum_A=6)
    (problem,) = npt_over_vacuum(Case(thin, make_system(thin)))
    assert problem.level == "error" and "coupling: xy" in problem.message
    in_plane = npt("xy", potential={"architecture": "classical"})
    assert list(npt_over_vacuum(Case(in_plane, make_system(in_plane)))) == []


@pytest.mark.parametrize(
    ("cell", "ensemble", "expected"),
    [
        ([[8, 0, 0], [12, 7, 0], [0, 0, 20]], "npt", ["error: b - 2 a"]),
        ([[8, 0, 0], [12, 7, 0], [0, 0, 20]], "nvt", ["note: b - 2 a"]),
        ([[8, 0, 0], [-6, 7, 0], [0, 0, 20]], "npt", ["note: b + 1 a"]),
        ([[8, 0, 0], [4, 7, 0], [0, 0, 20]], "npt", []),
        ([[8, 0, 0], [0, 7, 0], [9, 13, 20]], "nvt", ["note: c - 1 a", "note: c - 2 b"]),
        ([[8, 0, 0], [0, 7, 0], [0, 0, 20]], "npt", []),
    ],
)
def test_the_same_lattice_with_less_skew(npt, cell, ensemble, expected):
    atoms = Atoms("Cu", cell=cell, pbc=True)
    config = npt("xy", dynamics__ensemble=ensemble)
    found = skew_of_the_cell(Case(config, SimpleNamespace(atoms=atoms)))
    said = [f"{p.level}: {p.message.split('. ')[-1].partition(' in its place')[0]}" for p in found]
    assert said == expected


def test_nvt_is_not_asked(npt):
    assert levels(npt("iso", dynamics__ensemble="nvt"), SLAB) == []


TWO_CHARGES = """
units metal
atom_style full
boundary p p f
region box block 0 10 0 10 0 15
create_box 1 box
create_atoms 1 single 2 3 4
create_atoms 1 single 5 5 11
mass 1 1
set atom 1 charge 1
set atom 2 charge -1
pair_style coul/long 5
pair_coeff * *
kspace_style pppm 1e-8
kspace_modify slab 3.0
thermo_modify norm no
compute virial all pressure NULL virial
thermo_style custom step pe c_virial[1] vol
run 0 post no
print "$(pe:%.15g) $(c_virial[1]:%.15g) $(vol)" file here
change_box all x scale 0.999 remap
run 0 post no
print "$(pe:%.15g)" file narrower
change_box all x scale $(1.001/0.999) remap
run 0 post no
print "$(pe:%.15g)" file wider
"""


def test_lammps_leaves_the_slab_correction_out_of_the_pressure(tmp_path):
    """-dE/dV of two charges with a dipole of 7 e Å, against the virial: what is missing is what is said."""
    lammps(TWO_CHARGES, tmp_path)
    _, virial_bar, volume = map(float, (tmp_path / "here").read_text().split())
    narrower, wider = (float((tmp_path / name).read_text()) for name in ("narrower", "wider"))
    true_bar = -(wider - narrower) / (0.002 * volume) * BAR_PER_EV_PER_A3
    np.testing.assert_allclose(true_bar - virial_bar, slab_term_bar(7.0, volume), rtol=0.01)


def test_the_missing_pressure_is_told(npt):
    polar = npt("xy", potential={"architecture": "classical"})
    (problem,) = pressure_without_the_slab_correction(Case(polar, make_system(polar)))
    assert problem.level == "warning" and "e Å" in problem.message
    for config in (npt("xy"), npt("xy", potential={"architecture": "classical"}, dynamics__ensemble="nvt")):
        assert not list(pressure_without_the_slab_correction(Case(config, make_system(config))))


def test_in_plane_in_lammps(tmp_path):
    """a and b change together, c does not; the run can be resumed."""
    dynamics = {"ensemble": "npt", "barostat": {"coupling": "xy", "damping_fs": 100}, "fixed_layers": 0}
    run = rendered(tmp_path / "case", METAL | {"dynamics": METAL["dynamics"] | dynamics})
    assert resumed(run) == "finished"
    before, after = (cell_of(run / name) for name in ("system.data", "final.data"))
    assert after[2] == before[2]
    np.testing.assert_allclose(after[0] / before[0], after[1] / before[1], rtol=1e-10)
    assert abs(after[0] / before[0] - 1) > 1e-5
    assert resumed(run, ["dynamics.production_ps=0.25"]) == "finished"
    assert "couple xy" in (run / "in.1.lammps").read_text()


def cell_of(data) -> np.ndarray:
    """Lengths of the cell in a data file."""
    ends = [line.split()[:2] for line in data.read_text().splitlines() if line.endswith(("xhi", "yhi", "zhi"))]
    return np.array([float(high) - float(low) for low, high in ends])
