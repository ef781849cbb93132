"""The same three profiles with lmpdrive, in one process: what `run.py` times.

    python benchmarks/analysis/ours.py traj.dcd system.data out.npz [--pandas]

Prints CPU microseconds per frame of a first and of a second analysis of the file (opening included), and the peak
memory.  `--pandas` reads a text dump with pandas' parser instead of the compiled one.
"""

from __future__ import annotations

import io
import json
import re
import sys
import time
from pathlib import Path

import numpy as np

from lmpdrive.observables import analyse
from lmpdrive.trajectory import Chunk, Trajectory, open_trajectory

NAMES = ["water_density", "water_orientation", "ion_density_Na"]


def read_with_pandas(trajectory: Trajectory) -> None:
    """Replace the parser of a text dump: all frames of a chunk in one `read_csv`, only the columns needed."""
    import pandas as pd

    def numbers(frames: np.ndarray, places: list[int]) -> tuple[np.ndarray, np.ndarray]:
        index, columns = trajectory._index, list(trajectory._columns)
        wanted = [columns[place] for place in places]
        text = b"".join(bytes(trajectory._text[index.bodies[i] : index.ends[i]]) for i in frames)
        table = pd.read_csv(
            io.BytesIO(text), sep=" ", header=None, names=[*columns, "_"], usecols=wanted, na_filter=False
        )
        return table[wanted].to_numpy().reshape(len(frames), -1, 3), np.empty((0, 0, 3))

    trajectory._read_columns = numbers


class Start(Trajectory):
    """The first frames of a trajectory."""

    def __init__(self, whole: Trajectory, n_frames: int) -> None:
        super().__init__(whole.path)
        self._whole, self.topology = whole, whole.topology
        self.steps, self.times_ps = whole.steps[:n_frames], whole.times_ps[:n_frames]

    def read(self, start: int, stop: int) -> Chunk:
        """Frames `start` to `stop` (exclusive)."""
        return self._whole.read(start, stop)


def marginal(path: str, data: str) -> dict[str, float]:
    """What one frame more costs [µs], and what does not depend on the number of frames [ms]; without opening."""
    trajectory = open_trajectory(path, data=data, timestep_fs=0.5)
    n = trajectory.n_frames
    seconds = []
    for part in (Start(trajectory, n // 5), trajectory):
        start = time.process_time()
        analyse(part, names=NAMES)
        seconds.append(time.process_time() - start)
    each = (seconds[1] - seconds[0]) / (n - n // 5)
    return {"frame_us": each * 1e6, "fixed_ms": (seconds[1] - n * each) * 1e3}


def once(path: str, data: str, pandas: bool) -> tuple[float, dict]:
    """CPU seconds, tables."""
    start = time.process_time()
    trajectory = open_trajectory(path, data=data, timestep_fs=0.5)
    if pandas:
        read_with_pandas(trajectory)
    tables = analyse(trajectory, names=NAMES)
    return time.process_time() - start, tables | {"n": trajectory.n_frames}


def main() -> None:
    """Analyse twice."""
    path, data, out = sys.argv[1:4]
    first, tables = once(path, data, "--pandas" in sys.argv)
    second, _ = once(path, data, "--pandas" in sys.argv) if "--one" not in sys.argv else (float("nan"), None)
    n = tables["n"]
    np.savez(
        out,
        **{f"{name} {axis}": getattr(tables[name], key) for name in NAMES for axis, key in (("z", "x"), ("", "value"))},
    )
    # not ru_maxrss: that remembers the memory of the process that started this one
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
    result = {"n": n, "first_us": first / n * 1e6, "loop_us": second / n * 1e6, "peak_MB": peak}
    print(json.dumps(result | (marginal(path, data) if "--marginal" in sys.argv else {})))


if __name__ == "__main__":
    main()
