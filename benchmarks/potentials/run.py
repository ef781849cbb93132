"""How fast the demonstration potentials are beside each other: ns per day of the same system, in turns.

    python benchmarks/potentials/run.py --json result.json
    python benchmarks/potentials/run.py --potentials pt-water-dp pt-water-mace --steps 50 --rounds 1

The system is that of inputs/pt111-water.yaml: 232 atoms, NVT, 0.5 fs, each potential as lmpdrive runs it by default on
this machine.  Of every run the production's "Loop time" in LAMMPS' log counts, so loading and compiling do not.
Results are also kept in the folder of each potential with `--cards` (card.yaml: speed).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import tempfile
from datetime import date
from pathlib import Path

import yaml

from lmpdrive import pipeline
from lmpdrive.engine.loops import loops

ROOT = Path(__file__).resolve().parents[2]
INPUT = ROOT / "inputs" / "pt111-water.yaml"
TIMESTEP_FS = 0.5
WARM_UP_STEPS = 20
ARCHITECTURES = {".model": "mace", ".pb": "deepmd", ".savedmodel": "deepmd", "": "grace"}


def architecture(folder: Path) -> str:
    """By the model's file name."""
    return ARCHITECTURES[Path(yaml.safe_load((folder / "card.yaml").read_text())["file"]).suffix]


def ns_per_day(potential: Path, start: Path, out: Path, steps: int) -> float:
    """One run from the relaxed structure `start`."""
    overrides = [
        "system={read: " + str(start) + "}",
        f"potential={{architecture: {architecture(potential)}, model: {potential.name}}}",
        "dynamics.minimise=null",
        f"dynamics.equilibrate_ps={WARM_UP_STEPS * TIMESTEP_FS / 1000}",
        f"dynamics.production_ps={steps * TIMESTEP_FS / 1000}",
        "observables.blocks=2",
    ]
    pipeline.simulate(INPUT, out, overrides)
    seconds, done = loops(out / "log.lammps")[-1]
    assert done == steps
    shutil.rmtree(out)
    return steps * TIMESTEP_FS * 1e-6 / seconds * 86400


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    found = sorted(p.parent.name for p in (ROOT / "potentials").glob("*/card.yaml"))
    parser.add_argument("--potentials", nargs="+", choices=found, default=found)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cards", action="store_true", help="write the speed into each card.yaml")
    parser.add_argument("--json", type=Path, help="write everything there as well")
    options = parser.parse_args()
    speeds: dict[str, list[float]] = {name: [] for name in options.potentials}
    with tempfile.TemporaryDirectory(prefix="lmpdrive-potentials-") as work:
        start = pipeline.render(INPUT, Path(work) / "start", ["potential.model=pt-water-dp"]) / "system.data"
        for i in range(options.rounds):
            for name in options.potentials if i % 2 == 0 else reversed(options.potentials):
                out = Path(work) / f"{name}-{i}"
                speeds[name].append(ns_per_day(ROOT / "potentials" / name, start, out, options.steps))
            print(", ".join(f"{n} {v[-1]:.3f}" for n, v in speeds.items()), "ns/day", flush=True)
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    for name, value in medians.items():
        print(f"{name:<24}{value:>9.3f} ns/day")
        if options.cards:
            card = ROOT / "potentials" / name / "card.yaml"
            line = (
                f"{value:.2f} ns/day, Pt(111)/water, 232 atoms, 0.5 fs, one core, {date.today()}, benchmarks/potentials"
            )
            content = yaml.safe_load(card.read_text()) | {"speed": line}
            card.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110))
    if options.json:
        about = {"host": platform.platform(), "cores": os.cpu_count(), "python": platform.python_version()}
        options.json.write_text(json.dumps({**about, "steps": options.steps, "ns_per_day": speeds}, indent=1) + "\n")


if __name__ == "__main__":
    main()
