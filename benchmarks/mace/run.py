"""MACE through lmpdrive against ASE's MD with MACECalculator, same model, precision and threads, taking turns.

    python benchmarks/mace/run.py --json result.json
    python benchmarks/mace/run.py --atoms 96 --rounds 1 --seconds 0.5 --routes ase-float32 callback-float32-tables

Pt(111)/water cells of 96, 192, 384 and 1536 atoms (as many molecules as Pt atoms), constant energy, 0.5 fs.  Every
route is a process of its own that stays loaded; in every round each of them runs for some seconds, one after the
other, so that a change of the machine's load meets all.  Times in ms per step.  Where the shared LAMMPS with ML-IAP
and Python is not beside the checkout (`--mliap FOLDER`), that route is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from lmpdrive import pipeline
from lmpdrive.engine.lammps_library import environment

HERE = Path(__file__).parent
ROOT = HERE.resolve().parents[1]
INPUT = ROOT / "inputs" / "pt111-water-mace.yaml"
SLABS = {96: (3, 4, 2), 192: (3, 4, 4), 384: (6, 4, 4), 1536: (12, 8, 4)}
"""Atoms -> surface atoms along the two sides and layers of the slab; there are as many molecules as metal atoms."""
DTYPES = ("float64", "float32")
FORMS = ("uncompiled", "compiled", "tables", "symmetrix", "loops")
BARS = {
    ("float32", "uncompiled"): 1.05,
    ("float64", "uncompiled"): 1.05,
    ("float32", "compiled"): 1.9,
    ("float64", "compiled"): 1.4,
    ("float32", "tables"): 2.9,
    ("float64", "tables"): 2.0,
}
"""ASE's time over ours at 384 atoms, at least."""
GOALS = {"l0": (0.95, 15.0), "l1": (3.0, 20.0), "l2": (3.5, 17.0), "study": (4.4, 25.0)}
"""Kind of model (`--kind`) -> symmetrix in float32 at 384 atoms: times our tables in float32, times ASE in float64 (its
default), at least; the fastest form has to reach both."""
FASTEST_MS = 10.0
"""Of the shipped L0 model at 384 atoms, at most."""
GLUE_BAR = 0.02
"""Share of a step outside of the model, at most, for the forms in torch (the others take less time for the model)."""


class Route:
    """One process of route.py."""

    def __init__(self, name: str, folder: Path, mliap: Path) -> None:
        self.name = name
        # ASE's user has not got the environment that lmpdrive gives to its own processes
        env = os.environ | {"OMP_NUM_THREADS": "1"} if name.startswith("ase") else environment("cpu", 1)
        if name.startswith("mliap"):
            env["PYTHONPATH"] = os.pathsep.join(filter(None, (str(mliap), env.get("PYTHONPATH"))))
        self.errors = (folder / f"{name}.log").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, HERE.resolve() / "route.py", name, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env=env,
        )
        first = self._answer()
        self.missing: str | None = first.get("missing")
        if self.missing is not None:
            return
        self.forces = np.array(first["forces"])
        self.ms: list[float] = []
        self.outside: list[float] = []
        self.steps = max(1, int(1.0 / self._run(3)["seconds"] * 3))
        """As many as take about a second."""

    def turn(self, seconds: float) -> None:
        """Run for about this long and keep ms per step and the share outside of the model."""
        steps = max(2, round(self.steps * seconds))
        self._run(max(1, steps // 5))  # caches and pages come back
        answer = self._run(steps)
        self.ms.append(1e3 * answer["seconds"] / steps)
        self.outside.append(1 - answer["model"] / answer["seconds"])

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()

    def _run(self, steps: int) -> dict:
        assert self.process.stdin
        print(steps, file=self.process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> dict:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            sys.exit(f"{self.name} stopped:\n{self.errors.read()[-3000:]}")
        return json.loads(line)


def folder(route: str, atoms: int, work: Path, model: str | None) -> Path:
    """The run directory of a route at this size, written by `lmpdrive render`; the same seed gives the same atoms."""
    native = route.startswith("mliap")
    target = work / f"{route if native else 'callback'}-{atoms}"
    if not target.exists():
        a, b, layers = SLABS[atoms]
        overrides = [
            "dynamics.fixed_layers=0",
            f"system.build.repeat=[{a}, {b}]",
            f"system.build.layers={layers}",
            f"system.build.waters={a * b * layers}",
            f"system.build.water_thickness_A={4.3 + 4.4 * layers}",
            "system.build.relax_ps=1",
            f"potential.coupling={'native' if native else 'callback'}",
            "potential.kokkos=never",
            f"potential.dtype={route.split('-')[1]}",
            *([f"potential.model={Path(model).resolve() if Path(model).exists() else model}"] if model else []),
        ]
        pipeline.render(INPUT, target, overrides, trust=True)
    return target


def measure(atoms: int, routes: list[str], options: argparse.Namespace, work: Path) -> dict:
    """All routes at one size, in turns."""
    everything = [Route(r, folder(r, atoms, work, options.model), options.mliap) for r in routes]
    for route in everything:
        if route.missing is not None:
            print(f"{route.name}: left out, {route.missing}", flush=True)
    started = [route for route in everything if route.missing is None]
    for i in range(options.rounds):
        for route in started if i % 2 == 0 else reversed(started):
            route.turn(options.seconds)
    reference = next((r.forces for r in started if r.name == "ase-float64"), started[0].forces)
    rows = {}
    for route in started:
        route.close()
        rows[route.name] = {
            "ms_per_step": statistics.median(route.ms),
            "ms_of_rounds": route.ms,
            "outside_of_model": statistics.median(route.outside),
            "max_dF_eV_per_A": float(np.abs(route.forces - reference).max()),
        }
    return rows


def table(rows: dict) -> str:
    """Rows for one size."""
    lines = [f"{'route':<32}{'ms/step':>10}{'times ASE':>11}{'outside':>9}{'max |dF|':>11}"]
    for name, row in rows.items():
        ase = rows.get(f"ase-{name.split('-')[1]}")
        ratio = f"{ratio_of_rounds(ase, row):.2f}" if ase else ""
        lines.append(
            f"{name:<32}{row['ms_per_step']:>10.2f}{ratio:>11}{row['outside_of_model']:>9.1%}{row['max_dF_eV_per_A']:>11.1e}"
        )
    return "\n".join(lines)


def ratio_of_rounds(slow: dict, fast: dict) -> float:
    """Median over the rounds of the ratio of the times within a round."""
    pairs = zip(slow["ms_of_rounds"], fast["ms_of_rounds"], strict=True)
    return statistics.median(a / b for a, b in pairs)


def verdicts(rows: dict) -> list[str]:
    """The bars at 384 atoms."""
    lines = []
    for (dtype, form), bar in BARS.items():
        ours, ase = rows.get(f"callback-{dtype}-{form}"), rows.get(f"ase-{dtype}")
        if ours and ase:
            ratio = ratio_of_rounds(ase, ours)
            lines.append(f"{dtype} {form}: {ratio:.2f} x ASE, bar {bar}: {'kept' if ratio >= bar else 'MISSED'}")
    for dtype in DTYPES:
        native, ours = rows.get(f"mliap-{dtype}"), rows.get(f"callback-{dtype}-uncompiled")
        if native and ours:
            ratio = ratio_of_rounds(native, ours)
            lines.append(f"{dtype} uncompiled: {ratio:.2f} x ML-IAP, bar 1: {'kept' if ratio >= 1 else 'MISSED'}")
    torch_forms = tuple(f"callback-{dtype}-{form}" for dtype in DTYPES for form in ("uncompiled", "compiled", "tables"))
    glue = [(row["outside_of_model"], name) for name, row in rows.items() if name in torch_forms]
    if glue:
        share, name = max(glue)
        lines.append(
            f"LAMMPS and Python outside of the model: at most {share:.1%} ({name}), bar {GLUE_BAR:.0%}: "
            f"{'kept' if share <= GLUE_BAR else 'MISSED'}"
        )
    return lines


def goals(rows: dict, kind: str) -> list[str]:
    """Symmetrix and the fastest form at 384 atoms against our tables and against ASE's default."""
    tables, ase = rows.get("callback-float32-tables"), rows.get("ase-float64")
    ours = {name: row for name, row in rows.items() if name.startswith("callback-float32")}
    if not tables or not ase or "callback-float32-symmetrix" not in ours:
        return []
    of_tables, of_ase = GOALS[kind]
    fastest = min(ours, key=lambda name: ours[name]["ms_per_step"])
    lines = []
    for name in dict.fromkeys(("callback-float32-symmetrix", fastest)):
        for other, what, bar in ((tables, "our tables", of_tables), (ase, "ASE in float64", of_ase)):
            ratio = ratio_of_rounds(other, ours[name])
            verdict = "kept" if ratio >= bar else "MISSED"
            lines.append(f"{kind}, {name}: {ratio:.2f} x {what}, goal {bar}: {verdict}")
    if kind == "l0":
        ms = ours[fastest]["ms_per_step"]
        verdict = "kept" if ms <= FASTEST_MS else "MISSED"
        lines.append(f"{kind}, {fastest}: {ms:.2f} ms/step, goal {FASTEST_MS:g}: {verdict}")
    return lines


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--atoms", type=int, nargs="+", choices=SLABS, default=list(SLABS))
    parser.add_argument("--routes", nargs="+", help="default: all that this machine has")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of one turn, about")
    parser.add_argument("--model", help="a .model file; default: that of inputs/pt111-water-mace.yaml")
    parser.add_argument("--kind", choices=GOALS, default="l0", help="which goals are for this model")
    parser.add_argument("--mliap", type=Path, default=ROOT.parent / "shared" / "lammps-mliap")
    parser.add_argument("--json", type=Path, help="write everything there as well")
    options = parser.parse_args()
    routes = options.routes or [
        *(f"ase-{d}" for d in DTYPES),
        *(f"callback-{d}-{f}" for d in DTYPES for f in FORMS),
        *(f"mliap-{d}" for d in DTYPES if options.mliap.is_dir()),
    ]
    sizes = {}
    with tempfile.TemporaryDirectory(prefix="lmpdrive-mace-") as work:
        for atoms in options.atoms:
            sizes[atoms] = measure(atoms, routes, options, Path(work))
            print(f"\n{atoms} atoms, load {os.getloadavg()[0]:.2f}\n{table(sizes[atoms])}", flush=True)
    lines = (verdicts(sizes.get(384, {})) if options.kind == "l0" else []) + goals(sizes.get(384, {}), options.kind)
    print("\n" + "\n".join(lines))
    if options.json:
        about = {"host": platform.platform(), "cores": os.cpu_count(), "python": platform.python_version()}
        result = {**about, "rounds": options.rounds, "seconds": options.seconds, "sizes": sizes, "verdicts": lines}
        options.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
