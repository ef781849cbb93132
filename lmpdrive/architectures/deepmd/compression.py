"""Tabulated twins of `.pb` models, made on this machine, compared with the original, and kept in the user's cache."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from platformdirs import user_cache_path

from lmpdrive.architectures.deepmd.model import call_deepmd
from lmpdrive.common.hashing import sha256
from lmpdrive.environments import Interpreter
from lmpdrive.errors import ModelError

COMPRESSION_FORCE_LIMIT_EV_PER_A = 1e-3
"""A compressed model whose forces differ by more from the original is not used."""

COMPARE = """
import json, sys
import numpy as np
from ase.io import read
from deepmd.infer import DeepPot
a = read("system.data", format="lammps-data")
pots = [DeepPot(p) for p in sys.argv[1:3]]
names = a.get_chemical_symbols()
types = [pots[0].get_type_map().index(s) for s in names]
forces = [p.eval(a.positions[None], a.cell.array[None], types)[1] for p in pots]
print(json.dumps({"max_dF": float(np.abs(forces[0] - forces[1]).max())}))
"""


def compressed(model: Path, run_dir: Path, interpreter: Interpreter) -> tuple[Path | None, str]:
    """The compressed twin of `model`, made and compared with it on first use (None if unusable), and a note."""
    cache = user_cache_path("lmpdrive") / "deepmd" / sha256(model)
    target, verdict = cache / "model.pb", cache / "verified.json"
    if not verdict.is_file():
        try:
            cache.mkdir(parents=True, exist_ok=True)
            partial = cache / f"partial-{os.getpid()}.pb"
            dp = interpreter.scripts / "dp"
            subprocess.run(
                [dp, "--tf", "compress", "-i", model, "-o", partial],
                cwd=cache,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                capture_output=True,
                check=True,
            )
            difference = call_deepmd(interpreter.python, COMPARE, model, partial, cwd=run_dir)["max_dF"]
            partial.replace(target)
            verdict.write_text(json.dumps({"max_dF_eV_per_A": difference}))
        except (OSError, subprocess.CalledProcessError, ModelError, ValueError) as error:
            return None, f"{model.name} runs uncompressed: compression failed ({type(error).__name__})"
    difference = json.loads(verdict.read_text())["max_dF_eV_per_A"]
    if not difference <= COMPRESSION_FORCE_LIMIT_EV_PER_A:
        return None, f"{model.name} runs uncompressed: compression would change forces by {difference:.1e} eV/Å"
    return target, f"{model.name} compressed; largest force difference {difference:.1e} eV/Å"
