"""Runs with `dynamics.bias.umbrella` -> the free energy of an ion along the surface normal, by MBAR.

M. R. Shirts, J. D. Chodera, J. Chem. Phys. 129, 124105 (2008), as pymbar implements it.  Heights z in Å above the
outermost layer, energies in eV.  Samples of a window are thinned to independent ones (their statistical inefficiency);
σ is the asymptotic error of MBAR of F(z) against its minimum.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive import guard
from lmpdrive.common.manifest import read_manifest
from lmpdrive.common.run_files import CONFIG
from lmpdrive.common.units import K_B_EV_PER_K
from lmpdrive.errors import RunDirectoryError, TrajectoryError

if TYPE_CHECKING:
    import pandas as pd

LEAST_OVERLAP = 0.03
"""Of neighbouring windows in MBAR's overlap matrix; below, their offset is not determined (Klimovich, Shirts, Mobley,
J. Comput. Aided Mol. Des. 29, 397 (2015))."""
LEAST_SAMPLES = 20
"""Heights of a window."""


@dataclass(frozen=True, eq=False)
class Window:
    """One run: its name, its spring E = k/2 (z - z₀)², its temperature, and the heights of its production."""

    name: str
    ion: str
    at_A: float
    k_eV_per_A2: float
    temperature_K: float
    heights_A: NDArray[np.float64]


def window_of(run_dir: Path) -> Window:
    """Of a run directory, up to where it became unstable.

    Raises RunDirectoryError for a run without an umbrella, TrajectoryError for one without enough heights.
    """
    import yaml

    try:
        dynamics = yaml.safe_load((run_dir / CONFIG).read_text())["dynamics"]
    except (OSError, LookupError, TypeError, yaml.YAMLError) as error:
        raise RunDirectoryError(f"{run_dir} is no run directory with a readable {CONFIG}: {error}") from None
    umbrella = (dynamics.get("bias") or {}).get("umbrella")
    if umbrella is None:
        raise RunDirectoryError(f"{run_dir} has no dynamics.bias.umbrella: it is no window of umbrella sampling")
    manifest = read_manifest(run_dir)
    if manifest.dynamics.temperature_K is None:
        raise RunDirectoryError(f"{run_dir} has no single temperature: a window is a production at one")
    first = sum(stage.steps or 0 for stage in manifest.dynamics.stages if stage.production is False)
    end = guard.first_end(guard.events_of(run_dir))
    found = {step: z for step, z in _heights(run_dir).items() if step >= first and (end is None or step < end.step)}
    if len(found) < LEAST_SAMPLES:
        raise TrajectoryError(
            f"{run_dir}: {len(found)} heights in the production, fewer than {LEAST_SAMPLES}: run longer"
        )
    heights = np.array([found[step] for step in sorted(found)])
    spring = (float(umbrella["at_A"]), float(umbrella["k_eV_per_A2"]))
    return Window(run_dir.name, umbrella["ion"], *spring, manifest.dynamics.temperature_K, heights)


def free_energy(windows: Sequence[Window], bin_width_A: float = 0.2) -> pd.DataFrame:
    """F(z) in the bins that were visited, zero at its minimum, with σ.

    Raises TrajectoryError for windows of different ions or temperatures, and for windows that do not overlap.
    """
    import pandas as pd

    for key, unit in (("ion", ""), ("temperature_K", " K")):
        values = sorted({getattr(window, key) for window in windows})
        if len(values) != 1:
            listed = ", ".join(f"{value}{unit}" for value in values)
            raise TrajectoryError(f"the windows have different values of {key}: {listed}; give those of one")
    windows = sorted(windows, key=lambda window: window.at_A)
    beta = 1 / (K_B_EV_PER_K * windows[0].temperature_K)
    pymbar = _pymbar()
    samples = [_independent(pymbar, window.heights_A) for window in windows]
    z, counts = np.concatenate(samples), np.array([len(sample) for sample in samples])
    springs = [0.5 * beta * window.k_eV_per_A2 * (z - window.at_A) ** 2 for window in windows]
    fes = pymbar.FES(np.array(springs), counts)
    _check_overlap(fes.get_mbar(), windows)
    edges = bin_width_A * np.arange(np.floor(z.min() / bin_width_A), np.floor(z.max() / bin_width_A) + 2)
    visited = np.histogram(z, edges)[0] > 0
    middles = 0.5 * (edges[:-1] + edges[1:])[visited]
    fes.generate_fes(np.zeros(len(z)), z, fes_type="histogram", histogram_parameters={"bin_edges": edges})
    found = fes.get_fes(middles, reference_point="from-lowest", uncertainty_method="analytical")
    return pd.DataFrame({"z [Å]": middles, "F(z) [eV]": found["f_i"] / beta, "σ F(z) [eV]": found["df_i"] / beta})


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


def _independent(pymbar: Any, heights: NDArray[np.float64]) -> NDArray[np.float64]:
    inefficiency = pymbar.timeseries.statistical_inefficiency(heights) if np.ptp(heights) else float(len(heights))
    return heights[pymbar.timeseries.subsample_correlated_data(heights, g=inefficiency)]


def _check_overlap(mbar: Any, windows: Sequence[Window]) -> None:
    if len(windows) < 2:
        return
    matrix = np.asarray(mbar.compute_overlap()["matrix"])
    for i, (one, other) in enumerate(pairwise(windows)):
        # all below with all above: a window of another stiffness may bridge a gap
        across = matrix[: i + 1, i + 1 :].sum()
        if across < LEAST_OVERLAP:
            raise TrajectoryError(
                f"the windows at {one.at_A:g} and {other.at_A:g} Å do not overlap ({across:.2g}, at least "
                f"{LEAST_OVERLAP:g} is needed): add a window between them, or weaken k_eV_per_A2"
            )


def _pymbar() -> Any:
    # pymbar logs a banner about JAX, which nothing here uses, when it is imported
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        import pymbar
    finally:
        logging.disable(level)
    return pymbar
