"""The classical force field in LAMMPS against its formulas on paper."""

import json
import subprocess
import sys

import numpy as np
import pytest

import lmpdrive
from lmpdrive.architectures import available, find
from lmpdrive.architectures.classical import force_field as ff
from lmpdrive.common.units import KCAL_PER_MOL_EV
from lmpdrive.config import load
from lmpdrive.errors import ConfigError
from lmpdrive.system import make_system
from tests.conftest import SMALL_CLASSICAL

ENERGIES = """
import json
from pathlib import Path
from lmpdrive.engine.lammps_library import load
deck = Path("in.lammps").read_text()
lmp = load()(cmdargs=["-log", "none", "-screen", "none"])
lmp.commands_string(deck[: deck.index("# --- dynamics")])
lmp.command("thermo_style custom step pe ebond eangle evdwl ecoul elong")
lmp.command("run 0")
print(json.dumps({k: lmp.get_thermo(k) for k in ("ebond", "eangle", "evdwl", "ecoul", "elong")}))
"""


def energies(run):
    done = subprocess.run([sys.executable, "-c", ENERGIES], cwd=run, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_registry_lists_the_folder():
    assert {"classical", "deepmd"} <= set(available())
    with pytest.raises(ConfigError, match="did you mean 'classical'"):
        find("clasical")


def test_bonded_energy_of_one_molecule(write_yaml, tmp_path):
    """O-H 1.1 Å and H-O-H 90 degrees: two bonds and one angle, by hand."""
    (tmp_path / "one.xyz").write_text(
        '3\nLattice="20 0 0 0 20 0 0 0 20" Properties=species:S:1:pos:R:3 pbc="T T T"\n'
        "O 10 10 10\nH 11.1 10 10\nH 10 11.1 10\n"
    )
    path = write_yaml(SMALL_CLASSICAL, system={"read": "one.xyz"}, dynamics={"fixed_layers": 0})
    found = energies(lmpdrive.render(path, tmp_path / "run"))
    bond = 2 * 0.5 * 1059.162 * (1.1 - 1.012) ** 2 * KCAL_PER_MOL_EV
    angle = 0.5 * 75.90 * np.radians(90 - 113.24) ** 2 * KCAL_PER_MOL_EV
    assert found["ebond"] == pytest.approx(bond, rel=1e-5)
    assert found["eangle"] == pytest.approx(angle, rel=1e-4)
    assert found["evdwl"] == 0


def test_lorentz_berthelot_between_metal_layers_and_oxygen(write_yaml, tmp_path):
    """Lennard-Jones energy of the whole small system, summed here over periodic images; Na-Au has its own."""
    path = write_yaml(SMALL_CLASSICAL, dynamics__fixed_layers=0)
    run = lmpdrive.render(path, tmp_path / "run")
    system = make_system(load(path))
    expected = lennard_jones_eV(system, 9.0, na_au=(0.1, 3.697267))
    assert energies(run)["evdwl"] == pytest.approx(expected, rel=1e-6)


def test_a_pair_of_ones_own(write_yaml, tmp_path):
    mine = {"Au-Na": {"epsilon_kcal_per_mol": 0.727, "sigma_A": 2.768}}
    path = write_yaml(SMALL_CLASSICAL, dynamics__fixed_layers=0, potential__pairs=mine)
    run = lmpdrive.render(path, tmp_path / "run")
    expected = lennard_jones_eV(make_system(load(path)), 9.0, na_au=(0.727, 2.768))
    assert energies(run)["evdwl"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", ["Na", "Na-Na", "Na-Xx", "Na-Au-O"])
def test_a_pair_that_is_none(write_yaml, name):
    path = write_yaml(SMALL_CLASSICAL, potential__pairs={name: {"epsilon_kcal_per_mol": 0.1, "sigma_A": 3}})
    with pytest.raises(ConfigError, match=f"'{name}' is not a pair of two different elements of this potential"):
        load(path)


def lennard_jones_eV(system, cutoff, na_au):
    """`na_au`: epsilon [kcal/mol] and sigma [Å] of that pair."""
    positions, cell = system.atoms.positions, system.atoms.cell.lengths()
    epsilon = np.array([ff.LENNARD_JONES[s].epsilon_kcal_per_mol for s in system.species]) * KCAL_PER_MOL_EV
    sigma = np.array([ff.LENNARD_JONES[s].sigma_A for s in system.species])
    molecule = np.arange(len(positions))
    for i, water in enumerate(system.water_molecules):
        molecule[water] = 10_000 + i
    e, s = np.sqrt(epsilon[:, None] * epsilon), (sigma[:, None] + sigma) / 2
    species = np.array(system.species)
    pair = np.outer(species == "Na", species == "Au")
    pair |= pair.T
    e[pair], s[pair] = na_au[0] * KCAL_PER_MOL_EV, na_au[1]
    total, n = 0.0, (np.ceil(cutoff / cell[:2])).astype(int)
    for a in range(-n[0], n[0] + 1):
        for b in range(-n[1], n[1] + 1):
            shift = np.array([a * cell[0], b * cell[1], 0.0])
            r = np.linalg.norm(positions[:, None] - positions + shift, axis=2)
            # molecules are bonded to their own image only: exclude the pair at its nearest image
            same = (molecule[:, None] == molecule) & (r < 3)
            pairs = (r < cutoff) & ~same & (r > 1e-9)
            x = (s[pairs] / r[pairs]) ** 6
            total += 0.5 * np.sum(4 * e[pairs] * (x * x - x))
    return total


def test_charges_balance_and_lie_on_the_wet_layer(write_yaml):
    config = load(write_yaml(SMALL_CLASSICAL))
    system = make_system(config)
    charges = np.array(config.potential.charges_e(system))
    assert charges.sum() == pytest.approx(0, abs=1e-12)
    assert charges[system.groups["layer_3"]] == pytest.approx(-1 / 16)
    assert np.all(charges[system.groups["layer_1"]] == 0)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"system__build__metal": "Rh"}, "does not know Rh"),
        ({"potential__electrode": "constant-potential"}, "add counter-ions, or use electrode: constant-charge"),
        ({"dynamics__ensemble": "npt"}, "npt with frozen atoms"),
        (
            {"dynamics__fixed_layers": 3, "system__build__ions": {}, "potential__electrode": "constant-potential"},
            "two-sided",
        ),
        ({"run__device": "cuda"}, "no NVIDIA driver"),
        ({"templates": "nowhere"}, "there is no folder"),
    ],
)
def test_problems_are_told_before_the_run(write_yaml, changes, expected):
    found = lmpdrive.check(write_yaml(SMALL_CLASSICAL, **changes))
    assert any(expected in p.message and p.level == "error" for p in found)


@pytest.mark.parametrize("electrode", ["constant-charge", "constant-potential"])
def test_electrodes_run(write_yaml, tmp_path, electrode):
    changes = {"system__build__ions": {}, "system__build__vacuum_A": 0, "potential__voltage_V": 1.0}
    path = write_yaml(
        SMALL_CLASSICAL,
        potential__electrode=electrode,
        dynamics__equilibrate_ps=0,
        dynamics__production_ps=0.02,
        dynamics__minimise=None,
        **(changes if electrode == "constant-potential" else {}),
    )
    result = lmpdrive.simulate(path, tmp_path / "run")
    charges = final_charges(tmp_path / "run" / "final.data")[:48]
    if electrode == "constant-charge":
        assert charges.sum() == pytest.approx(-1, abs=1e-4), "the metal balances one Na+"
    else:
        # the half at +V/2 carries more charge than the half at -V/2; together they are neutral
        assert charges.sum() == pytest.approx(0, abs=1e-4)
        assert charges[24:].sum() > charges[:24].sum()
    assert np.ptp(charges) > 1e-3 and result.state == "finished"


def final_charges(path):
    text = path.read_text().split("Atoms # full")[1].split("Velocities")[0]
    rows = [line.split() for line in text.splitlines() if len(line.split()) >= 7]
    return np.array([float(r[3]) for r in sorted(rows, key=lambda r: int(r[0]))])
