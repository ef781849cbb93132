"""Small model files for LAMMPS' own machine-learning pair styles, of H, O and Pt; their numbers mean nothing.

The order of the elements is not the deck's (alphabetical) wherever the style goes by name.
"""

import functools
import json
import tempfile
import zipfile
from pathlib import Path

import numpy as np

ORDER = ("Pt", "O", "H")
_folder = tempfile.TemporaryDirectory(prefix="lmpdrive-models-")


def potential(name: str, **options) -> dict:
    """A `potential:` section with its files."""
    return {"architecture": name} | MAKERS[name]() | options


def _write(name: str, text: str) -> str:
    path = Path(_folder.name) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


def _coefficients(element: str, n: int) -> list[str]:
    """The same for an element in every file."""
    seed = {"H": 1, "O": 2, "Pt": 3}[element]
    return [f"{x:.6f}" for x in np.random.default_rng(seed).normal(scale=0.02, size=n)]


def snap(order=ORDER, chemflag=0, stem="pt-water") -> dict:
    n = 6 if not chemflag else 1 + 5 * 27
    lines = ["# a comment", f"{len(order)} {n}"]
    for e in order:
        lines += [f"{e} 0.5 {WEIGHTS[e]}", *_coefficients(e, n)]
    parameters = f"# required\nrcutfac 4.0\ntwojmax 2\nrmin0 0.0\nbzeroflag 0\nchemflag {chemflag}\n"
    return {
        "model": _write(f"{stem}.snapcoeff", "\n".join(lines) + "\n"),
        "parameters": _write(f"{stem}.snapparam", parameters),
    }


WEIGHTS = {"H": 0.4, "O": 0.8, "Pt": 1.0}


def mliap(order=ORDER) -> dict:
    lines = [f"{len(order)} 6"]
    for e in order:
        lines += _coefficients(e, 6)
    descriptor = (
        "rcutfac 4.0\ntwojmax 2\nrmin0 0.0\nbzeroflag 0\n"
        f"nelems {len(order)}\nelems {' '.join(order)}\nradelems {' '.join('0.5' for _ in order)}\n"
        f"welems {' '.join(str(WEIGHTS[e]) for e in order)}\n"
    )
    return {
        "model": _write("pt-water.mliap.model", "\n".join(lines) + "\n"),
        "descriptor": _write("pt-water.mliap.descriptor", descriptor),
    }


def pod(order=("H", "O", "Pt"), stem="pt-water") -> dict:
    zero = "".join(
        f"{body}body_number_radial_basis_functions 0\n{body}body_angular_degree 0\n"
        for body in ("three", "four", "five", "six", "seven")
    )
    parameters = (
        f"species {' '.join(order)}\npbc 1 1 1\nrin 0.5\nrcut 4.0\nbessel_polynomial_degree 3\n"
        f"inverse_polynomial_degree 6\nonebody 1\ntwobody_number_radial_basis_functions 3\n{zero}"
    )
    n = len(order) * (1 + 3 * len(order))
    lines = [f"model_coefficients: {n} 0 0", *_coefficients("Pt", n)]
    return {
        "model": _write(f"{stem}_coefficients.pod", "\n".join(lines) + "\n"),
        "parameters": _write(f"{stem}_parameters.pod", parameters),
    }


def pace() -> dict:
    return {"model": _write("pt-water.yace", f"elements: [{', '.join(ORDER)}]\nE0: [0, 0, 0]\nfunctions: {{}}\n")}


def pace_active() -> dict:
    blocks = "".join(f"  - speciesblock: {e}\n    rcutij: 5\n" for e in (*ORDER, "Pt O"))
    return {
        "model": _write("pt-water.yaml", f"global:\n  DeltaSplineBins: 0.001\nspecies:\n{blocks}"),
        "active_set": _write("pt-water.asi", ""),
    }


def hdnnp() -> dict:
    functions = [
        "symfunction_short H  2 O  0.01 0.0 12.00",
        "symfunction_short Pt 3 H O 0.01 -1.0 1.0 11.338359 0.0",
        "symfunction_short O 12 0.01 0.0 10.0",
        "symfunction_short O 20 H 0.0 9.0 p2",
    ]
    text = "number_of_elements 3\nelements H O Pt   # by charge\n" + "\n".join(functions) + "\n"
    for name in ("scaling.data", "weights.001.data", "weights.008.data", "weights.078.data"):
        _write(f"nnp/{name}", "")
    return {"model": str(Path(_write("nnp/input.nn", text)).parent), "trained_in": "hartree-bohr", "coupling": "native"}


def quip() -> dict:
    isolated = "".join(f'<e0 Z="{z}" value="-1.0"/>\n' for z in (78, 8, 1))
    _write("gap.xml.sparseX.GAP_pt1", "")
    text = (
        '<GAP_pt>\n<Potential label="GAP_pt" init_args="IP GAP label=GAP_pt"/>\n<GAP_params label="GAP_pt">\n'
        f'<GAP_data do_core="F">\n{isolated}</GAP_data>\n'
        '<gpCoordinates label="GAP_pt1" sparseX_filename="gap.xml.sparseX.GAP_pt1"/>\n</GAP_params>\n</GAP_pt>\n'
    )
    return {"model": _write("gap.xml", text)}


LAMMPS_INPUTS = {
    "pair_nequip": "pos edge_index atom_types cell edge_cell_shift",
    "pair_allegro": "pos edge_index atom_types",
    "ase": "pos edge_index atom_types cell edge_cell_shift",
    "batch": "pos edge_index atom_types cell edge_cell_shift batch num_atoms",
}
"""Target of `nequip-compile` -> inputs of the compiled model."""


def compiled(target: str, **about: str) -> dict:
    """The metadata that `nequip-compile` 0.19 writes, without the compiled code; `about` replaces some of it."""
    lammps = target.startswith("pair_")
    outputs = "atomic_energy forces virial" if lammps else "atomic_energy total_energy forces stress"
    said = {
        "model_dtype": "float32",
        "type_names": " ".join(ORDER),
        "r_max": "4.0",
        "nequip_aoti_inputs": LAMMPS_INPUTS[target],
        "nequip_aoti_outputs": outputs,
        "AOTI_DEVICE_KEY": "cpu",
        "AOTI_CPU_ISA": "AVX2",
    } | about
    path = Path(_folder.name) / f"{target}-{'-'.join(about.values()).replace(' ', '')}.nequip.pt2"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data/aotinductor/model/c1.wrapper_metadata.json", json.dumps(said))
    return {"model": str(path)}


def nequip() -> dict:
    return compiled("pair_nequip")


def allegro() -> dict:
    return compiled("pair_allegro")


def agni() -> dict:
    """Two reference environments of aluminium."""
    lines = ["generation 1", "n_elements 1", "", "element Al", "", "interaction Al", "Rc 6.0", "Rs 0.0", "eta 0.05 0.2"]
    lines += [
        "sigma 1.5",
        "lambda 1e-08",
        "b 0.0",
        "n_train 2",
        "endVar",
        "0.0 0.5 0.2 0.1 0.3",
        "0.0 -0.5 -0.2 -0.1 -0.3",
    ]
    return {"model": _write("al.agni", "\n".join(lines) + "\n")}


MAKERS = {
    name: functools.cache(maker)
    for name, maker in {
        "snap": snap,
        "mliap": mliap,
        "pod": pod,
        "pace": pace,
        "hdnnp": hdnnp,
        "quip": quip,
        "nequip": nequip,
        "allegro": allegro,
        "agni": agni,
    }.items()
}
