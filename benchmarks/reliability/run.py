"""Faults injected into real runs: what was tried, how often, what was lost.

    PYTHONPATH=. python benchmarks/reliability/run.py [kills] [restarts] [frames] [manifest] [signals] [disk] [drivers]

    PYTHONPATH=. python benchmarks/reliability/run.py [kills] [restarts] [frames] [manifest] [signals] [disk] ...
mounts file systems in memory, for which it must be root.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import yaml

from lmpdrive.common.hashing import sha256
from lmpdrive.common.manifest import read_manifest
from lmpdrive.engine.restart.files import RECORD, candidates, inspect
from lmpdrive.errors import LmpdriveError
from tests.stages.resuming import CHEAP, COPPER, METAL, copy, frames, kill_all, rendered, resumed, same_run, started

LMPDRIVE = Path(sys.executable).with_name("lmpdrive")
RNG = random.Random(2026)
SYSTEMS = {
    "NVE, Lennard-Jones": (METAL, ["dynamics.production_ps=8"], 50),
    "NVT, Lennard-Jones": (METAL, ["dynamics.production_ps=4", "dynamics.ensemble=nvt"], 8),
    "NPT, Lennard-Jones": (
        METAL,
        ["dynamics.production_ps=4", "dynamics.ensemble=npt", "system.build.vacuum_A=0", "dynamics.fixed_layers=0"],
        6,
    ),
    "NVE, SPC/Fw and PPPM": (CHEAP, ["dynamics.production_ps=2"], 8),
    "NVE, EMT by callback": (COPPER, ["dynamics.production_ps=1"], 5),
    "NVT, EMT by ASE": (
        COPPER | {"potential": COPPER["potential"] | {"coupling": "ase"}},
        ["dynamics.production_ps=1", "dynamics.ensemble=nvt"],
        5,
    ),
}
"""What is killed: system, options, how often."""


def kills(folder: Path) -> dict:
    """SIGKILL to driver and worker at random moments, sometimes again in the continuation; then to the end."""
    found = {}
    for name, (content, options, times) in SYSTEMS.items():
        case = rendered(folder / name.split(",")[0] / str(len(found)), content, options)
        whole = copy(case, folder / f"whole-{len(found)}")
        begun = time.monotonic()
        process = started(whole)
        _wait_for_log(whole, 0, process)
        until_log = time.monotonic() - begun
        process.communicate()
        length = time.monotonic() - begun
        killed, worst, equal, aside = Counter(), Counter(), 0, 0
        for number in range(times):
            run = copy(case, folder / "killed")
            for _ in range(1 + (RNG.random() < 0.3)):
                logs = len(list(run.glob("log*.lammps")))
                process = started(run)
                if RNG.random() < 0.2:  # before LAMMPS runs, most of the time
                    time.sleep(RNG.uniform(0, length))
                else:
                    _wait_for_log(run, logs, process)
                    time.sleep(RNG.uniform(0, length - until_log))
                kill_all(process)
                state = read_manifest(run).state
                killed[f"{state}, {'frames' if list(run.glob('traj*.dcd')) else 'no frames'}"] += 1
            said: list[str] = []
            assert resumed(run, said=said) == "finished", (name, number, said)
            apart = same_run(whole, run)
            aside += (run / "aside.1").exists()
            equal += not any(apart.values())
            worst = Counter({key: max(worst[key], value) for key, value in apart.items()})
            shutil.rmtree(run)
        found[name] = {
            **{"runs": times, "equal to the last bit": equal, "begun again": aside},
            **{"largest differences": dict(worst), "killed while": dict(killed)},
        }
        print(name, found[name], flush=True)
    return found


def _wait_for_log(run: Path, known: int, process: subprocess.Popen) -> None:
    while len(list(run.glob("log*.lammps"))) <= known and process.poll() is None:
        time.sleep(0.002)


def _a_killed_run(folder: Path) -> tuple[Path, Path]:
    """A run without a stop, and the same killed with two whole restarts, recorded."""
    case = rendered(folder / "base", METAL, ["dynamics.production_ps=2"])
    whole = copy(case, folder / "whole")
    assert resumed(whole) == "finished"
    while True:
        run = copy(case, folder / "killed")
        process = started(run)
        while not (run / "b.restart").exists() or inspect(run / "b.restart").step < 600:
            time.sleep(0.002)
        kill_all(process)
        if not any(one.problem for one in candidates(run)):
            break
        shutil.rmtree(run)
    record = {one.path.name: {"step": one.step, "sha256": sha256(one.path)} for one in candidates(run)}
    (run / RECORD).write_text(json.dumps(record))
    return whole, run


def _flip(path: Path) -> int:
    content = bytearray(path.read_bytes())
    place = RNG.randrange(len(content))
    content[place] ^= 1 << RNG.randrange(8)
    path.write_bytes(content)
    return place


def restarts(folder: Path) -> dict:
    """One bit flipped in, or the end cut off, the newest restart file; with and without the record of its sha256."""
    whole, killed = _a_killed_run(folder)
    newest = candidates(killed)[0].path.name
    original = (killed / newest).read_bytes()
    recorded = Counter()
    for damage in ["flipped"] * 500 + ["cut"] * 200:
        if damage == "flipped":
            _flip(killed / newest)
        else:
            (killed / newest).write_bytes(original[: RNG.randrange(len(original))])
        seen = any(one.problem for one in candidates(killed) if one.path.name == newest)
        recorded[f"{damage}: {'passed over' if seen else 'NOT SEEN'}"] += 1
        (killed / newest).write_bytes(original)
    unrecorded = Counter()
    for _ in range(30):
        run = copy(killed, folder / "run")
        (run / RECORD).unlink()
        _flip(run / newest)
        said: list[str] = []
        try:
            state = resumed(run, said=said)
        except LmpdriveError as error:
            state = f"exit code {error.exit_code}, told"
        if state != "finished":
            unrecorded[state] += 1
            shutil.rmtree(run)
            continue
        passed = any(line.startswith(newest) and "not used" in line for line in said)
        apart = same_run(whole, run)
        if passed:
            assert not any(apart.values()), said
        how = "passed over" if passed else "used, equal to the last bit" if not any(apart.values()) else "used, differs"
        unrecorded[how] += 1
        if how == "used, differs":
            print("  differs by", apart)
        shutil.rmtree(run)
    return {"with the record": dict(recorded), "without": dict(unrecorded)}


def trajectories(folder: Path) -> dict:
    """The trajectory cut at a random place, and a bit of it flipped: what is read after the continuation."""
    whole, killed = _a_killed_run(folder)
    steps, positions = frames(whole)
    found: Counter = Counter()
    for number in range(16):
        run = copy(killed, folder / "run")
        path = run / RNG.choice(["traj.dcd", "traj.dcd", "traj.lammpstrj"])
        if number % 2:
            _flip(path)
        else:
            os.truncate(path, RNG.randrange(path.stat().st_size))
        said: list[str] = []
        assert resumed(run, said=said) == "finished"
        kind = f"{path.name} {'flipped' if number % 2 else 'cut'}"
        now, theirs = frames(run)
        if now.tolist() == steps.tolist():
            equal = np.array_equal(positions, theirs)
            found[f"{kind}: no frame missing, {'all equal' if equal else 'a number changed'}"] += 1
        else:
            told = any("missing" in line for line in said)
            found[f"{kind}: frames missing, {'told' if told else 'NOT TOLD'}"] += 1
        shutil.rmtree(run)
    return dict(found)


def manifest(folder: Path) -> dict:
    """A bit flipped in, or the end cut off, manifest.json or resolved.yaml: never anything but a message."""
    _, killed = _a_killed_run(folder)
    found: Counter = Counter()
    for number in range(24):
        run = copy(killed, folder / "run")
        path = run / RNG.choice(["manifest.json", "resolved.yaml"])
        if number % 2:
            _flip(path)
        else:
            os.truncate(path, RNG.randrange(path.stat().st_size))
        try:
            state = resumed(run)
        except LmpdriveError as error:
            state = f"refused, exit code {error.exit_code}"
        found[f"{path.name} {'flipped' if number % 2 else 'cut'}: {state}"] += 1
        shutil.rmtree(run)
    return dict(found)


FULL = COPPER | {
    "system": {
        "build": {
            **{"metal": "Cu", "repeat": [2, 4], "layers": 2, "waters": 4, "water_thickness_A": 7, "vacuum_A": 8},
            "relax_ps": 2,
        }
    }
}
"""With water that is relaxed first."""


def signals(folder: Path) -> dict:
    """Ctrl-C and SIGTERM at random moments from the first line to the report; then to the end."""
    folder.mkdir()
    (folder / "system.yaml").write_text(yaml.safe_dump(FULL))
    begun = time.monotonic()
    done = subprocess.run(
        [LMPDRIVE, "simulate", "system.yaml", "--out", "whole"], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    length = time.monotonic() - begun
    found: Counter = Counter()
    for number in range(12):
        run = folder / "run"
        kind = (signal.SIGINT, signal.SIGTERM)[number % 2]
        process = subprocess.Popen(
            [LMPDRIVE, "simulate", "system.yaml", "--out", "run"],
            **{"cwd": folder, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True},
        )
        time.sleep(0.3 + RNG.uniform(0, length))
        stage = _stage(run)
        process.send_signal(kind)
        said = process.communicate(timeout=100)[0]
        state = read_manifest(run).state if run.exists() else None
        assert "Traceback" not in said, said
        assert process.returncode in (130, 0, -kind), (process.returncode, said)
        if process.returncode == -kind:
            stage = "before lmpdrive's first line"  # Python was still starting
        assert state in (None, "interrupted", "finished"), (stage, state, said)
        left = [p.name for p in folder.iterdir() if p.name not in ("system.yaml", "mine", "whole", "run")]
        assert not left, (stage, left)
        if run.exists():
            assert resumed(run) == "finished"
            assert frames(run)[0].tolist() == frames(folder / "whole")[0].tolist(), stage
            shutil.rmtree(run)
        found[stage] += 1
    return {"seconds of a run": round(length, 1), "stopped while": dict(found)}


def _stage(run: Path) -> str:
    state = read_manifest(run).state if run.exists() else None
    if state is None:
        return "starting, building or relaxing"
    if state != "running":
        return "analysing"
    if not (run / "log.lammps").exists():
        return "loading the model, or comparing"
    return "minimising or running"


def disk(folder: Path) -> dict:
    """File systems that are full at one moment or the other, then larger; and one that is read-only."""
    whole, _ = _a_killed_run(folder)
    found: Counter = Counter()
    place = folder / "small"
    place.mkdir()
    needed = sum(path.stat().st_size for path in whole.iterdir() if path.is_file()) // 1024
    for size in range(30, needed, max(4, needed // 12)):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", place], check=True)
        try:
            run = copy(folder / "base" / "run", place / "run")
            used = sum(path.stat().st_size for path in run.iterdir()) // 1024
            subprocess.run(["mount", "-o", f"remount,size={max(size, used + 8)}k", place], check=True)
            done = subprocess.run([LMPDRIVE, "run-deck", run / "in.lammps", "-q"], capture_output=True, text=True)
            assert "Traceback" not in done.stderr, done.stderr
            assert done.returncode, (size, "nothing was said")
            subprocess.run(["mount", "-o", "remount,size=64m", place], check=True)
            said: list[str] = []
            assert resumed(run, said=said) == "finished", said
            assert not any(same_run(whole, run).values()), said
            found[f"exit code {done.returncode}, then resumed: equal to the last bit"] += 1
        finally:
            subprocess.run(["umount", place], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=True)
    try:
        copy(folder / "killed", place / "run")
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        for command in (
            ["resume", place / "run"],
            ["simulate", folder / "base" / "system.yaml", "--out", place / "new"],
        ):
            done = subprocess.run([LMPDRIVE, *command], capture_output=True, text=True)
            assert "Traceback" not in done.stderr and "Read-only" in done.stderr, done.stderr
            found[f"read-only, {command[0]}: exit code {done.returncode}"] += 1
    finally:
        subprocess.run(["umount", place], check=True)
    return dict(found)


def drivers(folder: Path) -> dict:
    """Ten drivers begin to continue the same run at once."""
    whole, killed = _a_killed_run(folder)
    found: Counter = Counter()
    for _ in range(5):
        run = copy(killed, folder / "run")
        said = [p.communicate()[0] for p in [started(run) for _ in range(10)]]
        found["ran"] += sum("continuing at step" in text for text in said)
        found["found it finished"] += sum("the run is complete" in text for text in said)
        found["refused"] += sum("in use by process" in text for text in said)
        assert not any(same_run(whole, run).values())
        shutil.rmtree(run)
    return dict(found)


KINDS = {
    **{"kills": kills, "restarts": restarts, "frames": trajectories, "manifest": manifest},
    **{"signals": signals, "disk": disk, "drivers": drivers},
}


def main(names: list[str]) -> None:
    """Run the kinds that are named."""
    file = Path(__file__).with_name(f"result-{datetime.now(UTC):%Y-%m-%d}.json")
    results = json.loads(file.read_text()) if file.is_file() else {}
    for name in names or KINDS:
        with tempfile.TemporaryDirectory(prefix="lmpdrive-faults-") as folder:
            begun = time.monotonic()
            results[name] = KINDS[name](Path(folder) / name)
            print(f"{name} ({time.monotonic() - begun:.0f} s): {results[name]}", flush=True)
        file.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
