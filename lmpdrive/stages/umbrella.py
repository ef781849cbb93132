"""Runs with `dynamics.bias.umbrella` -> windows, from what Colvars wrote of the production.  Å, eV, K."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lmpdrive import guard
from lmpdrive.common.manifest import read_manifest
from lmpdrive.common.run_files import CONFIG
from lmpdrive.errors import RunDirectoryError
from lmpdrive.observables.free_energy import Window


def window_of(run_dir: Path) -> Window:
    """Of a run directory, up to where it became unstable.

    Raises RunDirectoryError for a run without an umbrella or without a temperature.
    """
    import yaml

    try:
        dynamics = yaml.safe_load((run_dir / CONFIG).read_text())["dynamics"]
    except (OSError, LookupError, TypeError, yaml.YAMLError) as error:
        raise RunDirectoryError(f"{run_dir} is no run directory with a readable {CONFIG}: {error}") from None
    umbrella = (dynamics.get("bias") or {}).get("umbrella")
    if umbrella is None:
        raise RunDirectoryError(
            f"{run_dir} has no dynamics.bias.umbrella: it is no window of umbrella sampling. A run without a bias goes "
            f"beside them with --compare {run_dir}"
        )
    manifest = read_manifest(run_dir)
    if manifest.dynamics.temperature_K is None:
        raise RunDirectoryError(f"{run_dir} has no single temperature: a window is a production at one")
    first = sum(stage.steps or 0 for stage in manifest.dynamics.stages if stage.production is False)
    end = guard.first_end(guard.events_of(run_dir))
    found = {step: z for step, z in _heights(run_dir).items() if step >= first and (end is None or step < end.step)}
    heights = np.array([found[step] for step in sorted(found)])
    spring = (float(umbrella["at_A"]), float(umbrella["k_eV_per_A2"]))
    return Window(run_dir.name, umbrella["ion"], *spring, manifest.dynamics.temperature_K, heights)


def _heights(run_dir: Path) -> dict[int, float]:
    """Step -> height; where a resumed run wrote steps again, the later ones count."""
    files = [run_dir / "bias.colvars.traj"]
    files += sorted(run_dir.glob("bias.*.colvars.traj"), key=lambda path: int(path.name.split(".")[1]))
    found: dict[int, float] = {}
    for file in files:
        if not file.is_file():
            continue
        rows = [line.split() for line in file.read_text().splitlines() if line.strip() and not line.startswith("#")]
        whole = {int(row[0]): float(row[1]) for row in rows if len(row) == 2}
        begin = min(whole, default=0)
        found = {step: z for step, z in found.items() if step < begin} | whole
    return found
