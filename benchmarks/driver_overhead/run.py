"""What the driver costs: `lmpdrive simulate` against plain `lmp -in in.lammps` on the same deck.

    python benchmarks/driver_overhead/run.py --minutes 1.2 --repeats 3 --json result.json

The two take turns (A B A B ...), so that a change of the machine's load meets both.  Times in s, lengths in ps.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
INPUT = ROOT / "inputs" / "au111-water-3na.yaml"
EQUILIBRATE_PS = 1.0
CALIBRATE_PS = 3.0
LIMIT = 1.02


def loops(log: Path) -> dict[str, float]:
    """Sums over all stages of a log: wall time of the loops, and the CPU time LAMMPS says it used in them."""
    text = log.read_text()
    wall = [float(t) for t in re.findall(r"^Loop time of (\S+)", text, re.M)]
    percent = [float(p) for p in re.findall(r"^(\S+)% CPU use", text, re.M)]
    return {"loop_s": sum(wall), "loop_cpu_s": sum(w * p / 100 for w, p in zip(wall, percent, strict=True))}


def rows(log: Path) -> list[str]:
    """The thermo lines, which must be the same for both."""
    found, inside = [], False
    for line in log.read_text().splitlines():
        if line.split()[:1] == ["Step"]:
            inside = True
        elif line.startswith("Loop time"):
            inside = False
        elif inside and line.split() and line.split()[0].isdigit():
            found.append(line)
    return found


def call(command: list[str | Path], cwd: Path) -> dict[str, float]:
    """Wall time and CPU time (user + system, children included) of a command."""
    started = time.perf_counter()
    with (cwd / "output.txt").open("wb") as output:
        process = subprocess.Popen(command, cwd=cwd, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{(cwd / 'output.txt').read_text()}")
    return {"wall_s": time.perf_counter() - started, "cpu_s": usage.ru_utime + usage.ru_stime}


def settings(production_ps: float) -> list[str]:
    """The options that make the benchmark's run."""
    values = {"dynamics.equilibrate_ps": EQUILIBRATE_PS, "dynamics.production_ps": production_ps}
    return [word for key, value in values.items() for word in ("--set", f"{key}={value}")]


def driver(work: Path, name: str, production_ps: float) -> dict[str, float]:
    """`lmpdrive simulate`; the stages' wall time is the worker process from start to exit."""
    command = call([BIN / "lmpdrive", "simulate", INPUT, "--out", name, *settings(production_ps)], work)
    stages = json.loads((work / name / "manifest.json").read_text())["performance"]["wall_s"]
    return {"stages_wall_s": stages, "command_wall_s": command["wall_s"], **loops(work / name / "log.lammps")}


def plain(work: Path, name: str, deck: Path) -> dict[str, float]:
    """`lmp -in in.lammps` in a copy of the rendered run directory."""
    shutil.copytree(deck, work / name, symlinks=True)
    command = call([BIN / "lmp", "-in", "in.lammps"], work / name)
    return {"stages_wall_s": command["wall_s"], "cpu_s": command["cpu_s"], **loops(work / name / "log.lammps")}


def help_time(work: Path) -> list[float]:
    """Wall time of `lmpdrive --help`, five times."""
    return [call([BIN / "lmpdrive", "--help"], work)["wall_s"] for _ in range(5)]


def measure(minutes: float, repeats: int, work: Path) -> dict:
    """Render, calibrate the length, alternate, compare."""
    call([BIN / "lmpdrive", "render", INPUT, "--out", "short", *settings(CALIBRATE_PS)], work)
    per_ps = plain(work, "calibration", work / "short")["loop_cpu_s"] / (CALIBRATE_PS + EQUILIBRATE_PS)
    production_ps = max(1.0, float(round(minutes * 60 / per_ps - EQUILIBRATE_PS)))
    call([BIN / "lmpdrive", "render", INPUT, "--out", "deck", *settings(production_ps)], work)
    pairs = []
    for i in range(repeats):
        # whoever comes first changes from pair to pair
        order = (driver, plain) if i % 2 == 0 else (plain, driver)
        pair: dict = {"load": os.getloadavg()[0]}
        for function in order:
            target = f"{function.__name__}-{i}"
            pair[function.__name__] = function(work, target, production_ps if function is driver else work / "deck")
        logs = [work / f"{who}-{i}" / "log.lammps" for who in ("driver", "plain")]
        pair["same_thermo_table"] = rows(logs[0]) == rows(logs[1])
        pairs.append(pair)
        for who in ("driver", "plain"):
            shutil.rmtree(work / f"{who}-{i}")
        print(line(i, pair), flush=True)
    return {
        "host": platform.platform(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "production_ps": production_ps,
        "equilibrate_ps": EQUILIBRATE_PS,
        "pairs": pairs,
        "help_s": help_time(work),
        "ratios": ratios(pairs),
    }


def ratios(pairs: list[dict]) -> dict[str, float]:
    """Driver over plain: medians of the pairs' ratios.  Start-up is the stages' wall time outside of the loops."""

    def ratio(key: str) -> float:
        return statistics.median(p["driver"][key] / p["plain"][key] for p in pairs)

    def start_up(who: str) -> float:
        return statistics.median(p[who]["stages_wall_s"] - p[who]["loop_s"] for p in pairs)

    return {
        "loop_wall": ratio("loop_s"),
        "loop_cpu": ratio("loop_cpu_s"),
        "stages_wall": ratio("stages_wall_s"),
        "start_up_driver_s": start_up("driver"),
        "start_up_plain_s": start_up("plain"),
    }


def line(i: int, pair: dict) -> str:
    """One row of the table."""
    d, p = pair["driver"], pair["plain"]
    return (
        f"{i + 1:>4} {pair['load']:>6.2f} {d['loop_s']:>10.2f} {p['loop_s']:>10.2f} {d['loop_s'] / p['loop_s']:>7.3f}"
        f" {d['loop_cpu_s']:>10.2f} {p['loop_cpu_s']:>10.2f} {d['loop_cpu_s'] / p['loop_cpu_s']:>7.3f}"
        f" {d['stages_wall_s']:>10.2f} {p['stages_wall_s']:>10.2f} {d['stages_wall_s'] / p['stages_wall_s']:>7.3f}"
        f"  {'yes' if pair['same_thermo_table'] else 'NO'}"
    )


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.2, help="wished CPU time of one run [min]")
    parser.add_argument("--repeats", type=int, default=3, help="pairs of runs")
    parser.add_argument("--json", type=Path, help="write everything there as well")
    options = parser.parse_args()
    print(
        "pair   load     loops [s]: lmpdrive, lmp, ratio   CPU in loops [s]: same    worker/lmp wall [s]: same    "
        "same thermo table"
    )
    with tempfile.TemporaryDirectory(prefix="lmpdrive-overhead-") as folder:
        result = measure(options.minutes, options.repeats, Path(folder))
    print(json.dumps({k: v for k, v in result.items() if k != "pairs"}, indent=1))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    ratio = result["ratios"]["loop_cpu"]
    print(f"CPU time in the loops: ratio {ratio:.3f}, limit {LIMIT}: {'kept' if ratio <= LIMIT else 'MISSED'}")


if __name__ == "__main__":
    main()
