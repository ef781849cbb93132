"""Campaign file -> plan: every run with its name, points, settings and resources; kept in `plan.json`."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lmpdrive.campaigns.axes import RESOURCES, Point, flattened, points_of
from lmpdrive.campaigns.file import STAGES, Campaign, Comparison, Resources, read_campaign
from lmpdrive.campaigns.planned_run import PlannedRun, over
from lmpdrive.campaigns.windows import with_windows
from lmpdrive.common import walltime
from lmpdrive.common.atomic import write_atomically
from lmpdrive.errors import ConfigError, RunDirectoryError, did_you_mean

PLAN = "plan.json"
RUNS, COMPARISONS, JOURNALS = "runs", "comparisons", "journal"
LONGEST_NAME = 200
"""Characters in the name of a run; file systems take 255, and files are named after runs."""


@dataclass(frozen=True)
class Group:
    """Runs to be compared; the first is the reference."""

    name: str
    runs: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """All that a driver needs; `folder` is the campaign's."""

    name: str
    file: Path
    base: Path
    folder: Path
    runs: Mapping[str, PlannedRun]
    repeats: tuple[str, ...] = ()
    """Axes that set nothing but seeds: their runs are the same experiment again."""
    potential_axes: tuple[str, ...] = ()
    """Axes that set keys of the potential."""
    labelled: tuple[Path, ...] = ()
    groups: tuple[Group, ...] = ()
    resources: Mapping[str, Resources] = field(default_factory=dict)
    tries: int = 3
    slice_s: float | None = None

    def directory(self, run: str) -> Path:
        """Of a run."""
        return self.folder / RUNS / run

    def journal(self, run: str) -> Path:
        """File with what was done to a run."""
        return self.folder / JOURNALS / f"{run}.jsonl"

    def only(self, wanted: Mapping[str, str]) -> list[PlannedRun]:
        """Runs with these points, all runs without any.  Raises ConfigError for an unknown axis or point."""
        axes: dict[str, set[str]] = {}
        for run in self.runs.values():
            for axis, point in run.points.items():
                axes.setdefault(axis, set()).add(point)
        for axis, point in wanted.items():
            if axis not in axes:
                raise ConfigError(f"--only {axis}={point}: no axis '{axis}'. Axes: {', '.join(axes)}")
            if point not in axes[axis]:
                guess = did_you_mean(point, axes[axis]) or "."
                raise ConfigError(f"--only {axis}={point}: no point '{point}'{guess} Points: {', '.join(axes[axis])}")
        return [run for run in self.runs.values() if wanted.items() <= dict(run.points).items()]

    def save(self) -> None:
        """Write `plan.json`.

        Raises RunDirectoryError for runs that were begun with other settings than they have now.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        before = _settings_in(self.folder / PLAN)
        for name, settings in before.items():
            run = self.runs.get(name)
            if run is not None and self.directory(name).exists() and settings != _json(run.settings):
                changed = sorted(k for k in {*settings, *run.settings} if settings.get(k) != _json(run.settings).get(k))
                raise RunDirectoryError(
                    f"{self.directory(name)} was begun with other settings ({', '.join(changed)}). Name the point "
                    "otherwise, or remove the directory to run it again."
                )
        content = {"campaign": self.name, "file": str(self.file), "base": str(self.base)}
        runs = {name: {k: v for k, v in asdict(run).items() if k != "name"} for name, run in self.runs.items()}
        write_atomically(self.folder / PLAN, json.dumps(content | {"runs": runs}, indent=1, ensure_ascii=False) + "\n")


def make_plan(file: str | Path, out: str | Path | None = None) -> Plan:
    """The plan of a campaign file; `out`: its folder, default `campaigns/NAME`.  Raises ConfigError."""
    path = Path(file).resolve()
    campaign = read_campaign(path)
    base = (path.parent / campaign.base).resolve()
    if not base.is_file():
        raise ConfigError(f"{path}: base: there is no file {base}")
    axes = {name: points_of(name, content, path.parent) for name, content in campaign.axes.items()}
    _check_names(campaign, axes)
    runs: dict[str, PlannedRun] = {}
    for run in _runs(campaign, axes, path.parent):
        if run.name in runs:
            raise ConfigError(f"{path}: two runs are called {run.name}: give points other `names`")
        if len(run.name) > LONGEST_NAME:
            raise ConfigError(
                f"{path}: the name {run.name[:60]}... has {len(run.name)} characters, at most {LONGEST_NAME}: give "
                "points shorter `names`"
            )
        runs[run.name] = run
    if not runs:
        raise ConfigError(f"{path}: no runs: `without` leaves out every combination")
    groups = tuple(_groups(campaign, runs))
    planned = with_windows(_with_checks(campaign, runs), base, bool(campaign.stage("check").once_per))
    if groups and len(planned) > len(runs):
        raise ConfigError(
            f"{path}: compare: dynamics.bias.umbrella makes several runs of each; take compare out, and set F(z) side "
            "by side with `lmpdrive umbrella`"
        )
    return Plan(
        name=campaign.campaign,
        file=path,
        base=base,
        folder=Path(out or Path("campaigns") / campaign.campaign).absolute(),
        runs=planned,
        repeats=tuple(name for name, points in axes.items() if _only_seeds(points)),
        potential_axes=tuple(name for name, points in axes.items() if _sets_potential(points)),
        labelled=tuple(_labelled(campaign, path.parent)),
        groups=groups,
        resources=campaign.resources,
        tries=campaign.tries,
        slice_s=walltime.seconds(campaign.slice) if campaign.slice else None,
    )


def _only_seeds(points: list[Point]) -> bool:
    keys = [key for point in points for key in point.settings]
    return bool(keys) and all(key.endswith("seed") for key in keys)


def _sets_potential(points: list[Point]) -> bool:
    return any(key.partition(".")[0] == "potential" for point in points for key in point.settings)


def _labelled(campaign: Campaign, folder: Path) -> Iterator[Path]:
    for file in campaign.labelled:
        found = (folder / file).resolve()
        if not found.is_file():
            raise ConfigError(f"labelled: there is no file {found}")
        yield found


def _check_names(campaign: Campaign, axes: Mapping[str, list[Point]]) -> None:
    """Axes that set the same key; points, axes and resources that do not exist."""
    set_by: dict[str, str] = {}
    for axis, points in axes.items():
        for key in {key for point in points for key in point.settings}:
            if key in set_by:
                raise ConfigError(f"axes.{axis} and axes.{set_by[key]} both set {key}: put the key into one of them")
            set_by[key] = axis
        names = [point.name for point in points]
        if repeated := {name for name in names if names.count(name) > 1}:
            raise ConfigError(f"axes.{axis}: two points are called {', '.join(sorted(repeated))}")
        for point in points:
            if point.resources is not None:
                _known(point.resources, campaign.resources, f"axes.{axis}.{point.name}.resources")
    asked = [("without", left) for left in campaign.without]
    asked += [(f"also.{name}.like", extra.get("like") or {}) for name, extra in campaign.also.items()]
    asked += [("compare.reference", comparison.reference) for comparison in campaign.compare]
    for where, chosen in asked:
        for axis, name in dict(chosen).items():
            _known(axis, axes, where)
            _known(str(name), [point.name for point in axes[axis]], f"{where}.{axis}")


def _known(name: str, choices: Any, where: str) -> None:
    if name not in choices:
        raise ConfigError(f"{where}: no '{name}'{did_you_mean(name, choices) or '.'} Choices: {', '.join(choices)}")


def _runs(campaign: Campaign, axes: Mapping[str, list[Point]], folder: Path) -> Iterator[PlannedRun]:
    common = flattened(campaign.set, folder)
    stages = {stage: campaign.stage(stage).resources for stage in STAGES}
    matrix: dict[tuple[tuple[str, str], ...], PlannedRun] = {}
    for combination in itertools.product(*axes.values()):
        points = {axis: point.name for axis, point in zip(axes, combination, strict=True)}
        settings = over(common, *(point.settings for point in combination))
        own = next((point.resources for point in reversed(combination) if point.resources), None)
        resources = stages | ({"md": own} if own else {})
        name = "_".join(points.values())
        run = PlannedRun(name, points, settings, resources, name)
        matrix[tuple(points.items())] = run
        if not any(left.items() <= points.items() for left in campaign.without):
            yield run
    for name, content in campaign.also.items():
        extra = dict(content)
        like, own = extra.pop("like", {}), extra.pop(RESOURCES, None)
        missing = [axis for axis in axes if axis not in like]
        if missing:
            raise ConfigError(f"also.{name}.like: say which point of {', '.join(missing)} it is like")
        model = matrix[tuple((axis, str(like[axis])) for axis in axes)]
        settings = over(model.settings, flattened(extra, folder))
        yield PlannedRun(name, model.points, settings, {**model.resources, **({"md": own} if own else {})}, name)


def _with_checks(campaign: Campaign, runs: Mapping[str, PlannedRun]) -> dict[str, PlannedRun]:
    """The runs, each with the run whose check stands for it."""
    once_per = campaign.stage("check").once_per
    if not once_per:
        return dict(runs)
    first: dict[tuple[str, ...], str] = {}
    found = {}
    for name, run in runs.items():
        alone = name in campaign.also
        checked_by = name if alone else first.setdefault(tuple(run.points[axis] for axis in once_per), name)
        found[name] = PlannedRun(name, run.points, run.settings, run.resources, checked_by)
    return found


def _groups(campaign: Campaign, runs: Mapping[str, PlannedRun]) -> Iterator[Group]:
    members = {name: run for name, run in runs.items() if name not in campaign.also}
    for comparison in campaign.compare:
        together: dict[str, list[PlannedRun]] = {}
        for run in members.values():
            together.setdefault("_".join(run.points[axis] for axis in comparison.by) or "all", []).append(run)
        for name, group in together.items():
            yield _group(comparison, name, group)


def _group(comparison: Comparison, name: str, runs: list[PlannedRun]) -> Group:
    ((axis, point),) = comparison.reference.items()
    ordered = sorted(runs, key=lambda run: run.points[axis] != point)
    return Group(f"{axis}_{name}", tuple(run.name for run in ordered))


def _settings_in(path: Path) -> dict[str, Any]:
    """Run -> settings, of an earlier plan."""
    try:
        runs = json.loads(path.read_text())["runs"]
        return {name: run["settings"] for name, run in runs.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunDirectoryError(f"{path} is damaged ({error}): remove it, it is written again") from None


def _json(settings: Mapping[str, Any]) -> Any:
    return json.loads(json.dumps(dict(settings)))
