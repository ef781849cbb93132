"""MACE of the founding study's size on one device: lmpdrive's callback in its forms, and ASE's MD.

    python benchmarks/mace_gpu/run.py --json result.json
    python benchmarks/mace_gpu/run.py --quick --device cpu

Random weights (times do not depend on them): 64 scalar + 64 vector + 64 tensor channels, 2 layers, 5 Å, float32.
Pt(111)/water of 384 atoms and more, constant energy, 0.5 fs.  Every measurement is a process of its own; the routes
take turns in every round.  Prints ns/day, memory per atom, and the largest force difference from ASE at the start.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
ROUTES = ("ase", "ase-cueq", "callback", "callback-cueq", "callback-compiled", "callback-symmetrix")
FORMS = {
    "": {},
    "cueq": {"cuequivariance": "always"},
    "compiled": {"compile": "always"},
    "symmetrix": {"symmetrix": "always"},
}
"""What a route of the callback adds to a potential that runs unchanged."""
UNCHANGED = {"compile": "never", "symmetrix": "never", "cuequivariance": "never"}
REPEATS = {384: (1, 1), 1536: (2, 2), 3072: (4, 2), 6144: (4, 4), 9600: (5, 5)}
"""Atoms -> copies of the cell of 384 along the surface."""
TIMESTEP_FS = 0.5


def film(surface: tuple[int, int], layers: int, waters: int) -> Any:
    """Pt(111) under water molecules on a grid of 3.1 Å, turned at random: water's density, not its structure."""
    from ase.build import fcc111, molecule

    rng = np.random.default_rng(7)
    atoms = fcc111("Pt", (*surface, layers), a=3.94, orthogonal=True)
    width, depth = atoms.cell[0, 0], atoms.cell[1, 1]
    columns, rows = max(int(width / 3.1), 1), max(int(depth / 3.1), 1)
    top = atoms.positions[:, 2].max() + 3.0
    for k in range(waters):
        storey, place = divmod(k, columns * rows)
        one = molecule("H2O")
        one.rotate(rng.uniform(0, 360), "x")
        one.rotate(rng.uniform(0, 360), "z")
        one.translate(((place % columns + 0.5) * width / columns, (place // columns + 0.5) * depth / rows, top))
        one.translate((0, 0, 3.1 * storey))
        atoms += one
    atoms.set_cell([width, depth, atoms.positions[:, 2].max() + 15.0])
    atoms.pbc = True
    return atoms


def random_model(channels: int, largest_l: int, path: Path) -> None:
    """A ScaleShiftMACE for H, O, Pt with random weights; small energies, so that a few hundred steps stay sane."""
    import torch
    from mace import modules
    from mace.modules.blocks import o3  # e3nn by itself would not say how torch is to read its constants

    torch.manual_seed(3)
    torch.set_default_dtype(torch.float32)
    model = modules.ScaleShiftMACE(
        r_max=5.0,
        num_bessel=8,
        num_polynomial_cutoff=5,
        max_ell=3,
        interaction_cls=modules.interaction_classes["RealAgnosticResidualInteractionBlock"],
        interaction_cls_first=modules.interaction_classes["RealAgnosticInteractionBlock"],
        num_interactions=2,
        num_elements=3,
        hidden_irreps=o3.Irreps("+".join(f"{channels}x{k}{'eo'[k % 2]}" for k in range(largest_l + 1))),
        MLP_irreps=o3.Irreps("16x0e"),
        atomic_energies=np.zeros(3),
        avg_num_neighbors=40.0,
        atomic_numbers=[1, 8, 78],
        correlation=3,
        gate=torch.nn.functional.silu,
        radial_MLP=[64, 64, 64],
        radial_type="bessel",
        atomic_inter_scale=0.02,
        atomic_inter_shift=0.0,
    )
    torch.save(model, path)


def measure(job: dict[str, Any]) -> dict[str, Any]:
    """One route in this process: seconds per step, peak memory, forces of the start."""
    import torch
    from ase.io import read

    atoms = read(job["structure"])
    engine, _, form = job["route"].partition("-")
    steps, device = job["steps"], job["device"]
    run, forces = (_ase if engine == "ase" else _callback)(atoms, job, form)
    np.save(job["forces"], forces)
    run(job["warm_up"])
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    seconds = run(steps) / steps
    peak = torch.cuda.max_memory_allocated() if device == "cuda" else None
    return {"seconds_per_step": seconds, "bytes_per_atom": None if peak is None else peak / len(atoms)}


def _ase(atoms: Any, job: dict[str, Any], form: str) -> tuple[Any, Any]:
    import time

    from ase import units
    from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
    from ase.md.verlet import VelocityVerlet
    from mace.calculators import MACECalculator

    atoms.calc = MACECalculator(
        model_paths=job["model"], device=job["device"], default_dtype=job["dtype"], enable_cueq=form == "cueq"
    )
    forces = atoms.get_forces()
    MaxwellBoltzmannDistribution(atoms, temperature_K=300, rng=np.random.default_rng(1))
    md = VelocityVerlet(atoms, TIMESTEP_FS * units.fs)

    def run(steps: int) -> float:
        started = time.perf_counter()
        md.run(steps)
        return time.perf_counter() - started

    return run, forces


DECK = """units metal
boundary p p p
atom_style atomic
atom_modify map yes
read_data {data}
mass 1 1.008
mass 2 15.999
mass 3 195.084
pair_style zero 1.0 nocoeff
pair_coeff * *
fix model all external pf/callback 1 1
fix_modify model energy yes virial yes
timestep {timestep_ps}
thermo 100
run 0
"""


def _callback(atoms: Any, job: dict[str, Any], form: str) -> tuple[Any, Any]:
    import time

    from ase.io import write

    from lmpdrive.architectures import find
    from lmpdrive.engine.callback import Coupling
    from lmpdrive.engine.lammps_library import load

    folder = Path(job["forces"]).parent
    write(folder / "system.data", atoms, format="lammps-data", specorder=["H", "O", "Pt"])
    (folder / "in.lammps").write_text(DECK.format(data=folder / "system.data", timestep_ps=TIMESTEP_FS * 1e-3))
    potential = find("mace")(
        architecture="mace",
        model=job["model"],
        dtype=job["dtype"],
        **UNCHANGED | FORMS[form],
    )
    lmp = load(plugins=False)(cmdargs=["-log", "none", "-screen", "none", "-nocite"])
    coupling = Coupling(lmp, potential.evaluator(folder, job["device"]), ["H", "O", "Pt"], folder)
    coupling.run(folder / "in.lammps")
    n = lmp.get_natoms()
    forces = np.empty((n, 3))
    forces[lmp.numpy.extract_atom("id")[:n] - 1] = lmp.numpy.extract_atom("f")[:n]
    lmp.command("velocity all create 300 1 mom yes rot no")
    lmp.command("fix nve all nve")

    def run(steps: int) -> float:
        started = time.perf_counter()
        lmp.command(f"run {steps}")
        if coupling.error is not None:
            raise coupling.error
        return time.perf_counter() - started

    return run, forces


def ask(job: dict[str, Any]) -> dict[str, Any]:
    """`measure` in a process of its own; an error is an answer."""
    done = subprocess.run(
        [sys.executable, str(HERE / "run.py"), "--job", json.dumps(job)], capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        said = [line for line in done.stdout.splitlines() if line.startswith("MACE")]
        return json.loads(done.stdout.splitlines()[-1]) | {"said": said}
    lines = done.stderr.strip().splitlines()
    return {"error": lines[-1][:400] if lines else f"exit code {done.returncode}"}


def row(atoms: int, route: str, answers: list[dict[str, Any]], difference: float | None) -> dict[str, Any]:
    """Median of the rounds."""
    good = [a for a in answers if "error" not in a]
    if not good:
        return {"atoms": atoms, "route": route, "error": answers[0]["error"]}
    seconds = statistics.median(a["seconds_per_step"] for a in good)
    return {
        "atoms": atoms,
        "route": route,
        "ms_per_step": 1e3 * seconds,
        "ns_per_day": TIMESTEP_FS * 1e-6 / seconds * 86400,
        "MB_per_atom": None if good[0]["bytes_per_atom"] is None else good[0]["bytes_per_atom"] / 1e6,
        "max_dF_from_ase_eV_per_A": difference,
        "said": good[0]["said"],
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown."""
    lines = ["| atoms | route | ms/step | ns/day | MB/atom | max dF from ASE [eV/Å] |", "|---|---|---|---|---|---|"]
    for r in rows:
        if "error" in r:
            lines.append(f"| {r['atoms']} | {r['route']} | {r['error']} | | | |")
            continue
        times = f"{r['ms_per_step']:.2f} | {r['ns_per_day']:.3f}"
        memory = "" if r["MB_per_atom"] is None else f"{r['MB_per_atom']:.2f}"
        difference = "" if r["max_dF_from_ase_eV_per_A"] is None else f"{r['max_dF_from_ase_eV_per_A']:.1e}"
        lines.append(f"| {r['atoms']} | {r['route']} | {times} | {memory} | {difference} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--dtype", default="float32", choices=("float32", "float64"))
    parser.add_argument("--atoms", type=int, nargs="+", default=list(REPEATS), choices=list(REPEATS))
    parser.add_argument("--routes", nargs="+", default=list(ROUTES), choices=ROUTES)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--warm-up", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tiny model and cell, two steps: does it run?")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--job", help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.job:
        print(json.dumps(measure(json.loads(a.job))))
        return
    sizes = {n: film((6, 4), 4, 96).repeat((*REPEATS[n], 1)) for n in a.atoms}
    channels, largest_l = 64, 2
    if a.quick:
        channels, largest_l, a.steps, a.warm_up, a.rounds = 4, 1, 2, 1, 1
        sizes = {24: film((2, 2), 3, 4)}
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = folder / "random.model"
        random_model(channels, largest_l, model)
        for n, atoms in sizes.items():
            assert len(atoms) == n, len(atoms)
            start = folder / f"{n}.xyz"
            atoms.write(start)
            answers: dict[str, list[dict[str, Any]]] = {route: [] for route in a.routes}
            for _ in range(a.rounds):
                for route in a.routes:
                    forces = folder / f"{n}-{route}.npy"
                    job = {"route": route, "structure": str(start), "model": str(model), "forces": str(forces)}
                    job |= {"device": a.device, "dtype": a.dtype, "steps": a.steps, "warm_up": a.warm_up}
                    answers[route].append(ask(job))
            for route in a.routes:
                files = [folder / f"{n}-{r}.npy" for r in ("ase", route)]
                known = all(f.is_file() for f in files)
                difference = float(np.abs(np.load(files[0]) - np.load(files[1])).max()) if known else None
                rows.append(row(n, route, answers[route], difference))
            print(table(rows[-len(a.routes) :]), flush=True)
    if a.json:
        about = {"date": date.today().isoformat(), "machine": machine(a.device), "command": " ".join(sys.argv)}
        a.json.write_text(json.dumps({**about, "channels": channels, "largest_l": largest_l, "rows": rows}, indent=1))


def machine(device: str) -> str:
    """Processor or GPU, and torch."""
    import torch

    name = torch.cuda.get_device_name() if device == "cuda" else platform.processor() or platform.machine()
    return f"{name}, torch {torch.__version__}"


if __name__ == "__main__":
    main()
