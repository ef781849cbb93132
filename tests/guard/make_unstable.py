"""Train the deliberately bad Deep Potential of these tests: 30 frames, a small network, half a minute.

    python tests/guard/make_unstable.py ../shared/data/pt-water-rpbe-d3 tests/guard/data/dp-30-frames.pb

It knows only what 30 frames of Pt/water show, has no repulsion of close atoms, and is for nothing but falling apart.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "potentials"))

FRAMES = 30
BATCHES = 400


def main(data: Path, out: Path) -> None:
    from data import Split, load
    from train import SE_E2_A, deepmd_input

    frames = load(data)
    chosen = [frames[i] for i in np.random.default_rng(1).choice(len(frames), FRAMES, replace=False)]
    model = {
        "descriptor": SE_E2_A["descriptor"] | {"neuron": [8, 16, 32], "axis_neuron": 4},
        "fitting_net": SE_E2_A["fitting_net"] | {"neuron": [32, 32, 32]},
    }
    env = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "DP_INTRA_OP_PARALLELISM_THREADS"), "1")
    dp = str(Path(sys.executable).with_name("dp"))
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        import json

        content = deepmd_input(model, Split(chosen, chosen[:2], []), work, BATCHES, 5e-3)
        (work / "input.json").write_text(json.dumps(content))
        for command in (["train", "input.json"], ["freeze", "-o", "model.pb"]):
            subprocess.run([dp, "--tf", *command], cwd=work, env=env, check=True)
        shutil.copy(work / "model.pb", out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
