"""Heights of an ion in ordinary runs, as the umbrella defines them: above the outermost layer, frame by frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lmpdrive import observables, trajectory
from lmpdrive.common.compiled import announced
from lmpdrive.common.manifest import read_manifest
from lmpdrive.common.say import Say
from lmpdrive.errors import RunDirectoryError, TrajectoryError
from lmpdrive.observables.bulk_search import bulk_of
from lmpdrive.observables.examine import examined
from lmpdrive.observables.free_energy import Window
from lmpdrive.observables.interface import Interface
from lmpdrive.stages.observable_settings import settings_of
from lmpdrive.stages.stability import cut_to_stable_part
from lmpdrive.trajectory import Trajectory
from lmpdrive.trajectory.logs.boundary import periodic_of_run
from lmpdrive.trajectory.views.longer_cell import not_repeated


def unbiased_window(run_dir: Path, ion: str, say: Say) -> Window:
    """All ions of a kind in the frames that `lmpdrive analyse` would use, as a window without a spring.

    Raises RunDirectoryError for what is no run at one temperature, or has a bias, TrajectoryError for one without the
    ion or a surface.
    """
    import yaml

    if not run_dir.is_dir():
        raise RunDirectoryError(f"--compare {run_dir}: there is no such run directory")
    manifest = read_manifest(run_dir)
    config = yaml.safe_load(config_file.read_text()) if (config_file := run_dir / "resolved.yaml").is_file() else {}
    if (config.get("dynamics") or {}).get("bias"):
        raise RunDirectoryError(f"--compare {run_dir}: this run has dynamics.bias; an ordinary run has none")
    if manifest.dynamics.temperature_K is None:
        raise RunDirectoryError(f"--compare {run_dir}: the run has no single temperature")
    frames, interface = _seen(run_dir, say)
    atoms = (interface.ions | interface.others).get(ion)
    if atoms is None or not interface.has_surface:
        there = ", ".join(interface.ions | interface.others) or "no ions"
        raise TrajectoryError(f"--compare {run_dir}: no {ion} over a surface in this run; there are: {there}")
    say(f"heights of {len(atoms)} {ion} in {frames.n_frames} frames of {run_dir}")
    with announced(say):
        chunks = [interface.frames(chunk).distances(atoms).min(axis=0) for chunk in frames.chunks()]
    return Window(run_dir.name, ion, 0.0, 0.0, manifest.dynamics.temperature_K, np.concatenate(chunks))


def bulk_heights(run_dir: Path, say: Say) -> tuple[float, float]:
    """The heights [Å] between which the water of a run is bulk.  Raises TrajectoryError if there is none."""
    frames, interface = _seen(run_dir, say)
    with announced(say):
        bulk = bulk_of(frames, interface)
    if not bulk.exists or bulk.whole_cell:
        raise TrajectoryError(
            f"reference: bulk: {run_dir} has no bulk water ({bulk}); name heights instead, --reference 8:10"
        )
    return bulk.low, bulk.high


def _seen(run_dir: Path, say: Say) -> tuple[Trajectory, Interface]:
    """The frames of a run that count, and its interface."""
    settings = settings_of(run_dir)
    frames = not_repeated(trajectory.open_trajectory(run_dir), periodic_of_run(run_dir))
    frames, thermo, _ = cut_to_stable_part(run_dir, frames, trajectory.thermo_of(run_dir), say)
    discard_ps = settings.discard_ps
    if discard_ps == "auto":
        discard_ps = observables.equilibrated_after_ps(frames, thermo, None, say, settings.slab, settings.normal)
    frames = trajectory.Discarded(frames, discard_ps) if discard_ps else frames
    frames, what = examined(frames, settings.slab, settings.normal)
    return frames, Interface(frames.topology, frames.read(0, 1), what)
