"""While LAMMPS runs: the analysis' kernels are compiled for this machine, where they are not yet.

Compiling takes half a minute of CPU time, once for each version and machine, and would otherwise be waited for at the
end of the first run.  A process of the lowest priority analyses the run's first frames, writes nothing, and leaves the
machine code where numba keeps it (`common.compiled`).
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from lmpdrive._version import __version__
from lmpdrive.errors import LmpdriveError

ENOUGH_FRAMES = 20
"""With fewer, correlations in time and blocks are left out, and so their kernels."""
START_AFTER_S = 20.0
"""A shorter run would end before."""
WAIT_S = 2.0


@contextmanager
def kernels_meanwhile(run_dir: Path, wanted: bool = True) -> Iterator[None]:
    """Within this context the kernels are compiled beside; what is not done at its end is left to the analysis."""
    mark = mark_of_this_machine() if wanted and os.environ.get("LMPDRIVE_KERNELS") != "numpy" else None
    if mark is None or mark.exists():
        yield
        return
    command = [sys.executable, "-m", __name__, str(run_dir.resolve()), str(mark)]
    ended = threading.Event()
    beside = threading.Thread(target=_compile_beside, args=(command, ended), daemon=True)
    beside.start()
    try:
        yield
    finally:
        ended.set()
        beside.join()


def _compile_beside(command: list[str], ended: threading.Event) -> None:
    """Start the process, and stop it when the run has ended."""
    if ended.wait(START_AFTER_S):
        return
    quiet = subprocess.DEVNULL
    with suppress(OSError), subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet) as process:
        ended.wait()
        process.terminate()


def mark_of_this_machine() -> Path | None:
    """The file that is there once the kernels are compiled; None where numba is not installed.

    Numba looks at the modification time of each file of functions, and at the processor: so does the name.
    """
    from platformdirs import user_cache_path

    try:
        import llvmlite.binding as llvm

        parts = [__version__, sys.version, version("numba"), llvm.get_host_cpu_name()]
    except (ImportError, PackageNotFoundError):
        return None
    package = Path(__file__).parents[1]
    parts += [f"{file} {file.stat().st_mtime_ns}" for file in sorted(package.glob("**/kernels/*.py"))]
    parts.append(os.environ.get("NUMBA_CACHE_DIR", ""))
    return user_cache_path("lmpdrive") / "kernels" / sha256("\n".join(parts).encode()).hexdigest()[:16]


def compile_on(run_dir: Path, mark: Path, parent: int) -> None:
    """Analyse the first frames that a running run writes, then leave the mark; ends when `parent` has ended."""
    from lmpdrive.observables import analyse
    from lmpdrive.stages.analyse import Analysis, AnalysisRequest

    analysis = Analysis(run_dir, AnalysisRequest(), None, lambda _: None)
    while os.getppid() == parent:
        with suppress(LmpdriveError, OSError):  # no frame yet, or half a frame
            frames, thermo, _ = analysis.open()
            if frames.n_frames >= ENOUGH_FRAMES:
                analyse(frames, analysis.options, thermo=thermo)
                mark.parent.mkdir(parents=True, exist_ok=True)
                mark.touch()
                return
        time.sleep(WAIT_S)


if __name__ == "__main__":
    os.nice(19)
    compile_on(Path(sys.argv[1]), Path(sys.argv[2]), os.getppid())
