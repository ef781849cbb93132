"""The model's error of a run: a committee on its frames, the members' averages by reweighting, a calibrated band."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive._version import __version__
from lmpdrive.common.manifest import read_manifest
from lmpdrive.common.run_files import CONFIG, DECK
from lmpdrive.common.say import Say, silent
from lmpdrive.common.trust import require
from lmpdrive.config import Config, load
from lmpdrive.config.load import load_potential
from lmpdrive.engine.agreement.through_lammps import as_it_ran
from lmpdrive.engine.committee.evaluate import Frames, Resources, evaluate
from lmpdrive.engine.committee.file import COMMITTEE, VALIDATION
from lmpdrive.engine.committee.members import Member, driver_of, members_of, without_repeats
from lmpdrive.engine.directory.provenance import deck_was_edited
from lmpdrive.errors import ConfigError, TrajectoryError
from lmpdrive.stages.analyse import Analysis, AnalysisRequest
from lmpdrive.stages.frames_through_lammps import FramesThroughLammps
from lmpdrive.trajectory.labelled import LabelledFrames, of_trajectory, read_labelled

if TYPE_CHECKING:
    from lmpdrive.observables.reweighting.calibration import Calibration
    from lmpdrive.observables.reweighting.potentials import Potentials
    from lmpdrive.observables.tables import Table
    from lmpdrive.trajectory import Trajectory

Array = NDArray[np.float64]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class UncertaintyRequest:
    """Whose potentials are compared, on which frames, and with what.

    committee : models, YAML files with a `potential:` section, or keyword arguments; default the run's.
    architecture : of models that are not of the driver's.
    potential : YAML file of what drove a trajectory from elsewhere.
    validation : files of labelled frames for α.
    targets : YAML files of other potentials, to reweight to.
    temperature_K : of the frames; default the run's.
    stride : every so many frames are evaluated.
    forces : keep forces too, in committee.nc.
    driver_is_member : the driver counts as one of the committee; default: where it is of their architecture.
    resources : processes, threads, device.
    trust : accept model files that can run code.
    """

    committee: Sequence[Any] = ()
    architecture: str | None = None
    potential: str | Path | None = None
    validation: Sequence[str | Path] = ()
    targets: Sequence[str | Path] = ()
    temperature_K: float | None = None
    stride: int = 1
    forces: bool = False
    driver_is_member: bool | None = None
    resources: Resources = field(default_factory=Resources)
    trust: bool = False


@dataclass(frozen=True)
class Uncertainty:
    """What `uncertainty` found.

    directory : with `committee.nc`, and tables and figures in `observables/`.
    members : names; energies_eV : (F, M) of the members on the frames.
    calibration : α and its note.  tables : `model_*`, with units in the headers.
    report : the page, where there is one.
    """

    directory: Path
    members: list[str]
    energies_eV: Array
    calibration: Calibration
    tables: dict[str, Table]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    report: Path | None = None


def uncertainty(
    path: str | Path | Sequence[str | Path],
    request: UncertaintyRequest,
    analysis: AnalysisRequest,
    progress: Progress | None = None,
    say: Say = silent,
) -> Uncertainty:
    """Evaluate, calibrate, reweight, and write `model_*.csv`, figures and report.

    Raises ConfigError for a committee that is none, ModelError for a member that cannot be evaluated, TrajectoryError
    for frames without labels or without a temperature.
    """
    return _Uncertainty(path, request, analysis, progress, say).run()


class _Uncertainty:
    def __init__(
        self,
        path: str | Path | Sequence[str | Path],
        request: UncertaintyRequest,
        analysis: AnalysisRequest,
        progress: Progress | None,
        say: Say,
    ) -> None:
        if request.stride < 1:
            raise ConfigError(f"stride is {request.stride}; want 1 for every frame, 2 for every second, ...")
        self.ask, self.progress, self.say = request, progress, say
        self.analysis = Analysis(path, analysis, progress, say)
        self.config: Config | None = load(self.analysis.path / CONFIG) if self.analysis.is_run else None
        self.driver = self._driver()
        self.members = self._members()
        self.targets = [driver_of(load_potential(file), Path(file).stem) for file in request.targets]
        if not self.members and not self.targets:
            raise ConfigError(
                "there is no committee: name models with --committee, or another potential with --target "
                "(the run has no potential.committee)"
            )
        for member in (self.driver, *self.members, *self.targets):
            require(member.potential.programs(), request.trust)

    def _driver(self) -> Member:
        if self.ask.potential is not None:
            return driver_of(load_potential(self.ask.potential))
        if self.config is None:
            raise ConfigError(
                f"{self.analysis.path} is no run directory: say what drove it with --potential potential.yaml "
                "(a file with a potential: section)"
            )
        return driver_of(self.config.potential)

    def _members(self) -> list[Member]:
        """The committee, with the driver as its first where it is one of them."""
        from lmpdrive.observables.reweighting.potentials import FEWEST_MEMBERS

        given = list(self.ask.committee)
        theirs, folder = self.driver.potential, Path()
        if not given and self.config is not None:
            given, folder = list(getattr(self.config.potential, "committee", ())), self.analysis.path
        if not given:
            return []
        members = members_of(theirs, given, folder, self.ask.architecture)
        joins = self.ask.driver_is_member
        if joins is None:
            joins = all(one.potential.architecture == theirs.architecture for one in members)
        members = without_repeats([self.driver, *members] if joins else members)
        if len(members) < FEWEST_MEMBERS:
            raise ConfigError(
                f"a committee needs at least {FEWEST_MEMBERS} different models, there are {len(members)} "
                f"({', '.join(one.name for one in members)}){'' if joins else '; the driver is not one of them'}"
            )
        return members

    def run(self) -> Uncertainty:
        """All of it."""
        from lmpdrive.observables.reweighting.bands import SUMMARY, band_tables

        frames, thermo, _ = self.analysis.open()
        frames, _ = self.analysis.equilibrated(frames, thermo)
        frames = _every(frames, self.ask.stride)
        self.analysis.target.mkdir(parents=True, exist_ok=True)
        temperature_K = self._temperature_K()
        energies = self._energies(frames)
        potentials = self._potentials(energies, temperature_K)
        calibration = self._calibrated(potentials)
        tables = band_tables(self._passed(frames, potentials), potentials, calibration)
        summary = tables[SUMMARY]
        notes = (f"{frames.n_frames} frames at {temperature_K:g} K, driven by {self.driver.name}", *summary.notes)
        warnings = (*summary.warnings, *self._edits())
        tables[SUMMARY] = replace(summary, notes=notes, warnings=warnings)
        page = self._write(tables, frames)
        return Uncertainty(
            self.analysis.target,
            [one.name for one in self.members],
            energies[:, 1 : 1 + len(self.members)],
            calibration,
            tables,
            notes,
            warnings,
            page,
        )

    def _edits(self) -> list[str]:
        """What a person changed in the deck of the run, which no evaluation of its frames knows of."""
        run = self.analysis.path
        if not self.analysis.is_run or not read_manifest(run).deck_sha256 or not deck_was_edited(run):
            return []
        return [
            f"{DECK} was edited: the frames are of the edited deck; the driver, {self.driver.name}, is evaluated as "
            f"{CONFIG} has it. If the edit changed the potential, name the one that ran with --potential."
        ]

    def _temperature_K(self) -> float:
        if self.ask.temperature_K is not None:
            if not 0 < self.ask.temperature_K < float("inf"):
                raise ConfigError(f"temperature_K is {self.ask.temperature_K}; want a positive temperature")
            return self.ask.temperature_K
        if self.config is None:
            raise TrajectoryError("reweighting needs the temperature of the frames: give --temperature-K")
        found = read_manifest(self.analysis.path).dynamics.temperature_K
        if found is None or self.config.dynamics.ensemble in ("nve", "minimise"):
            raise TrajectoryError(
                "the production has no constant temperature by a thermostat: give the one to reweight at with "
                "--temperature-K"
            )
        return found

    def _energies(self, frames: Trajectory) -> Array:
        """(F, 1 + M + T) of driver, members and targets."""
        saved = of_trajectory(frames)
        content = as_it_ran(saved, self.analysis.path) if self.analysis.is_run else saved
        given = Frames(content, frames.steps.astype(float), frames.times_ps.astype(float))
        every = [self.driver, *self.members, *self.targets]
        path = self.analysis.target / COMMITTEE
        unique = without_repeats(every)
        found = self._evaluated(unique, given, path, self._of_the_run(), self.ask.forces)
        columns = [one.hash for one in unique]
        return found[:, [columns.index(one.hash) for one in every]]

    def _of_the_run(self) -> dict[str, Any]:
        """What LAMMPS must know to evaluate its frames, besides atoms and potential."""
        if self.config is None:
            return {}
        given = self.config.model_dump(mode="json", include={"system": {"slab", "two_sided"}, "templates": True})
        return {key: value for key, value in given.items() if value is not None}

    def _evaluated(
        self, members: Sequence[Member], frames: Frames, path: Path, more: dict[str, Any], forces: bool = False
    ) -> Array:
        """(F, M) energies [eV]; by LAMMPS where a member has no calculator of its own."""
        return evaluate(
            members,
            frames,
            path,
            self.ask.resources,
            through_lammps=FramesThroughLammps(frames.content, self.ask.resources, more),
            forces=forces,
            progress=self.progress,
            say=self.say,
        )

    def _calibrated(self, potentials: Potentials) -> Calibration:
        """α of the members that the band rests on."""
        from lmpdrive.observables.reweighting.calibration import Calibration, calibrate, compositions

        if not self.ask.validation or not self.members:
            return Calibration()
        if not potentials.has_band:
            return Calibration(note=potentials.why_not()[0])
        members = [one for one in self.members if one.name in potentials.near_members]
        labelled = read_labelled(self.ask.validation)
        self.say(f"α from {len(labelled)} labelled frames")
        number = np.arange(len(labelled), dtype=float)
        frames = Frames(labelled, number, np.full(len(labelled), np.nan))
        path = self.analysis.target / VALIDATION
        energies = self._evaluated(members, frames, path, {})
        return calibrate(labelled.energies_eV, energies, compositions(_numbers(labelled)))

    def _potentials(self, energies: Array, temperature_K: float) -> Potentials:
        from lmpdrive.observables.reweighting.potentials import Potentials
        from lmpdrive.observables.reweighting.weights import reduced

        x = [reduced(column, energies[:, 0], temperature_K) for column in energies.T[1:]]
        names = [one.name for one in (*self.members, *self.targets)]
        m = len(self.members)
        return Potentials(dict(zip(names[:m], x[:m])), dict(zip(names[m:], x[m:])))

    def _passed(self, frames: Trajectory, potentials: Potentials) -> Any:
        from lmpdrive.observables.reweighting.passing import bands_pass

        self.say(f"reweighting {frames.n_frames} frames")
        return bands_pass(frames, self.analysis.options, potentials.weights(), self.progress)

    def _write(self, tables: dict[str, Table], frames: Trajectory) -> Path | None:
        from lmpdrive import observables
        from lmpdrive.report.model_bands import MODEL_RESULTS, remove_earlier

        folder = self.analysis.target / "observables"
        remove_earlier(folder)
        observables.write_tables(tables, folder)
        observables.write_results(tables, folder / MODEL_RESULTS, {"lmpdrive": __version__})
        return self._report(tables, folder, frames)

    def _report(self, tables: dict[str, Table], folder: Path, frames: Trajectory) -> Path | None:
        """Figures; and the page again, with this chapter, where the run was analysed."""
        from lmpdrive.report.analysed import load as load_analysis
        from lmpdrive.report.figures import write_figures
        from lmpdrive.trajectory import thermo_of

        if not self.analysis.request.with_report:
            return None
        if not (folder / observables_results()).is_file():
            write_figures(tables, folder)
            return None
        analysed = load_analysis(self.analysis.target)
        thermo = thermo_of(self.analysis.path) if self.analysis.is_run else None
        return self.analysis.write_page(analysed.tables, thermo, analysed.manifest, analysed.verdict, frames)


def observables_results() -> str:
    """Name of the file with the tables of an analysis."""
    from lmpdrive.observables.results import RESULTS

    return RESULTS


def _numbers(frames: LabelledFrames) -> list[NDArray[np.int64]]:
    return np.split(frames.numbers, np.cumsum(frames.counts)[:-1])


def _every(frames: Trajectory, stride: int) -> Trajectory:
    if stride == 1:
        return frames
    from lmpdrive.trajectory.views.joined import Joined

    keep = np.zeros(frames.n_frames, bool)
    keep[::stride] = True
    return Joined.of_frames(frames, keep, frames.steps[keep], frames.times_ps[keep])
