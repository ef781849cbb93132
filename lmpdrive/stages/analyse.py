"""From a run directory, or any trajectory, to tables, figures and the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lmpdrive._version import __version__
from lmpdrive.common.manifest import read_manifest
from lmpdrive.common.run_files import MANIFEST
from lmpdrive.config.sections import Observables
from lmpdrive.errors import RunDirectoryError
from lmpdrive.stages import stability as guarded
from lmpdrive.stages.observable_settings import merged, settings_of

if TYPE_CHECKING:
    import pandas as pd

Say = Callable[[str], None]


@dataclass(frozen=True)
class Result:
    """What a run or an analysis gave."""

    directory: Path
    state: str
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    """Observable -> table with units in the column names, as in `observables/<name>.csv`."""
    summary: dict[str, Any] = field(default_factory=dict)
    report: Path | None = None


def analyse(
    path: str | Path,
    *,
    data: str | Path | None = None,
    elements: Sequence[str] | None = None,
    timestep_fs: float | None = None,
    every: int | None = None,
    out: str | Path | None = None,
    bin_width_A: float | None = None,
    blocks: int | None = None,
    names: Sequence[str] | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    extra: Sequence[str | Path] = (),
    discard_ps: float | Literal["auto"] | None = None,
    target_error: float | None = None,
    parallel: int = 1,
    with_report: bool = True,
    progress: Callable[[int, int], None] | None = None,
    say: Say = lambda _: None,
) -> Result:
    """Observables of a run directory, or of any trajectory with a data file or `elements` (type order).

    What is not given is taken from the run's `resolved.yaml`.  Writes `observables/*.csv`, `results.nc`, figures and
    `report.html` into `out` (default: the run directory).

    Parameters
    ----------
    every : steps between frames, where the file does not say.
    names : only these tables, or all of an observable's.
    options : observable -> its options, on top of those of the run.
    extra : Python files with observables of yours, besides those of the run.
    discard_ps : leave out this much of the start; "auto" finds out how much.
    target_error : a profile is converged when its 95 % band is below this fraction of its largest value.
    parallel : processes.
    with_report : False leaves out figures and `report.html`, which take longer than the tables of a short run.
    progress : called with (frames done, frames in all).
    """
    from lmpdrive import observables, trajectory
    from lmpdrive.report import write_report

    path = Path(path)
    is_run = path.is_dir()
    if out is None and not is_run:
        raise RunDirectoryError(f"name a folder for the results of {path.name} with --out")
    target = Path(out) if out is not None else path
    settings = settings_of(path) if is_run else Observables()
    frames = trajectory.open_trajectory(path, data=data, elements=elements, timestep_fs=timestep_fs, every=every)
    thermo = trajectory.thermo_of(path) if is_run else None
    content = read_manifest(path) if is_run else {}
    if is_run:
        frames, thermo, content = guarded.stable_part(path, frames, thermo, content, say)
    if discard_ps is None:
        discard_ps = settings.discard_ps
    if discard_ps == "auto":
        discard_ps = observables.equilibrated_after_ps(frames, thermo, progress)
        say(f"left out as not equilibrated: {discard_ps:.4g} ps")
    if discard_ps:
        frames = trajectory.Discarded(frames, discard_ps)
    width, n_blocks = bin_width_A or settings.bin_width_A, blocks or settings.blocks
    chosen = observables.AnalysisOptions(
        bin_width_A=width,
        n_blocks=n_blocks,
        names=names or settings.names,
        options=merged(settings.options, options or {}),
        extra=[*settings.extra, *(Path(file) for file in extra)],
        target=target_error or settings.target_error,
        targets=settings.target_errors,
        find_equilibration=True,
        parallel=parallel,
    )
    tables = observables.analyse(frames, chosen, thermo=thermo, progress=progress)
    about = observables.describe(
        frames, bin_width_A=width, n_blocks=n_blocks, discard_ps=discard_ps, lmpdrive=__version__
    )
    try:
        target.mkdir(parents=True, exist_ok=True)
        observables.write_tables(tables, target / "observables")
        observables.write_results(tables, target / "observables" / "results.nc", about)
    except OSError as error:
        raise RunDirectoryError(
            f"cannot write in {target}: {error.strerror}. Name a writable folder with --out."
        ) from None
    page = write_report(target, tables, thermo, content) if with_report else None
    if page:
        say(f"report: {page}")
    return Result(
        target,
        content.get("state", "analysed"),
        {n: t.data for n, t in tables.items()},
        _numbers(tables["summary"].data),
        page,
    )


def report(run_dir: str | Path, progress: Callable[[int, int], None] | None = None) -> Path:
    """Write `report.html` of a run directory again."""
    run_dir = Path(run_dir)
    if not (run_dir / MANIFEST).is_file():
        raise RunDirectoryError(
            f"{run_dir} is not a run directory: it has no {MANIFEST}. `lmpdrive analyse` takes foreign trajectories."
        )
    if any(run_dir.glob("traj*.dcd")):
        page = analyse(run_dir, progress=progress).report
        assert page is not None
        return page
    from lmpdrive.report import write_report
    from lmpdrive.trajectory import thermo_of

    content = guarded.without_frames(run_dir, read_manifest(run_dir))
    return write_report(run_dir, {}, thermo_of(run_dir), content)


def _numbers(summary: pd.DataFrame) -> dict[str, Any]:
    return {f"{row.quantity} [{row.unit}]": (row.value, row.σ) for row in summary.itertuples()}
