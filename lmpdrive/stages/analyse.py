"""From a run directory, or any trajectory, to tables, figures and the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lmpdrive._version import __version__
from lmpdrive.common.compiled import announced
from lmpdrive.common.manifest import Manifest, read_manifest
from lmpdrive.common.run_files import DATA, FINAL_DATA, MANIFEST
from lmpdrive.common.say import Say, silent
from lmpdrive.config.sections import Observables
from lmpdrive.errors import RunDirectoryError
from lmpdrive.stages.load import plain_arguments
from lmpdrive.stages.observable_settings import merged, settings_of
from lmpdrive.stages.result import Result, numbers_of
from lmpdrive.stages.run_marks import marked
from lmpdrive.stages.stability import cut_to_stable_part, stable_part_without_frames

if TYPE_CHECKING:
    import pandas as pd

    from lmpdrive.observables.options import AnalysisOptions
    from lmpdrive.observables.tables import Table
    from lmpdrive.report.stable_part import StablePart
    from lmpdrive.report.verdict import Verdict
    from lmpdrive.trajectory import Trajectory
    from lmpdrive.trajectory.given_cell import CellInput

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class AnalysisRequest:
    """What is analysed, and how.  What is None is taken from the run's `resolved.yaml`, or has its default there.

    data : data file of a trajectory from elsewhere, which has its types and charges.
    elements : in the order of the types, where neither manifest nor data file names them.
    timestep_fs, every : timestep, and steps between frames, where the file does not say.
    cell : for files that have none, constant: `a b c`, `a b c alpha beta gamma` or three vectors [Å, degrees].
    units : LAMMPS units of the run (metal or real) where no file says so: of velocities and times.
    out : folder of the results (default: the run directory).
    bin_width_A, blocks : of the profiles; number of blocks of the error bars.
    names : only these tables, or all of an observable's.
    options : observable -> its options, on top of those of the run.
    extra : Python files with observables of yours, besides those of the run.
    discard_ps : leave out this much of the start; "auto" finds out how much.
    slab, surface, normal : what the slab is, which face distances are from, which cell vector leaves it.
    target_error : a profile is converged when its 95 % band is below this fraction of its largest value.
    parallel : processes.
    with_report : False leaves out figures and `report.html`, which take longer than the tables of a short run.
    png : also write each figure as PNG (300 dpi); one that is there already is written again anyway.
    interactive : also write `interactive.html`: figures to zoom, and the trajectory (the extra `interactive`).
    """

    data: str | Path | None = None
    elements: Sequence[str] | None = None
    timestep_fs: float | None = None
    every: int | None = None
    cell: CellInput | None = None
    units: str | None = None
    out: str | Path | None = None
    bin_width_A: float | None = None
    blocks: int | None = None
    names: Sequence[str] | None = None
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    extra: Sequence[str | Path] = ()
    discard_ps: float | Literal["auto"] | None = None
    slab: str | Mapping[str, Any] | None = None
    surface: str | None = None
    normal: str | None = None
    target_error: float | None = None
    parallel: int = 1
    with_report: bool = True
    png: bool = False
    interactive: bool = False


def analyse(
    path: str | Path | Sequence[str | Path],
    request: AnalysisRequest = AnalysisRequest(),
    *,
    progress: Progress | None = None,
    say: Say = silent,
    **changes: Any,
) -> Result:
    """Observables of a run directory, or of any trajectory with a data file or `elements` (type order).

    `path` : a run directory, a file, a pattern (`"dump.*"`), or a list of files as in `open_trajectory`.

    `changes` are fields of `AnalysisRequest`: `analyse("runs/au", blocks=5, discard_ps="auto")`.  Writes
    `observables/*.csv`, `results.nc`, figures and `report.html`.  `progress` is called with (frames done, frames in
    all).  Raises TrajectoryError, ConfigError, UnstableError or RunDirectoryError; TypeError for an unknown keyword.
    """
    return Analysis(path, replace(request, **changes), progress, say).run()


def _only_or_first(source: str | Path | Sequence[str | Path]) -> Path:
    """The path, or the first of several.  Raises RunDirectoryError for none, or a run directory among several."""
    if isinstance(source, str | Path):
        return Path(source)
    paths = [Path(path) for path in source]
    if not paths:
        raise RunDirectoryError("no run directory or trajectory was given")
    if len(paths) > 1 and (folder := next((path for path in paths if path.is_dir()), None)):
        raise RunDirectoryError(
            f"{folder} is a run directory among {len(paths)} paths: analyse run directories one at a time, each has "
            "its own results (`lmpdrive compare` puts them side by side)"
        )
    return paths[0]


class Analysis:
    """One analysis: open, cut, average, write."""

    def __init__(
        self,
        source: str | Path | Sequence[str | Path],
        request: AnalysisRequest,
        progress: Progress | None,
        say: Say,
    ) -> None:
        if request.interactive:
            from lmpdrive.report.interactive.page import need_plotly

            need_plotly()
        self.source, self.request, self.progress, self.say = source, request, progress, say
        self.path = path = _only_or_first(source)
        self.is_run = path.is_dir()
        if request.out is None and not self.is_run:
            raise RunDirectoryError(f"name a folder for the results of {path.name} with --out")
        self.target = Path(request.out) if request.out is not None else path
        self.settings = settings_of(path) if self.is_run else Observables()
        self.manifest = read_manifest(path) if self.is_run else Manifest()

    def run(self) -> Result:
        """All of it."""
        from lmpdrive.report.verdict import verdict_of

        frames, thermo, stable = self.open()
        with announced(self.say):
            frames, discard_ps = self.equilibrated(frames, thermo)
            tables = marked(self._tables(frames, thermo), self.manifest, discard_ps)
        verdict = verdict_of(tables, self.manifest, stable, frames.warnings)
        self._write(tables, frames, discard_ps, verdict)
        if self.request.interactive:
            self._interactive(tables, frames)
        page = self._report(tables, thermo, verdict, frames) if self.request.with_report else None
        data = {name: table.data for name, table in tables.items()}
        scalars = {name: scalar for table in tables.values() for name, scalar in table.scalars.items()}
        state = self.manifest.state or "analysed"
        run = self.path if self.is_run else None
        numbers = numbers_of(tables["summary"].data)
        reading = {} if self.is_run else self._reading
        return Result(self.target, state, data, numbers, page, verdict, scalars, run, tables, reading)

    def open(self) -> tuple[Trajectory, pd.DataFrame | None, StablePart | None]:
        """The stable part of the frames and of the log, and what is said about it."""
        from lmpdrive import trajectory
        from lmpdrive.trajectory.logs.boundary import periodic_of_run
        from lmpdrive.trajectory.views.longer_cell import not_repeated

        frames = trajectory.open_trajectory(**self._reading)
        if not self.is_run:
            return frames, None, None
        frames = not_repeated(frames, periodic_of_run(self.path))
        return cut_to_stable_part(self.path, frames, trajectory.thermo_of(self.path), self.say)

    @property
    def _reading(self) -> dict[str, Any]:
        """Arguments of `open_trajectory`."""
        names = ("data", "elements", "timestep_fs", "every", "cell", "units")
        return {"path": self.source} | {name: getattr(self.request, name) for name in names}

    def equilibrated(self, frames: Trajectory, thermo: pd.DataFrame | None) -> tuple[Trajectory, float]:
        """The frames after what is left out, and how many ps that is."""
        from lmpdrive import observables, trajectory

        discard_ps = self.settings.discard_ps if self.request.discard_ps is None else self.request.discard_ps
        if discard_ps == "auto":
            discard_ps = observables.equilibrated_after_ps(
                frames, thermo, self.progress, self.say, slab=self._slab, normal=self._normal
            )
            self.say(f"left out as not equilibrated: {discard_ps:.4g} ps")
        return (trajectory.Discarded(frames, discard_ps) if discard_ps else frames), discard_ps

    def _tables(self, frames: Trajectory, thermo: pd.DataFrame | None) -> dict[str, Table]:
        from lmpdrive import observables

        self.say(f"analysing {frames.n_frames} frames of {frames.n_atoms} atoms")
        return observables.analyse(frames, self.options, thermo=thermo, progress=self.progress, say=self.say)

    @property
    def options(self) -> AnalysisOptions:
        """What is asked for, on top of what the run's settings say."""
        from lmpdrive import observables

        ask, settings = self.request, self.settings
        return observables.AnalysisOptions(
            bin_width_A=self._bin_width_A,
            n_blocks=self._blocks,
            names=ask.names or settings.names,
            options=merged(settings.options, ask.options),
            extra=[*settings.extra, *(Path(file) for file in ask.extra)],
            target=ask.target_error or settings.target_error,
            targets=settings.target_errors,
            find_equilibration=True,
            parallel=ask.parallel,
            slab=self._slab,
            surface=ask.surface or settings.surface,
            normal=self._normal,
        )

    @property
    def _slab(self) -> str | Mapping[str, Any] | None:
        return self.settings.slab if self.request.slab is None else self.request.slab

    @property
    def _normal(self) -> str | None:
        return self.request.normal or self.settings.normal

    @property
    def _bin_width_A(self) -> float:
        return self.request.bin_width_A or self.settings.bin_width_A

    @property
    def _blocks(self) -> int:
        return self.request.blocks or self.settings.blocks

    def _write(self, tables: dict[str, Table], frames: Trajectory, discard_ps: float, verdict: Verdict) -> None:
        from lmpdrive import observables

        about = observables.describe(
            frames,
            bin_width_A=self._bin_width_A,
            n_blocks=self._blocks,
            discard_ps=discard_ps,
            lmpdrive=__version__,
            verdict=verdict.content(),
            **({} if self.is_run else {"opened_with": plain_arguments(self._reading)}),
        )
        folder = self.target / "observables"
        try:
            self.target.mkdir(parents=True, exist_ok=True)
            observables.write_tables(tables, folder)
            observables.write_results(tables, folder / "results.nc", about)
        except OSError as error:
            raise RunDirectoryError(
                f"cannot write in {self.target}: {error.strerror}. Name a writable folder with --out."
            ) from None

    def _report(
        self, tables: dict[str, Table], thermo: pd.DataFrame | None, verdict: Verdict, frames: Trajectory
    ) -> Path:
        self.say(f"drawing {len(tables) - 1} figures")
        return self.write_page(tables, thermo, self.manifest, verdict, frames)

    def _interactive(self, tables: dict[str, Table], frames: Trajectory) -> None:
        from lmpdrive.report.first_screen import title_of
        from lmpdrive.report.interactive.page import write_interactive
        from lmpdrive.report.what_is_what import what_is_what

        title = title_of(self.manifest, what_is_what(tables["summary"].notes))[0] or self.target.resolve().name
        self.say(f"interactive page: {write_interactive(self.target, title, tables, frames)}")

    def write_page(
        self,
        tables: Mapping[str, Table],
        thermo: pd.DataFrame | None,
        manifest: Manifest,
        verdict: Verdict,
        frames: Trajectory,
    ) -> Path:
        """The figures and `report.html`, with the last of the frames as its picture."""
        from lmpdrive.report import write_report
        from lmpdrive.report.picture.snapshot import Snapshot

        snapshot = Snapshot.last_of(frames, self._slab, self._normal)
        run = self.path if self.is_run else None
        return write_report(
            self.target, tables, thermo, manifest, verdict, snapshot=snapshot, run=run, png=self.request.png
        )


def report(
    run_dir: str | Path,
    progress: Progress | None = None,
    say: Say = silent,
    interactive: bool = False,
    png: bool = False,
) -> Path:
    """Write `report.html` of a run directory again; on request also `interactive.html`, and the figures as PNG."""
    page = reported(run_dir, progress, say, interactive, png).report
    assert page is not None
    return page


def reported(
    run_dir: str | Path,
    progress: Progress | None = None,
    say: Say = silent,
    interactive: bool = False,
    png: bool = False,
) -> Result:
    """The result with which `report.html` is written again; of a run without frames, what is known of it."""
    run_dir = Path(run_dir)
    if not (run_dir / MANIFEST).is_file():
        raise RunDirectoryError(
            f"{run_dir} is not a run directory: it has no {MANIFEST}. `lmpdrive analyse` takes trajectories from "
            "elsewhere."
        )
    if any(run_dir.glob("traj*.dcd")):
        return analyse(run_dir, progress=progress, say=say, interactive=interactive, png=png)
    if interactive:
        raise RunDirectoryError(f"{run_dir} has no frames to show on an interactive page")
    import numpy as np

    from lmpdrive.report import write_report
    from lmpdrive.report.picture.snapshot import Snapshot
    from lmpdrive.report.verdict import verdict_of
    from lmpdrive.trajectory import thermo_of

    manifest = read_manifest(run_dir)
    verdict = verdict_of({}, manifest, stable_part_without_frames(run_dir))
    file = next((run_dir / name for name in (FINAL_DATA, DATA) if (run_dir / name).is_file()), None)
    system = manifest.system
    groups = {name: np.array(system.members(name), dtype=int) for name in system.groups}
    snapshot = Snapshot.of_data(file, system.species, groups) if file and system.species else None
    page = write_report(run_dir, {}, thermo_of(run_dir), manifest, verdict, snapshot=snapshot, png=png)
    return Result(run_dir, manifest.state or "analysed", report=page, verdict=verdict, run_directory=run_dir)
