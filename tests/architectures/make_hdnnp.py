"""Fit the small HDNNP of the tests (Pt, O, H; eV and Å) in the format of n2p2.

    python tests/architectures/make_hdnnp.py tests/architectures/data/hdnnp

Hidden layers are random, the output layer is a least-squares fit to energies and forces of a dozen small frames of
potentials/: poor, but a real model.  Symmetry functions and their scaling are evaluated by lmpdrive.
"""

import sys
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers
from ase.io import read

from lmpdrive.architectures.hdnnp.calculator import HdnnpCalculator
from lmpdrive.architectures.hdnnp.model import read as read_model
from lmpdrive.architectures.shared.neighbour_list import neighbours

POTENTIALS = Path(__file__).resolve().parents[2] / "potentials"
ELEMENTS = ("H", "O", "Pt")
ISOLATED_eV = {"H": -1.2058, "O": -1.6348, "Pt": -0.6548}
"""RPBE, of the source of the frames: ../shared/data/pt-water-rpbe-d3/isolated-atoms.xyz."""
HIDDEN = 10
CUTOFF_A = 4.0


def input_nn() -> str:
    """The text of the file."""
    lines = ["number_of_elements 3", "elements Pt O H   # in any order"]
    lines += [f"atom_energy {e} {energy}" for e, energy in ISOLATED_eV.items()]
    lines += ["cutoff_type 6 0.0", "scale_symmetry_functions", "center_symmetry_functions"]
    lines += ["scale_min_short 0.0", "scale_max_short 2.0", "global_hidden_layers_short 1"]
    lines += [f"global_nodes_short {HIDDEN}", "global_activation_short t l"]
    for centre in ELEMENTS:
        for e in ELEMENTS:
            for eta, shift in ((0.05, 0.0), (1.0, 1.0), (2.0, 2.0), (2.0, 3.0)):
                lines.append(f"symfunction_short {centre} 2 {e} {eta} {shift} {CUTOFF_A}")
        for k, e in enumerate(ELEMENTS):
            for other in ELEMENTS[k:]:
                lines.append(f"symfunction_short {centre} 3 {e} {other} 0.03 1.0 1.0 {CUTOFF_A}")
                lines.append(f"symfunction_short {centre} 9 {e} {other} 0.1 -1.0 2.0 {CUTOFF_A} 0.5")
    return "\n".join(lines) + "\n"


def write_weights(folder: Path, hidden: dict, output: dict) -> None:
    """`weights.NNN.data` of every element; output : bias and weights of the last layer."""
    for e in ELEMENTS:
        weights, biases = hidden[e]
        lines, k = [], 0
        for source in range(weights.shape[1]):
            for target in range(HIDDEN):
                k += 1
                lines.append(f"{weights[target, source]:24.16e} a {k} 0 {source + 1} 1 {target + 1}")
        lines += [f"{b:24.16e} b {k + 1 + i} 1 {i + 1}" for i, b in enumerate(biases)]
        lines += [f"{w:24.16e} a {k + HIDDEN + 1 + i} 1 {i + 1} 2 1" for i, w in enumerate(output[e][1:])]
        lines.append(f"{output[e][0]:24.16e} b {k + 2 * HIDDEN + 1} 2 1")
        (folder / f"weights.{atomic_numbers[e]:03d}.data").write_text("\n".join(lines) + "\n")


def write_scaling(folder: Path, rows: list) -> None:
    """`scaling.data` from the values of all functions of each element."""
    lines = []
    for e, values in enumerate(rows, start=1):
        for k, column in enumerate(values.T, start=1):
            numbers = (column.min(), column.max(), column.mean(), column.std())
            lines.append(f"{e} {k} " + " ".join(f"{x:.16e}" for x in numbers))
    (folder / "scaling.data").write_text("# element, function, min, max, mean, sigma\n" + "\n".join(lines) + "\n")


def functions(calculator: HdnnpCalculator, frames: list) -> list:
    """Values of the symmetry functions of each element in all frames."""
    found = [[] for _ in ELEMENTS]
    for atoms in frames:
        species = calculator._species(atoms.numbers)
        near = neighbours(atoms.positions, atoms.cell.array, atoms.pbc, CUTOFF_A)
        values = calculator.symmetry_functions(near, species)[1]
        for k, rows in enumerate(found):
            rows.append(values[species == k, : len(calculator.model.functions[k])])
    return [np.concatenate(rows) for rows in found]


def main(folder: Path) -> None:
    """Write the scaling, then fit the output layer."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "input.nn").write_text(input_nn())
    rng = np.random.default_rng(1)
    n = 3 * 4 + 2 * 6
    hidden = {e: (rng.normal(scale=1.0, size=(HIDDEN, n)), rng.normal(scale=0.5, size=HIDDEN)) for e in ELEMENTS}
    paths = (POTENTIALS / "pt-water-test" / "held-back.xyz.gz", POTENTIALS / "pt-water-contacts" / "contacts.xyz.gz")
    frames = [atoms for path in paths for atoms in read(path, ":50") if len(atoms) <= 60]
    write_weights(folder, hidden, dict.fromkeys(ELEMENTS, np.zeros(HIDDEN + 1)))
    write_scaling(folder, [np.linspace(np.zeros(n), np.ones(n), 3)] * 3)
    write_scaling(folder, functions(HdnnpCalculator(read_model(folder), 1.0, 1.0, 10**9), frames))
    columns = []
    for e in ELEMENTS:
        for one in np.eye(HIDDEN + 1):
            write_weights(folder, hidden, dict.fromkeys(ELEMENTS, np.zeros(HIDDEN + 1)) | {e: one})
            calculator = HdnnpCalculator(read_model(folder), 1.0, 1.0, 10**9)
            column = []
            for atoms in frames:
                atoms.calc = calculator
                offset = sum(ISOLATED_eV[s] for s in atoms.symbols)
                column += [(atoms.get_potential_energy() - offset) / len(atoms) * 30, *atoms.get_forces().ravel()]
            columns.append(column)
    right = []
    for atoms in frames:
        offset = sum(ISOLATED_eV[s] for s in atoms.symbols)
        right += [(atoms.info["REF_energy"] - offset) / len(atoms) * 30, *atoms.arrays["REF_forces"].ravel()]
    matrix = np.array(columns).T
    solution = np.linalg.lstsq(matrix, np.array(right), rcond=1e-4)[0]
    print("RMS of the residual:", np.sqrt(np.mean((matrix @ solution - right) ** 2)))
    write_weights(folder, hidden, dict(zip(ELEMENTS, solution.reshape(3, -1), strict=True)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
