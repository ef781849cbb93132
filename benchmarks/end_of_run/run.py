"""CPU time from LAMMPS' last step to the report: tables, figures and the page of a finished run.

    python benchmarks/end_of_run/run.py --run runs/pt111-water --json result.json
    python benchmarks/end_of_run/run.py --run runs/pt111-water --against ../older-checkout

Each program is a process of its own, and they alternate.  The run is copied, so that nothing in it changes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KINDS = {
    "start": ["--version"],
    "tables": ["analyse", "{run}", "--no-report"],
    "tables, figures and page": ["analyse", "{run}"],
}
"""What a process does: each has the one before in it."""


def cpu_s(checkout: Path, words: list[str], run: Path) -> tuple[float, float]:
    """User + system [s] and wall [s] of a process and its children."""
    command = [sys.executable, "-m", "lmpdrive", *(word.format(run=run) for word in words)]
    environment = os.environ | {"PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"}
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=checkout, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    if status:
        sys.exit(f"{' '.join(command)}: status {status}")
    return usage.ru_utime + usage.ru_stime, wall


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="a finished run directory")
    parser.add_argument("--against", type=Path, help="another checkout, measured in turns with this one")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    checkouts = {"this": ROOT} | ({"against": asked.against.resolve()} if asked.against else {})
    found: dict[str, dict[str, list[float]]] = {name: {kind: [] for kind in KINDS} for name in checkouts}
    with tempfile.TemporaryDirectory(prefix="end-of-run-") as name:
        run = Path(name) / "run"
        shutil.copytree(asked.run, run, symlinks=True)
        for repeat in range(asked.repeat + 1):  # the first compiles
            for which, checkout in checkouts.items():
                for kind, words in KINDS.items():
                    cpu, wall = cpu_s(checkout, words, run)
                    print(f"{which}, {kind}: {cpu:.2f} s CPU, {wall:.2f} s", flush=True)
                    if repeat:
                        found[which][kind].append(cpu)
    result = {
        which: {kind: round(statistics.median(seconds), 2) for kind, seconds in kinds.items()}
        for which, kinds in found.items()
    }
    print(json.dumps(result, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps({"unit": "s of CPU, median", "run": asked.run.name} | result, indent=1) + "\n")


if __name__ == "__main__":
    main()
