"""HDNNP evaluated by lmpdrive: against a slow implementation written from the papers, finite differences, and n2p2.

Behler, J. Chem. Phys. 134, 074106 (2011); Singraber, Behler, Dellago, J. Chem. Theory Comput. 15, 1827 (2019).
"""

import itertools
import math
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

import lmpdrive
from lmpdrive.architectures import find
from lmpdrive.architectures.hdnnp.calculator import HdnnpCalculator
from lmpdrive.architectures.hdnnp.model import read
from lmpdrive.errors import ModelError
from lmpdrive.testing import check_architecture
from tests.architectures.structures import water_on

MODEL = Path(__file__).parent / "data" / "hdnnp"
"""Made by make_hdnnp.py."""
SECTION = {
    "architecture": "hdnnp",
    "model": str(MODEL),
    "trained_in": "eV-angstrom",
    "most_extrapolations": 1_000_000,
}


def film():
    return water_on("Pt", 3.94, layers=1, heights_A=(6.2, 9.0), height_A=13.0, shake_A=0.02)


def molecules() -> Atoms:
    """Six atoms in a tilted cell that is shorter than twice the cutoff."""
    rng = np.random.default_rng(3)
    atoms = Atoms("OH2OHO", cell=[[4.2, 0, 0], [0.7, 4.4, 0], [-0.5, 0.6, 4.8]], pbc=True)
    grid = np.array(list(itertools.product((0.2, 0.7), (0.2, 0.7), (0.2, 0.7))))[:6]
    atoms.set_scaled_positions(grid + rng.uniform(-0.08, 0.08, (6, 3)))
    return atoms


CUTOFFS = {
    0: lambda x, r, rc: 1.0,
    1: lambda x, r, rc: (math.cos(math.pi * x) + 1) / 2,
    2: lambda x, r, rc: math.tanh(1 - r / rc) ** 3,
    3: lambda x, r, rc: (math.tanh(1 - r / rc) / math.tanh(1)) ** 3,
    4: lambda x, r, rc: math.e * math.exp(1 / (x * x - 1)) if x < 1 else 0.0,
    5: lambda x, r, rc: 1 - 3 * x**2 + 2 * x**3,
    6: lambda x, r, rc: 1 - 10 * x**3 + 15 * x**4 - 6 * x**5,
    7: lambda x, r, rc: 1 - 35 * x**4 + 84 * x**5 - 70 * x**6 + 20 * x**7,
    8: lambda x, r, rc: 1 - 126 * x**5 + 420 * x**6 - 540 * x**7 + 315 * x**8 - 70 * x**9,
}
ACTIVATIONS = {
    "l": lambda x: x,
    "t": math.tanh,
    "s": lambda x: 1 / (1 + math.exp(-x)),
    "S": lambda x: 1 - 1 / (1 + math.exp(-x)),
    "p": lambda x: math.log(1 + math.exp(x)),
    "r": lambda x: max(x, 0.0),
    "g": lambda x: math.exp(-x * x / 2),
    "c": math.cos,
    "e": lambda x: math.exp(-x),
    "h": lambda x: x * x,
}


class Slow:
    """The energy of a folder, from the printed equations, in plain loops over the text of its files."""

    def __init__(self, folder: Path) -> None:
        self.lines = [w for line in (folder / "input.nn").read_text().splitlines() if (w := line.split("#")[0].split())]
        self.folder = folder
        self.scaling = np.loadtxt(folder / "scaling.data")

    def get(self, keyword: str, default: str = "") -> list[str]:
        return next((w[1:] for w in self.lines if w[0] == keyword), default.split())

    def fc(self, r: float, rc: float) -> float:
        kind, *alpha = self.get("cutoff_type")
        inner = rc * float(alpha[0]) if alpha and kind not in "23" else 0.0
        return 1.0 if r < inner else CUTOFFS[int(kind)]((r - inner) / (rc - inner), r, rc)

    def functions(self, centre: str) -> list[list[str]]:
        """Sorted as n2p2 does: type, cutoff, η, r_s, ζ, λ, elements by atomic number."""
        z = {"H": 1, "O": 8, "Pt": 78}

        def key(w: list[str]) -> tuple:
            if w[2] == "2":
                return (2, float(w[6]), float(w[4]), float(w[5]), 0, 0, z[w[3]])
            shift = float(w[9]) if len(w) > 9 else 0.0
            pair = sorted((z[w[3]], z[w[4]]))
            return (int(w[2]), float(w[8]), float(w[5]), shift, float(w[7]), float(w[6]), *pair)

        return sorted((w for w in self.lines if w[0] == "symfunction_short" and w[1] == centre), key=key)

    def value(self, w: list[str], around: list[tuple[str, np.ndarray]]) -> float:
        if w[2] == "2":
            eta, shift, rc = map(float, w[4:7])
            near = [np.linalg.norm(v) for e, v in around if e == w[3]]
            return sum(math.exp(-eta * (r - shift) ** 2) * self.fc(r, rc) for r in near if r < rc)
        eta, lambda_, zeta, rc = map(float, w[5:9])
        shift, total = float(w[9]) if len(w) > 9 else 0.0, 0.0
        for (e, a), (g, b) in itertools.combinations(around, 2):
            if sorted((e, g)) != sorted(w[3:5]):
                continue
            ra, rb, rd = np.linalg.norm(a), np.linalg.norm(b), np.linalg.norm(b - a)
            if ra >= rc or rb >= rc or (w[2] == "3" and rd >= rc):
                continue
            base = 1 + lambda_ * (a @ b) / (ra * rb)
            exponent = (ra - shift) ** 2 + (rb - shift) ** 2 + ((rd - shift) ** 2 if w[2] == "3" else 0.0)
            f = self.fc(ra, rc) * self.fc(rb, rc) * (self.fc(rd, rc) if w[2] == "3" else 1.0)
            total += max(base, 0.0) ** zeta * math.exp(-eta * exponent) * f
        return 2 ** (1 - zeta) * total

    def scaled(self, values: list[float], element: int) -> list[float]:
        keys = {w[0] for w in self.lines}
        low, high = float(self.get("scale_min_short", "0")[0]), float(self.get("scale_max_short", "1")[0])
        found = []
        for k, g in enumerate(values):
            row = self.scaling[(self.scaling[:, 0] == element) & (self.scaling[:, 1] == k + 1)][0]
            smallest, largest, mean, sigma = row[2:]
            if "scale_symmetry_functions_sigma" in keys:
                g = low + (high - low) * (g - mean) / sigma
            elif "scale_symmetry_functions" in keys:
                from_ = mean if "center_symmetry_functions" in keys else smallest
                g = low + (high - low) * (g - from_) / (largest - smallest)
            elif "center_symmetry_functions" in keys:
                g = g - mean
            found.append(g)
        return found

    def network(self, x: list[float], z: int) -> float:
        letters = self.get("global_activation_short")
        table = [w.split() for w in (self.folder / f"weights.{z:03d}.data").read_text().splitlines()]
        divide = any(w[0] == "normalize_nodes" for w in self.lines)
        for layer, letter in enumerate(letters):
            sums = {int(w[4]): float(w[0]) for w in table if w[1] == "b" and int(w[3]) == layer + 1}
            for w in table:
                if w[1] == "a" and int(w[3]) == layer:
                    sums[int(w[6])] += float(w[0]) * x[int(w[4]) - 1]
            x = [ACTIVATIONS[letter](sums[n] / (len(x) if divide else 1)) for n in sorted(sums)]
        return x[0]

    def energy(self, atoms: Atoms) -> float:
        symbols = sorted(self.get("elements"), key=lambda e: {"H": 1, "O": 8, "Pt": 78}[e])
        total = 0.0
        shifts = [np.array(s) @ atoms.cell.array for s in itertools.product((-1, 0, 1), repeat=3)]
        for i, centre in enumerate(atoms.symbols):
            around = [
                (e, v)
                for j, e in enumerate(atoms.symbols)
                for s in shifts
                if (j != i or s.any()) and np.linalg.norm(v := atoms.positions[j] + s - atoms.positions[i]) < 6
            ]
            values = [self.value(w, around) for w in self.functions(centre)]
            scaled = self.scaled(values, symbols.index(centre) + 1)
            total += self.network(scaled, {"H": 1, "O": 8, "Pt": 78}[centre]) / float(self.get("conv_energy", "1")[0])
            total += float(self.get("mean_energy", "0")[0])
            total += sum(float(w[2]) for w in self.lines if w[0] == "atom_energy" and w[1] == centre)
        return total


def random_model(folder: Path, *, cutoff="6 0.0", scaling=("scale_symmetry_functions",), letters="t t l", more=()):
    """H and O with 4 Å, weights at random; files as n2p2 writes them."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(5)
    lines = ["elements O H", f"cutoff_type {cutoff}", *scaling, "scale_min_short -1", "scale_max_short 1", *more]
    lines += ["global_hidden_layers_short 2", "global_nodes_short 4 3", f"global_activation_short {letters}"]
    for c in "HO":
        lines += [f"symfunction_short {c} 2 O 0.5 1.0 4.0", f"symfunction_short {c} 2 H 0.3 0.0 3.5"]
        lines += [f"symfunction_short {c} 2 H 0.5 1.0 4.0", f"symfunction_short {c} 3 O H 0.05 1.0 2.0 4.0"]
        lines += [f"symfunction_short {c} 9 H H 0.02 -1.0 1.0 3.5 0.4", f"symfunction_short {c} 3 O O 0.05 -1 1.5 4.0"]
        lines += [f"symfunction_short {c} 9 H O 0.02 1.0 4.0 4.0"]
    (folder / "input.nn").write_text("\n".join(lines) + "\n")
    rows = [
        f"{e} {k} {rng.uniform(0, 0.2)} {rng.uniform(2, 4)} {rng.uniform(0.5, 1.5)} {rng.uniform(0.2, 0.8)}"
        for e in (1, 2)
        for k in range(1, 8)
    ]
    (folder / "scaling.data").write_text("\n".join(rows) + "\n")
    for z in (1, 8):
        sizes, text, k = (7, 4, 3, 1), [], 0
        for layer, (n, m) in enumerate(itertools.pairwise(sizes)):
            for source, target in itertools.product(range(n), range(m)):
                k += 1
                text.append(f"{rng.normal(scale=0.7)} a {k} {layer} {source + 1} {layer + 1} {target + 1}")
            text += [f"{rng.normal(scale=0.3)} b {k} {layer + 1} {target + 1}" for target in range(m)]
        (folder / f"weights.{z:03d}.data").write_text("\n".join(text) + "\n")
    return folder


VARIANTS = {
    **{f"cutoff {k}": {"cutoff": f"{k} {alpha}"} for k, alpha in zip(range(1, 9), (0.2, 0, 0, 0.1, 0, 0.3, 0, 0))},
    "no scaling": {"scaling": ()},
    "centred": {"scaling": ("center_symmetry_functions",)},
    "scaled and centred": {"scaling": ("scale_symmetry_functions", "center_symmetry_functions")},
    "scaled by sigma": {"scaling": ("scale_symmetry_functions_sigma",)},
    **{f"activations {a}{b}": {"letters": f"{a} {b} l"} for a, b in ("ps", "gc", "Se", "hr")},
    "offsets": {"more": ("mean_energy -1.5", "conv_energy 3.0", "atom_energy O -2.5", "normalize_nodes")},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_energy_is_the_papers_and_forces_and_stress_are_its_derivatives(name, tmp_path):
    folder = random_model(tmp_path / "model", **VARIANTS[name])
    atoms = molecules()
    atoms.calc = HdnnpCalculator(read(folder), 1.0, 1.0, 10**6)
    slow = Slow(folder)
    assert atoms.get_potential_energy() == pytest.approx(slow.energy(atoms), rel=1e-12)
    forces, stress, step = atoms.get_forces(), atoms.get_stress(voigt=False), 1e-5
    for i, x in ((0, 0), (1, 2), (4, 1)):
        ends = []
        for sign in (1, -1):
            moved = atoms.copy()
            moved.positions[i, x] += sign * step
            moved.calc = atoms.calc
            ends.append(moved.get_potential_energy())
        assert forces[i, x] == pytest.approx((ends[1] - ends[0]) / (2 * step), abs=2e-8)
    for a, b in ((0, 0), (0, 2)):
        ends = []
        for sign in (1, -1):
            strain = np.eye(3)
            strain[a, b] += sign * step / 2
            strain[b, a] += sign * step / 2
            other = atoms.copy()
            other.set_cell(atoms.cell.array @ strain, scale_atoms=True)
            other.calc = atoms.calc
            ends.append(other.get_potential_energy())
        assert stress[a, b] * atoms.get_volume() == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=2e-7)


def test_contract():
    measured = check_architecture(SECTION, film())
    print(measured)
    assert not measured.skipped
    assert len(measured.numbers) >= 12


def test_the_shipped_model_is_the_papers_in_atomic_units_too():
    """The same numbers read as Bohr and Hartree, in a structure as much smaller."""
    from lmpdrive.common.units import BOHR_A, HARTREE_EV

    atoms = molecules()
    shrunk = atoms.copy()
    shrunk.set_cell(atoms.cell.array * BOHR_A, scale_atoms=True)
    hdnnp = find("hdnnp")
    for section, structure, factor in ((SECTION, atoms, 1.0), (SECTION | {"trained_in": "hartree-bohr"}, shrunk, None)):
        structure.calc = hdnnp.model_validate(section).make_calculator()
        unit = factor or HARTREE_EV
        assert structure.get_potential_energy() / unit == pytest.approx(Slow(MODEL).energy(atoms), rel=1e-11)
    np.testing.assert_allclose(shrunk.get_forces() * BOHR_A / HARTREE_EV, atoms.get_forces(), atol=1e-10)
    assert str(hdnnp.model_validate(SECTION).receptive_field()) == "4 Å"


def test_symmetry_functions_outside_of_the_training_data_stop_the_run(tmp_path, write_yaml):
    atoms = film()
    atoms.positions[-1] += (0.4, 0, 0)
    atoms.write(tmp_path / "a.xyz")
    content = {"system": {"read": "a.xyz"}, "potential": SECTION | {"most_extrapolations": 0}}
    content["dynamics"] = {"fixed_layers": 0, "minimise": None, "equilibrate_ps": 0, "production_ps": 0.01}
    with pytest.raises(lmpdrive.errors.EngineError, match="outside of the training data; most_extrapolations is 0"):
        lmpdrive.simulate(write_yaml(content), tmp_path / "run")


def broken(folder: Path, file: str, old: str, new: str) -> Path:
    """The shipped model with a text replaced."""
    shutil.copytree(MODEL, folder)
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    return folder


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("input.nn", "symfunction_short H 2 H 0.05 0.0 4.0", "symfunction_short H 20 H 0.0 4.0 p2", "type 2, 3, 9 are"),
        ("input.nn", "elements Pt O H", "nnp_type 4G-HDNNP\nelements Pt O H", "2G models only"),
        ("input.nn", "cutoff_type 6 0.0", "cutoff_type 9", "there are 0 to 8"),
        ("input.nn", "activation_short t l", "activation_short q l", "no activation function 'q'"),
        ("input.nn", "nodes_short 10", "nodes_short 11", "lacks"),
        ("input.nn", "nodes_short 10", "nodes_short 9", "does not fit"),
        ("input.nn", "symfunction_short H 2 H 0.05 0.0 4.0\n", "", "does not fit input.nn"),
        ("scaling.data", "3 24 ", "3 23 ", "does not list all 24"),
    ],
)
def test_what_is_wrong_is_named_before_a_run(file, old, new, says, tmp_path):
    folder = broken(tmp_path / "model", file, old, new)
    (problem,) = find("hdnnp").model_validate(SECTION | {"model": str(folder)}).problems(None)
    assert problem.level == "error" and says in problem.message, problem.message


def test_an_unknown_element_is_named():
    atoms = Atoms("OH", [[0, 0, 0], [0.9, 0, 0]])
    atoms.calc = find("hdnnp").model_validate(SECTION).make_calculator()
    assert np.isfinite(atoms.get_potential_energy()), "without a cell too"
    atoms.symbols[0] = "N"
    with pytest.raises(ModelError, match="knows H, O, Pt, not the atomic number 7"):
        atoms.get_potential_energy()


N2P2 = os.environ.get("N2P2_EXAMPLES", "")
PREDICTED = {"H2O_RPBE-D3": -2.7564547347815904e04, "Cu2S_PBE": -5.7365603183874578e02}
"""Energies that n2p2's own tests expect of its examples (test/cpp/Example_nnp_predict.h)."""


@pytest.mark.validation
@pytest.mark.skipif(not N2P2, reason="set N2P2_EXAMPLES to examples/nnp-predict of github.com/CompPhysVienna/n2p2")
@pytest.mark.parametrize("name", PREDICTED)
def test_energies_are_those_of_n2p2(name):
    folder = Path(N2P2) / name
    words = [line.split() for line in (folder / "input.data").read_text().partition("\nend")[0].splitlines()]
    cell = [list(map(float, w[1:4])) for w in words if w[0] == "lattice"]
    rows = [w for w in words if w[0] == "atom"]
    atoms = Atoms([w[4] for w in rows], [list(map(float, w[1:4])) for w in rows], cell=cell, pbc=True)
    atoms.calc = HdnnpCalculator(read(folder), 1.0, 1.0, 10**6)
    print(name, atoms.get_potential_energy() - PREDICTED[name])
    assert atoms.get_potential_energy() == pytest.approx(PREDICTED[name], rel=1e-13)
