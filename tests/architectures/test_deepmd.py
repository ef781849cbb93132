"""Deep Potential in LAMMPS against deepmd's own calculator, and what must be refused."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

import lmpdrive
from lmpdrive.architectures import find
from lmpdrive.engine.lammps_library import environment
from tests.conftest import ROOT, SMALL_DEEPMD, thermo_table

MODEL = ROOT / "potentials" / "pt-water-dp" / "model.pb"
DPA3 = Path(__file__).parent / "data" / "dpa3-untrained.savedmodel"
DOUBLE = Path(__file__).parent / "data" / "dp-float64.pb"
"""1,000 batches on the Pt/water data: poor, but a real model in double precision."""

IN_LAMMPS = """
import sys, json
from pathlib import Path
import numpy as np
from lmpdrive.engine.lammps_library import load
deck = Path("in.lammps").read_text()
lmp = load()(cmdargs=["-log", "none", "-screen", "none"])
lmp.commands_string(deck[: deck.index("# --- dynamics")])
lmp.command("run 0")
ids = lmp.numpy.extract_atom("id")[: lmp.get_natoms()]
order = np.argsort(ids)
forces = lmp.numpy.extract_atom("f")[: lmp.get_natoms()][order]
print(json.dumps({"energy": lmp.get_thermo("pe"), "forces": forces.tolist()}))
"""

IN_ASE = """
import sys, json
from ase.io import read
from deepmd.calculator import DP
atoms = read("system.data", format="lammps-data", sort_by_id=True)
atoms.calc = DP(model=sys.argv[1])
print(json.dumps({"energy": atoms.get_potential_energy(), "forces": atoms.get_forces().tolist()}))
"""


def evaluate(code: str, run: Path, *args: object) -> tuple[float, np.ndarray]:
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, args)],
        cwd=run,
        capture_output=True,
        text=True,
        env=environment("cpu", 1),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    return answer["energy"], np.array(answer["forces"])


@pytest.mark.parametrize(
    ("model", "limit"),
    [(MODEL, 1e-4), (DOUBLE, 1e-6), (DPA3, 1e-4)],
    ids=["se_e2_a .pb", "se_e2_a .pb in double", "DPA-3 .savedmodel"],
)
def test_lammps_equals_the_calculator(write_yaml, tmp_path, model, limit):
    """1e-4 eV/Å for float32 networks, 1e-6 in double: the order of the sums is all that differs."""
    path = write_yaml(SMALL_DEEPMD, potential__model=str(model), system__build__relax_ps=0.1)
    run = lmpdrive.render(path, tmp_path / "run")
    mobile = slice(12, None)  # the first layer is frozen: LAMMPS has set its forces to zero
    (E_lammps, F_lammps), (E_ase, F_ase) = evaluate(IN_LAMMPS, run), evaluate(IN_ASE, run, model)
    assert np.abs(F_ase).max() > 0.05
    assert abs(E_lammps - E_ase) < 1e-4
    assert np.abs((F_lammps - F_ase)[mobile]).max() <= limit


def test_simulate_with_the_demonstration_potential(write_yaml, tmp_path):
    """A run, its NVE drift, the same thermo table by plain lmp, tables and a report with the card's limits."""
    path = write_yaml(
        SMALL_DEEPMD,
        dynamics__ensemble="nve",
        dynamics__equilibrate_ps=0.1,
        dynamics__production_ps=0.25,
        potential__compress="auto",
        output__report=True,
    )
    result = lmpdrive.simulate(path, tmp_path / "run")
    rows = np.array([[float(x) for x in r[:7]] for r in thermo_table(tmp_path / "run" / "log.lammps")])
    production = rows[rows[:, 0] >= 200][-25:]
    assert len(production) == 25
    n_atoms = len(json.loads((result.directory / "manifest.json").read_text())["system"]["species"])
    assert np.ptp(production[:, 5]) / n_atoms < 2e-4, "total energy [eV/atom]"
    assert np.ptp(production[:, 3]) > 10 * np.ptp(production[:, 5])
    assert {"water_density", "dipole_pz", "temperature", "energy"} <= set(result.tables)
    assert "no Au, no ions" in result.report.read_text()

    plain = tmp_path / "plain"
    plain.mkdir()
    decks = [path.name for path in result.directory.glob("*.lammps") if not path.name.startswith("log.")]
    for name in (*decks, "system.data", "model.pb"):
        (plain / name).write_bytes((result.directory / name).read_bytes())
    subprocess.run(
        [Path(sys.executable).with_name("lmp"), "-in", "in.lammps"],
        cwd=plain,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment("cpu", 1),
    )
    assert thermo_table(plain / "log.lammps") == thermo_table(result.directory / "log.lammps")


def test_committee_writes_its_deviation(write_yaml, tmp_path):
    path = write_yaml(
        SMALL_DEEPMD,
        potential__committee=[str(MODEL)],
        potential__uncertainty_every=20,
        dynamics__minimise=None,
        dynamics__equilibrate_ps=0,
        dynamics__production_ps=0.02,
    )
    lmpdrive.simulate(path, tmp_path / "run")
    lines = (tmp_path / "run" / "model_devi.out").read_text().splitlines()
    assert lines[0].startswith("#") and len(lines) == 1 + 3
    assert float(lines[-1].split()[4]) == 0, "a model does not deviate from itself"


def test_element_order_is_explicit_and_independent_of_the_model(write_yaml, tmp_path):
    run = lmpdrive.render(write_yaml(SMALL_DEEPMD, system__build__relax_ps=0), tmp_path / "run")
    assert "pair_coeff      * * H O Pt" in (run / "in.lammps").read_text()
    masses = (run / "system.data").read_text().split("Masses")[1].split("Atoms")[0]
    assert [line.split("#")[1].strip() for line in masses.splitlines() if "#" in line] == ["H", "O", "Pt"]


def test_the_core_acts_below_its_radius_and_nowhere_else(write_yaml, tmp_path):
    """One O-H shorter than any of the training data by 0.03 Å: k (r - r0)^2, and a force of 2 k (r0 - r)."""
    radius = yaml.safe_load((MODEL.parent / "card.yaml").read_text())["shortest_distances_A"]["H-O"]
    (tmp_path / "one.xyz").write_text(
        '3\nLattice="15 0 0 0 15 0 0 0 15" Properties=species:S:1:pos:R:3 pbc="T T T"\n'
        f"O 5 5 5\nH {5 + radius - 0.03} 5 5\nH 4.76 5.93 5\n"
    )
    changes = {"system": {"read": "one.xyz"}, "dynamics": {"fixed_layers": 0}}
    answers = []
    for cores in ("card", "none"):
        run = lmpdrive.render(write_yaml(SMALL_DEEPMD, potential__core_radii_A=cores, **changes), tmp_path / cores)
        answers.append(evaluate(IN_LAMMPS, run))
    (E_core, F_core), (E, F) = answers
    assert E_core - E == pytest.approx(30 * 0.03**2, abs=1e-5)
    expected = 2 * 30 * 0.03
    assert (F_core - F)[:, 0] == pytest.approx([-expected, expected, 0], abs=1e-4)


def problems(write_yaml, **changes):
    return [p.message for p in lmpdrive.check(write_yaml(SMALL_DEEPMD, system__build__relax_ps=0, **changes))]


def test_refusals(write_yaml, tmp_path):
    assert any("does not know Na; it knows H, O, Pt" in m for m in problems(write_yaml, system__build__ions={"Na": 1}))
    assert any("pt-water-dp" in m for m in problems(write_yaml, potential__model="pt-water-dq"))
    (tmp_path / "model.txt").write_text("")
    assert any(".savedmodel" in m for m in problems(write_yaml, potential__model="model.txt"))
    assert any("one process cannot open" in m for m in problems(write_yaml, potential__committee=[str(DPA3)]))
    assert any("crash under MPI" in m for m in problems(write_yaml, potential__model=str(DPA3), run__mpi_ranks=2))
    (tmp_path / "broken.pb").write_text("not a model")
    assert any("deepmd cannot read" in m for m in problems(write_yaml, potential__model="broken.pb"))


def test_a_model_without_a_card_is_asked_how_far_it_sees():
    potential = find("deepmd")(architecture="deepmd", model=DPA3)
    assert str(potential.receptive_field()) == "5 Å x 2 layers = 10 Å"
    assert list(potential.model_elements()) == ["H", "O", "Pt"]


def test_the_card_belongs_to_the_model(tmp_path):
    potential = find("deepmd")(architecture="deepmd", model=MODEL)
    assert potential.card()["elements"] == ["H", "O", "Pt"] == list(potential.model_elements())
    assert str(potential.receptive_field()) == "6 Å"
    copy = tmp_path / "model.pb"
    copy.write_bytes(MODEL.read_bytes() + b"x")
    (tmp_path / "card.yaml").write_text((MODEL.parent / "card.yaml").read_text())
    assert find("deepmd")(architecture="deepmd", model=copy).card() is None


def test_two_ranks(write_yaml, tmp_path):
    path = write_yaml(SMALL_DEEPMD, dynamics__minimise=None, dynamics__equilibrate_ps=0, dynamics__production_ps=0.01)
    energies = []
    for ranks in (1, 2):
        lmpdrive.simulate(path, tmp_path / f"run{ranks}", [f"run.mpi_ranks={ranks}"])
        energies.append(float(thermo_table(tmp_path / f"run{ranks}" / "log.lammps")[0][3]))
    assert energies[0] == pytest.approx(energies[1], abs=1e-4)
