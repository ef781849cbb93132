"""Peak memory of the processes that this one started, read from /proc while they run; GB = 1e9 bytes."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

GPU_EVERY_S = 2.0
NVIDIA = Path("/proc/driver/nvidia")
_QUERY = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]


class PeakMemory:
    """Call `poll` now and then; the peaks are the results.

    Of each process the kernel keeps the high-water mark itself, so polling rarely misses little: what a process takes
    between the last call and its end.  Ranks that share pages are counted in full.
    """

    def __init__(self, with_gpu: bool = False) -> None:
        self._marks: dict[int, int] = {}
        self._gpu_next = 0.0 if with_gpu and NVIDIA.exists() else float("inf")
        self._gpu_before: float | None = None
        self.gpu_GB: float | None = None
        """What all GPUs of the machine held more than at the first reading; None if none was read."""
        self.poll()

    @property
    def GB(self) -> float:
        """Sum of the high-water marks of all processes."""
        return sum(self._marks.values()) * 1024 / 1e9

    def poll(self) -> None:
        """Read the marks."""
        for process in descendants(os.getpid()):
            self._marks[process] = max(self._marks.get(process, 0), _high_water_kB(process))
        if time.monotonic() >= self._gpu_next:
            self._gpu_next = time.monotonic() + GPU_EVERY_S
            self._look_at_gpus()

    def _look_at_gpus(self) -> None:
        try:
            done = subprocess.run(_QUERY, capture_output=True, text=True, timeout=10, check=True)
            used = sum(float(line) for line in done.stdout.split()) * 2**20 / 1e9
        except (OSError, subprocess.SubprocessError, ValueError):
            self._gpu_next = float("inf")
            return
        if self._gpu_before is None:
            self._gpu_before = used
        self.gpu_GB = max(self.gpu_GB or 0.0, used - self._gpu_before)


def descendants(process: int) -> list[int]:
    """Children of a process, their children, and so on."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # the name of the program stands in brackets, and may have any characters
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):  # it has ended
            continue
        children.setdefault(parent, []).append(int(entry.name))
    found, todo = [], [process]
    while todo:
        own = children.get(todo.pop(), [])
        found += own
        todo += own
    return found


def _high_water_kB(process: int) -> int:
    try:
        for line in (Path("/proc") / str(process) / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    except (OSError, ValueError):
        pass
    return 0
