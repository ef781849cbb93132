"""Stands for lmpdrive where only the machinery of campaigns is tested: slices of a fraction of a second.

    LMPDRIVE="python fake_lmpdrive.py" lmpdrive campaign run ...

A run needs 1 to 3 slices, by its name; every twentieth becomes unstable.  Each slice appends a line to `slices`, and a
run that is begun again although it has finished leaves `twice`.
"""

import fcntl
import json
import os
import signal
import sys
import time
import zlib
from pathlib import Path

SECONDS = float(os.environ.get("FAKE_SECONDS", "0.3"))


def needed(name: str) -> int:
    """Slices that a run needs."""
    return zlib.crc32(name.encode()) % 3 + 1


def is_unstable(name: str) -> bool:
    """Whether its first slice ends with 12."""
    return zlib.crc32(name.encode()) % 20 == 0


def main(words: list[str]) -> int:
    """One command."""
    command = words[0]
    if command == "check":
        return 0
    if command == "analyse":
        run = Path(words[1])
        (run / "observables").mkdir(exist_ok=True)
        (run / "observables" / "results.nc").write_text("")
        return 0
    run = Path(words[words.index("--out") + 1] if command == "simulate" else words[1])
    run.mkdir(parents=True, exist_ok=True)
    lock = (run / ".lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return 14
    lock.write(json.dumps({"pid": os.getpid()}))
    lock.flush()
    try:
        return _slice(run)
    finally:
        lock.truncate(0)


def _slice(run: Path) -> int:
    path = run / "manifest.json"
    manifest = json.loads(path.read_text()) if path.exists() else {"done": 0}

    def keep(**changes) -> None:
        manifest.update(changes)
        (run / "m").write_text(json.dumps(manifest))
        (run / "m").replace(path)

    def stop(*_) -> None:
        keep(state="interrupted")
        sys.exit(130)

    signal.signal(signal.SIGTERM, stop)
    if manifest.get("state") == "finished":
        (run / "twice").write_text("x")
        return 0
    keep(state="running")
    time.sleep(SECONDS)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what follows is one step: done, or not
    with (run / "slices").open("a") as file:
        file.write(f"{manifest['done']} {os.environ.get('CUDA_VISIBLE_DEVICES', '')}\n")
    if is_unstable(run.name):
        keep(state="unstable")
        return 12
    done = manifest["done"] + 1
    now = {"stage": "production", "step": done, "end_step": needed(run.name)}
    (run / "progress.json").write_text(json.dumps(now | {"ns_per_day": 1.0, "left_s": 1.0, "updated_s": time.time()}))
    finished = done >= needed(run.name)
    keep(done=done, state="finished" if finished else "walltime")
    return 0 if finished else 75


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
