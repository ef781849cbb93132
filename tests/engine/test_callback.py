"""`fix external` coupling: the model's numbers arrive in LAMMPS, whatever the deck does, and failures stop it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, make_supercell
from ase.calculators.emt import EMT
from ase.data import atomic_masses, atomic_numbers
from ase.io import read

import lmpdrive
from lmpdrive.architectures import AseEvaluator, Configuration
from lmpdrive.deck.commands import parse_deck
from lmpdrive.engine.callback import Coupling
from lmpdrive.engine.feed import pieces
from lmpdrive.engine.lammps_library import load
from lmpdrive.errors import EngineError, RunDirectoryError

METALS = ["Cu", "Pt"]

HEAD = """units metal
atom_modify map yes
boundary p p p
newton on
read_data system.data
pair_style zero 1.0 nocoeff
pair_coeff * *
fix model all external pf/callback 1 1
fix_modify model energy yes virial yes
timestep 0.002
thermo_style custom step temp pe etotal press pxx pyy pzz pxy pxz pyz lx
thermo_modify format float %.15g
thermo 1
"""


def alloy(seed: int = 1, rattle: float = 0.1, skewed: bool = False) -> Atoms:
    """32 atoms of Cu and Pt, off their sites; optionally in a tilted cell."""
    atoms = make_supercell(bulk("Cu", "fcc", 3.75, cubic=True), 2 * np.eye(3))
    rng = np.random.default_rng(seed)
    atoms.numbers[rng.permutation(len(atoms))[:12]] = atomic_numbers["Pt"]
    if skewed:
        atoms.set_cell(atoms.cell.array @ np.array([[1, 0, 0], [0.1, 1, 0], [-0.07, 0.12, 1]]), scale_atoms=True)
    atoms.positions += rng.normal(scale=rattle, size=(len(atoms), 3))
    return atoms


def write_data(atoms: Atoms, folder: Path, origin=(0.0, 0.0, 0.0)) -> None:
    (lx, _, _), (xy, ly, _), (xz, yz, lz) = atoms.cell.array.tolist()
    x0, y0, z0 = origin
    lines = [
        "test",
        f"{len(atoms)} atoms\n2 atom types",
        f"{x0!r} {x0 + lx!r} xlo xhi\n{y0!r} {y0 + ly!r} ylo yhi\n{z0!r} {z0 + lz!r} zlo zhi",
        f"{xy!r} {xz!r} {yz!r} xy xz yz" if any((xy, xz, yz)) else "",
        "\nMasses\n",
        *(f"{i} {atomic_masses[atomic_numbers[e]]}" for i, e in enumerate(METALS, start=1)),
        "\nAtoms # atomic\n",
        *(
            f"{i} {METALS.index(s) + 1} {x + x0!r} {y + y0!r} {z + z0!r}"
            for i, (s, (x, y, z)) in enumerate(
                zip(atoms.get_chemical_symbols(), atoms.positions.tolist(), strict=True), start=1
            )
        ),
    ]
    (folder / "system.data").write_text("\n".join(lines) + "\n")


def lammps_runs(folder: Path, deck: str, evaluator=None):
    """LAMMPS after a deck in `folder`, coupled to EMT."""
    (folder / "in.lammps").write_text(deck)
    lmp = load(plugins=False)(cmdargs=["-log", "log.lammps", "-screen", "none", "-nocite"])
    Coupling(lmp, evaluator or AseEvaluator(EMT()), METALS, folder).run(Path("in.lammps"))
    return lmp


def forces(lmp) -> np.ndarray:
    n = lmp.get_natoms()
    return lmp.numpy.extract_atom("f")[:n][np.argsort(lmp.numpy.extract_atom("id")[:n])]


def positions(lmp) -> np.ndarray:
    n = lmp.get_natoms()
    return lmp.numpy.extract_atom("x")[:n][np.argsort(lmp.numpy.extract_atom("id")[:n])]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("origin", [(0.0, 0.0, 0.0), (-3.1, 2.2, 5.0)], ids=["origin 0", "origin elsewhere"])
@pytest.mark.parametrize("skewed", [False, True], ids=["orthogonal", "triclinic"])
def test_energy_forces_and_pressure_are_the_calculators(here, skewed, origin):
    atoms = alloy(skewed=skewed)
    write_data(atoms, here, origin)
    lmp = lammps_runs(here, HEAD + "run 0\n")
    atoms.calc = EMT()
    assert lmp.get_thermo("pe") == pytest.approx(atoms.get_potential_energy(), abs=1e-10)
    assert np.abs(forces(lmp) - atoms.get_forces()).max() < 1e-10
    stress = atoms.get_stress(voigt=False)
    bar = -stress * 160.21766208 * 1e4  # eV/Å^3 -> bar; no velocities, so no kinetic part
    said = [lmp.get_thermo(f"p{axes}") for axes in ("xx", "yy", "zz", "xy", "xz", "yz")]
    assert said == pytest.approx([bar[0, 0], bar[1, 1], bar[2, 2], bar[0, 1], bar[0, 2], bar[1, 2]], abs=1e-2)


def test_the_virial_is_the_strain_derivative_of_the_energy():
    atoms = alloy(skewed=True)
    evaluate = AseEvaluator(EMT())
    h = 1e-5

    def energy(strain: np.ndarray) -> float:
        deform = np.eye(3) + strain
        return evaluate(
            Configuration(atoms.numbers, atoms.positions @ deform, atoms.cell.array @ deform, (True,) * 3)
        ).energy_eV

    virial = evaluate(Configuration(atoms.numbers, atoms.positions, atoms.cell.array, (True,) * 3)).virial
    for a, b in [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)]:
        strain = np.zeros((3, 3))
        strain[a, b] += h / 2
        strain[b, a] += h / 2
        assert -(energy(strain) - energy(-strain)) / (2 * h) == pytest.approx(virial[a, b], abs=1e-5)


def test_atoms_far_outside_the_cell_and_sorting_change_nothing(here):
    atoms = alloy()
    write_data(atoms, here)
    run = HEAD + "velocity all create 600 1 loop geom\nfix move all nve\n"
    straight = lammps_runs(here, run + "atom_modify sort 0 0\nrun 40\n")
    kept = positions(straight).copy(), straight.get_thermo("etotal")
    shuffled = lammps_runs(here, run + "atom_modify sort 1 2.0\nrun 40\n")
    assert np.abs(positions(shuffled) - kept[0]).max() < 1e-9
    assert shuffled.get_thermo("etotal") == pytest.approx(kept[1], abs=1e-9)


def test_nve_conserves(here):
    write_data(alloy(rattle=0.02), here)
    lmp = lammps_runs(here, HEAD + "velocity all create 600 1\nfix move all nve\nrun 0\n")
    start = lmp.get_thermo("etotal")
    lmp.command("run 500")
    assert abs(lmp.get_thermo("etotal") - start) / 32 < 5e-5, "eV/atom in 1 ps"
    assert lmp.get_thermo("ke") > 0.5


def test_npt_triclinic_minimise_several_runs_and_run_style(here):
    """All of these in one deck; at the end LAMMPS and the calculator still agree."""
    write_data(alloy(skewed=True), here)
    lmp = lammps_runs(
        here,
        HEAD
        + """label again
minimize 0 0.1 50 &
    500
reset_timestep 0
variable n loop 2
label lap
velocity all create 300 ${n}7
fix move all npt temp 300 300 0.1 tri 1000 1000 0.5
run 10
unfix move
next n
jump SELF lap
fix move all nve
run_style verlet
run 5
""",
    )
    n = lmp.get_natoms()
    low, high, xy, yz, xz, _, _ = lmp.extract_box()
    lengths = np.array(high) - low
    assert abs(lengths[0] - 7.5) > 1e-4, "the cell has moved"
    order = np.argsort(lmp.numpy.extract_atom("id")[:n])
    types = lmp.numpy.extract_atom("type")[:n][order]
    now = Atoms(
        [METALS[t - 1] for t in types],
        positions(lmp) - low,
        cell=[[lengths[0], 0, 0], [xy, lengths[1], 0], [xz, yz, lengths[2]]],
        pbc=True,
        calculator=EMT(),
    )
    assert lmp.get_thermo("pe") == pytest.approx(now.get_potential_energy(), abs=1e-9)
    assert np.abs(forces(lmp) - now.get_forces()).max() < 1e-9


def test_rerun(here):
    write_data(alloy(), here)
    lammps_runs(
        here,
        HEAD
        + "velocity all create 300 1\nfix move all nve\ndump all all custom 5 all.dump id type x y z\n"
        + "dump_modify all format float %.16g\nrun 10\n",
    ).close()
    energies = thermo_column(here / "log.lammps", "PotEng")
    lammps_runs(here, HEAD + "rerun all.dump dump x y z\n").close()
    again = thermo_column(here / "log.lammps", "PotEng")
    assert again == pytest.approx([energies[0], energies[5], energies[10]], abs=1e-9)


def thermo_column(log: Path, name: str) -> list[float]:
    out, column = [], None
    for line in log.read_text().splitlines():
        words = line.split()
        if words[:1] == ["Step"]:
            column = words.index(name)
        elif words[:1] == ["Loop"]:
            column = None
        elif column is not None and words[0].isdigit():
            out.append(float(words[column]))
    return out


def test_a_restart_continues_identically(here):
    write_data(alloy(), here)
    move = "fix move all nvt temp 300 300 0.1\n"
    through = lammps_runs(here, HEAD + "velocity all create 300 1\n" + move + "run 40\n")
    whole = positions(through).copy()
    lammps_runs(here, HEAD + "velocity all create 300 1\n" + move + "run 20\nwrite_restart half.restart\n").close()
    resumed = HEAD.replace("read_data system.data", "read_restart half.restart") + move + "run 20\n"
    apart = positions(lammps_runs(here, resumed)) - whole
    assert np.abs(apart - 7.5 * np.round(apart / 7.5)).max() < 1e-10, "the restart may be wrapped into the cell"


class Failing:
    """EMT until the `at`-th call."""

    def __init__(self, at: int, how: str) -> None:
        self.at, self.how, self.calls, self.emt = at, how, 0, AseEvaluator(EMT())

    def __call__(self, configuration):
        self.calls += 1
        answer = self.emt(configuration)
        if self.calls < self.at:
            return answer
        if self.how == "raises":
            raise MemoryError("CUDA out of memory")
        answer.forces[3, 1] = np.nan
        return answer


@pytest.mark.parametrize(("how", "kind"), [("raises", MemoryError), ("nan", FloatingPointError)])
@pytest.mark.parametrize("at", [1, 8])
def test_a_failure_stops_the_run_at_that_step(here, how, kind, at):
    write_data(alloy(), here)
    model = Failing(at, how)
    with pytest.raises(kind):
        lammps_runs(here, HEAD + "velocity all create 300 1\nfix move all nve\nrun 100\nrun 100\n", model)
    assert model.calls == at, "never asked again"
    frame = read(here / "failed_frame.xyz")
    assert frame.info["step"] == at - 1 and len(frame) == 32


def test_a_deck_without_the_fix_is_refused(here):
    write_data(alloy(), here)
    with pytest.raises(EngineError, match="fix model all external"):
        lammps_runs(
            here, HEAD.replace("fix model all external pf/callback 1 1\nfix_modify", "# fix_modify") + "run 1\n"
        )


def test_commands_keep_what_belongs_together():
    deck = 'a &\n  b\nprint """x\ny"""\n  fix m2  all external &\n pf/callback 1 1\nrun 1'
    assert [command.text for command in parse_deck(deck).commands] == [
        "a &\n  b\n",
        'print """x\ny"""\n',
        "  fix m2  all external &\n pf/callback 1 1\n",
        "run 1",
    ]
    assert [(piece.fix, piece.last) for piece in pieces(parse_deck(deck))] == [("m2", "fix"), (None, "run"), (None, "")]
    assert [piece.fix for piece in pieces(parse_deck("label a\n" + deck + "jump SELF a\n"))] == ["m2", None]


CRYSTAL = {
    "potential": {"architecture": "ase", "calculator": "ase.calculators.emt:EMT"},
    "dynamics": {"fixed_layers": 0, "equilibrate_ps": 0.02, "production_ps": 0.1, "temperature_K": 300},
}


def test_simulate_with_an_ase_calculator(write_yaml, tmp_path):
    alloy(rattle=0.02).write(tmp_path / "alloy.xyz")
    path = write_yaml(CRYSTAL, system__read=str(tmp_path / "alloy.xyz"))
    result = lmpdrive.simulate(path, tmp_path / "run")
    assert result.state == "finished"
    assert {"temperature", "energy"} <= set(result.tables)
    again = lmpdrive.run_deck(result.directory / "in.lammps", overwrite=True)
    assert np.array_equal(again.tables["energy"], result.tables["energy"]), "the same deck, the same run"


def test_run_deck_runs_a_rendered_and_edited_deck(write_yaml, tmp_path):
    alloy(rattle=0.02).write(tmp_path / "alloy.xyz")
    run = tmp_path / "run"
    path = write_yaml(CRYSTAL, system__read=str(tmp_path / "alloy.xyz"))
    lmpdrive_ = [sys.executable, "-m", "lmpdrive"]
    done = subprocess.run(
        [*lmpdrive_, "render", str(path), "--out", str(run)], capture_output=True, text=True, check=True
    )
    assert (
        "lmpdrive run-deck in.lammps" in done.stdout
        and "lmpdrive run-deck in.lammps" in (run / "in.lammps").read_text()
    )
    deck = (run / "in.lammps").read_text()
    (run / "in.lammps").write_text(
        deck.replace("velocity        mobile create 300", "velocity        mobile create 100")
    )
    subprocess.run([*lmpdrive_, "run-deck", str(run / "in.lammps")], capture_output=True, text=True, check=True)
    assert "velocity        mobile create 100" in (run / "log.lammps").read_text()
    done = subprocess.run([*lmpdrive_, "run-deck", str(run / "in.lammps")], capture_output=True, text=True, check=False)
    assert done.returncode == RunDirectoryError.exit_code and "--overwrite" in done.stderr


def test_run_deck_wants_a_run_directory(tmp_path):
    (tmp_path / "in.lammps").write_text("units metal\n")
    with pytest.raises(RunDirectoryError, match="lmpdrive render"):
        lmpdrive.run_deck(tmp_path / "in.lammps")


def test_a_model_that_fails_in_a_run_is_reported_and_exits_non_zero(write_yaml, tmp_path):
    alloy(rattle=0.02).write(tmp_path / "alloy.xyz")
    (tmp_path / "broken.py").write_text(
        "from ase.calculators.emt import EMT\n"
        "class Broken(EMT):\n"
        "    calls = 0\n"
        "    def calculate(self, *args, **kwargs):\n"
        "        self.calls += 1\n"
        "        if self.calls > 12: raise RuntimeError('CUDA out of memory. Tried to allocate 2 GiB')\n"
        "        super().calculate(*args, **kwargs)\n"
    )
    path = write_yaml(CRYSTAL, system__read=str(tmp_path / "alloy.xyz"), potential__calculator="broken:Broken")
    done = subprocess.run(
        [sys.executable, "-m", "lmpdrive", "simulate", str(path), "--out", str(tmp_path / "run")],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(tmp_path), "PATH": str(Path(sys.executable).parent)},
        check=False,
    )
    assert done.returncode == EngineError.exit_code, done.stderr
    assert "The model said: RuntimeError: CUDA out of memory" in done.stderr and "memory is full" in done.stderr
    assert (tmp_path / "run" / "failed_frame.xyz").is_file()
    assert (tmp_path / "run" / "failed.restart").is_file() and not (tmp_path / "run" / "last.restart").exists()


def test_check_refuses_a_calculator_that_is_not_there(write_yaml, tmp_path):
    alloy().write(tmp_path / "alloy.xyz")
    changes = {"system__read": str(tmp_path / "alloy.xyz"), "potential__calculator": "ase.calculators.emt:NOPE"}
    errors = [p.message for p in lmpdrive.check(write_yaml(CRYSTAL, **changes)) if p.level == "error"]
    assert errors == ["potential.calculator: ase.calculators.emt has no 'NOPE'. It has: EMT"]
