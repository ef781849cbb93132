"""Ten thousand runs on paper: time and memory of plan, status and report; overhead of a task through Parsl.

    python benchmarks/campaigns/scale.py --runs 10000 --tasks 300 --json result.json

The runs are directories as a campaign leaves them (manifest, progress, journal), the tasks slices of a program that
does nothing but end (tests/campaigns/fake_lmpdrive.py).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
FAKE = ROOT / "tests" / "campaigns" / "fake_lmpdrive.py"


def campaign_file(folder: Path, runs: int) -> Path:
    """A campaign of `runs` runs: axes of ten points and one with the rest."""
    (folder / "base.yaml").write_text("potential: {architecture: classical}\n")
    axes = {name: {f"dynamics.{name}": list(range(10))} for name in ("a", "b")}
    axes["s"] = {"dynamics.seed": list(range(1, max(1, runs // 100) + 1))}
    path = folder / "scale.yaml"
    path.write_text(yaml.safe_dump({"campaign": "scale", "base": "base.yaml", "axes": axes}, sort_keys=False))
    return path


def fill(plan: object) -> None:
    """Every run as it is in the middle of its second slice."""
    from lmpdrive.campaigns import journal

    manifest = {"state": "walltime", "system": {"species": ["Au"] * 378}, "performance": {"ns_per_day": 12.0}}
    progress = {"stage": "production", "step": 5000, "end_step": 20000}
    for name in plan.runs:  # type: ignore[attr-defined]
        directory = plan.directory(name)  # type: ignore[attr-defined]
        directory.mkdir(parents=True)
        (directory / "manifest.json").write_text(json.dumps(manifest))
        rest = {"ns_per_day": 12.0, "left_s": 100.0, "updated_s": time.time()}
        (directory / "progress.json").write_text(json.dumps(progress | rest))
        path = plan.journal(name)  # type: ignore[attr-defined]
        for stage, step, code in (("check", 0, 0), ("md", 5000, 75)):
            journal.begin(path, stage, 0)
            journal.end(path, stage, step, code)


def timed(what: str, work: Callable[[], object]) -> dict[str, object]:
    """Wall time of `work`, and the largest memory of this process since its start."""
    started = time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    memory_MB = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what:<40}{seconds:>8.2f} s{memory_MB:>8.0f} MB", flush=True)
    return {"what": what, "seconds": seconds, "memory_MB": memory_MB}


def on_paper(folder: Path, runs: int) -> list[dict[str, object]]:
    """Plan, save, status and report."""
    from lmpdrive.campaigns.plan import make_plan
    from lmpdrive.campaigns.report import write_report
    from lmpdrive.campaigns.state import states
    from lmpdrive.cli.campaign import status_lines

    file = campaign_file(folder, runs)
    plan = make_plan(file, folder / "out")
    fill(plan)
    return [
        timed(f"plan of {len(plan.runs)} runs", lambda: make_plan(file, folder / "out").save()),
        timed("status", lambda: status_lines(states(plan), every=False)),
        timed("report", lambda: write_report(plan)),
    ]


def overhead(folder: Path, tasks: int) -> dict[str, object]:
    """Seconds for each task beyond what the program itself takes, on one worker."""
    file = campaign_file(folder, tasks)
    places = folder / "places.yaml"
    places.write_text("here1: {kind: local, cpus: 1}\n")
    env = os.environ | {"LMPDRIVE": f"{sys.executable} {FAKE}", "FAKE_SECONDS": "0", "LMPDRIVE_PLACES": str(places)}
    command = [
        sys.executable,
        "-m",
        "lmpdrive",
        "campaign",
        "run",
        str(file),
        "--out",
        str(folder / "tasks"),
        "--quiet",
    ]
    started = time.perf_counter()
    subprocess.run(command, env=env, check=False)
    wall_s = time.perf_counter() - started
    entries = [json.loads(line) for path in (folder / "tasks" / "journal").glob("*.jsonl") for line in path.open()]
    inside_s = sum(entry["t"] * (1 if entry["event"] == "end" else -1) for entry in entries)
    times = sorted(entry["t"] for entry in entries)
    count = sum(entry["event"] == "begin" for entry in entries)
    each_ms = 1e3 * (times[-1] - times[0] - inside_s) / count
    start_s = wall_s - (times[-1] - times[0])
    print(f"{count} tasks: {each_ms:.1f} ms each beside the work; start and end of the driver {start_s:.1f} s")
    return {"tasks": count, "ms_per_task": each_ms, "start_and_end_s": start_s}


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--tasks", type=int, default=300)
    parser.add_argument("--json", type=Path, help="write everything there as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lmpdrive-scale-") as folder:
        for name in ("paper", "tasks"):
            (Path(folder) / name).mkdir()
        paper = on_paper(Path(folder) / "paper", options.runs)
        tasks = overhead(Path(folder) / "tasks", options.tasks)
    if options.json:
        options.json.write_text(json.dumps({"paper": paper, "tasks": tasks}, indent=1) + "\n")


if __name__ == "__main__":
    main()
