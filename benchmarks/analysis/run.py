"""What an analysis costs: lmpdrive against NumPy/MDAnalysis and pandas, on the same files, side by side.

    python benchmarks/analysis/run.py --json result.json          # 10 minutes, 11 GB of disk
    python benchmarks/analysis/run.py --quick                     # 2 minutes, without the 5 GB files

Each contestant is a process of its own, and they take turns, so that a change of the machine's load meets all of them.
Times are CPU times (user + system): of the whole process, imports included, and of opening and analysing alone (for
lmpdrive of a second analysis in the same process, so that loading compiled code counts once).
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
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from make_trajectory import write_data, write_dcd, write_text  # noqa: E402

OURS, OTHERS = "ours.py", "numpy_mdanalysis.py"
CONTESTANTS = {
    "dcd: lmpdrive": (OURS, "traj.dcd"),
    "dcd: numpy/MDAnalysis, waters in every frame": (OTHERS, "traj.dcd"),
    "dcd: numpy/MDAnalysis, waters once": (OTHERS, "traj.dcd", "--once", "waters"),
    "dcd: numpy/MDAnalysis, all once": (OTHERS, "traj.dcd", "--once", "all"),
    "text: lmpdrive": (OURS, "traj.lammpstrj"),
    "text: lmpdrive with pandas' parser": (OURS, "traj.lammpstrj", "--pandas"),
    "text: numpy/MDAnalysis, waters in every frame": (OTHERS, "traj.lammpstrj"),
    "text: numpy/MDAnalysis, all once": (OTHERS, "traj.lammpstrj", "--once", "all"),
}


def call(folder: Path, script: str, trajectory: str, *options: str) -> dict:
    """CPU time of a process, and what it printed."""
    command = [sys.executable, "-W", "ignore", HERE / script, folder / trajectory, folder / "system.data"]
    started = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen([*command, folder / "out.npz", *options], stdout=output, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        output.seek(0)
        printed = output.read().decode()
    if status:
        sys.exit(f"{script} {' '.join(options)} failed on {trajectory}")
    result = {"cpu_s": usage.ru_utime + usage.ru_stime, "wall_s": time.perf_counter() - started}
    if printed:
        result |= json.loads(printed)
    return result


def same_profiles(folder: Path) -> float:
    """Largest difference of the water density between lmpdrive and the script [g/cm^3], where bins coincide."""
    call(folder, OURS, "traj.dcd", "--one")
    ours = dict(np.load(folder / "out.npz"))
    call(folder, OTHERS, "traj.dcd")
    theirs = dict(np.load(folder / "out.npz"))
    z = ours["water_density z"]
    at = np.round((z - theirs["z"][0]) / 0.1).astype(int)
    good = (at >= 0) & (at < len(theirs["z"]))
    return float(np.abs(ours["water_density "][good] - theirs["water"][at[good]]).max())


def side_by_side(folder: Path, n_frames: int, repeats: int) -> dict:
    """Medians over the repeats [CPU µs per frame]; the first call of all compiles if nothing was kept."""
    rows: dict[str, list[dict]] = {name: [] for name in CONTESTANTS}
    for i in range(repeats):
        order = list(CONTESTANTS.items())
        for name, (script, trajectory, *options) in order if i % 2 == 0 else order[::-1]:
            result = call(folder, script, trajectory, *options) | {"load": os.getloadavg()[0]}
            result["process_us"] = result["cpu_s"] / n_frames * 1e6
            if script == OURS:  # it analysed twice
                result["process_us"] -= result["loop_us"]
            rows[name].append(result)
            print(f"{name:<52} {result['process_us']:9.2f} {result['loop_us']:9.2f}", flush=True)
    return rows


def scaling(folder: Path) -> list[dict]:
    """What one frame more costs, and what does not depend on their number, for 381, 3,810 and 38,100 atoms."""
    table = []
    for copies, n_frames in ((1, 2500), (1, 10_000), (1, 40_000), (10, 4000), (100, 400)):
        write_data(folder / "system.data", copies)
        write_dcd(folder / "traj.dcd", n_frames, copies)
        write_text(folder / "traj.lammpstrj", n_frames // 4, copies)
        row: dict = {"atoms": 381 * copies, "frames": n_frames}
        for kind in ("traj.dcd", "traj.lammpstrj"):
            results = [call(folder, OURS, kind, "--marginal") for _ in range(3)]
            row[kind] = {key: statistics.median(r[key] for r in results) for key in ("frame_us", "fixed_ms")}
            row[kind]["ns_per_atom"] = row[kind]["frame_us"] / row["atoms"] * 1e3
        print(row, flush=True)
        table.append(row)
    return table


def memory(folder: Path, gigabytes: tuple[float, ...] = (0.15, 0.6, 5.0)) -> list[dict]:
    """Peak memory of an analysis against the size of the file: 10,000 frames again and again."""
    write_data(folder / "system.data", 1)
    write_dcd(folder / "piece.dcd", 10_000, 1)
    write_text(folder / "piece.lammpstrj", 10_000, 1)
    dcd = (folder / "piece.dcd").read_bytes()
    frame = (len(dcd) - 276) // 10_000
    text = [b"\nITEM: NUMBER" + part for part in (folder / "piece.lammpstrj").read_bytes().split(b"\nITEM: NUMBER")[1:]]
    text = [part.rpartition(b"ITEM: TIMESTEP")[0] if b"ITEM: TIMESTEP" in part else part for part in text]
    table = []
    for size in gigabytes:
        copies = max(1, round(size * 1e9 / (frame * 10_000)))
        with (folder / "traj.dcd").open("wb") as file:
            file.write(dcd[:8] + np.int32(10_000 * copies).tobytes() + dcd[12:276])
            for _ in range(copies):
                file.write(dcd[276:])
        step = 0
        with (folder / "traj.lammpstrj").open("wb") as file:
            while file.tell() < size * 1e9:
                for part in text:
                    file.write(b"ITEM: TIMESTEP\n%d" % step + part)
                    step += 20
        for kind in ("traj.dcd", "traj.lammpstrj"):
            result = call(folder, OURS, kind, "--one")
            megabytes = (folder / kind).stat().st_size / 1e6
            row = {"file": kind, "MB": megabytes, "frames": result["n"], "peak_MB": result["peak_MB"]}
            table.append(row | {"us": result["first_us"]})
            print(table[-1], flush=True)
    return table


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="without scaling and memory")
    parser.add_argument("--only", choices=["scaling", "memory"], help="one part only")
    parser.add_argument("--json", type=Path, help="write everything there as well")
    options = parser.parse_args()
    result: dict = {"host": platform.platform(), "python": platform.python_version(), "cores": os.cpu_count()}
    with tempfile.TemporaryDirectory(prefix="lmpdrive-analysis-") as name:
        folder = Path(name)
        if options.only:
            part = {"scaling": scaling, "memory": memory}[options.only](folder)
            if options.json:
                options.json.write_text(json.dumps({options.only: part}, indent=1) + "\n")
            return
        write_data(folder / "system.data", 1)
        write_dcd(folder / "traj.dcd", options.frames, 1)
        write_text(folder / "traj.lammpstrj", options.frames, 1)
        environment = os.environ | {"NUMBA_CACHE_DIR": str(folder / "numba")}
        os.environ["NUMBA_CACHE_DIR"] = environment["NUMBA_CACHE_DIR"]
        result["compiling"] = {kind: call(folder, OURS, kind, "--one") for kind in ("traj.dcd", "traj.lammpstrj")}
        print("first process ever [CPU s]:", {k: round(v["cpu_s"], 2) for k, v in result["compiling"].items()})
        result["largest_difference_g_per_cm3"] = same_profiles(folder)
        print("largest difference of the water density [g/cm^3]:", result["largest_difference_g_per_cm3"])
        print(f"{'CPU µs per frame':<52} {'process':>9} {'analysis':>9}")
        result["side_by_side"] = side_by_side(folder, options.frames, options.repeats)
        if not options.quick:
            result["scaling"] = scaling(folder)
            result["memory"] = memory(folder)
    medians = {
        name: {key: statistics.median(r[key] for r in rows) for key in ("process_us", "loop_us")}
        for name, rows in result["side_by_side"].items()
    }
    result["medians"] = medians
    print(json.dumps(medians, indent=1))
    for kind in ("dcd", "text"):
        ours = medians[f"{kind}: lmpdrive"]
        for name, row in medians.items():
            if name.startswith(kind) and "MDAnalysis" in name:
                ratios = [row[key] / ours[key] for key in ("loop_us", "process_us")]
                print(f"{name}: {ratios[0]:.0f} times lmpdrive, {ratios[1]:.1f} times with imports")
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
