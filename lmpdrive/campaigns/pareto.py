"""Error against speed of the potentials of a campaign: errors on labelled frames, times from its own runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lmpdrive.campaigns.plan import Plan, PlannedRun
from lmpdrive.common.manifest import read_manifest
from lmpdrive.common.run_files import CONFIG
from lmpdrive.common.say import Say

if TYPE_CHECKING:
    from lmpdrive.report.analysed import Analysed
    from lmpdrive.report.pareto import Timed

FOLDER = "pareto"


def by_potential(plan: Plan, runs: Mapping[str, PlannedRun]) -> dict[str, list[str]]:
    """Potential -> its runs, of runs by name; named by the points of the axes that set it."""
    found: dict[str, tuple[str, list[str]]] = {}
    for name, run in runs.items():
        potential = {key: value for key, value in run.settings.items() if key.partition(".")[0] == "potential"}
        key = json.dumps(potential, sort_keys=True)
        label = "_".join(run.points[axis] for axis in plan.potential_axes) or plan.base.stem
        found.setdefault(key, (label, []))[1].append(name)
    return dict(found.values())


def write_pareto(plan: Plan, analysed: Mapping[str, Analysed], say: Say) -> None:
    """`pareto/pareto.csv` and figures, of potentials with a run that is done; nothing without labelled frames.

    Raises TrajectoryError for files without labels.
    """
    if not plan.labelled:
        return
    from lmpdrive.report.pareto import write_pareto as write
    from lmpdrive.stages.accuracy import measure

    runs = {name: plan.runs[name] for name in analysed}
    groups = by_potential(plan, runs)
    firsts = [replace(analysed[names[0]], label=label) for label, names in groups.items()]
    tested = measure(firsts, plan.labelled, say)
    timed = {label: _timed(plan, names) for label, names in groups.items() if label in tested.predicted}
    if timed:
        write(timed, tested, plan.folder / FOLDER)
    for label, why in tested.missing.items():
        say(f"{label}: {why}")


def _timed(plan: Plan, names: list[str]) -> Timed:
    from lmpdrive.config import load
    from lmpdrive.report.pareto import Timed

    manifests = [read_manifest(plan.directory(name)) for name in names]
    potential = load(plan.directory(names[0]) / CONFIG).potential
    model = getattr(potential, "model", "") or getattr(potential, "calculator", "") or ""
    timestep_fs, atoms = manifests[0].dynamics.timestep_fs or 0.0, len(manifests[0].system.species)
    speeds = [m.performance.ns_per_day for m in manifests if m.performance.ns_per_day]
    return Timed(
        architecture=Path(potential.architecture).name,
        model="/".join(Path(str(model)).parts[-2:]),
        atoms=atoms,
        ms_per_step=tuple(timestep_fs * 1e-6 / speed * 86_400_000 for speed in speeds),
        how="the campaign's runs",
    )
