"""The stages in order: read this file first.

    system.yaml -> config -> system -> deck -> run -> trajectory -> observables -> report

Each function is one command of the CLI and one call of the library.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmpdrive import checks
from lmpdrive.architectures import Integrated, Problem
from lmpdrive.common.disk import told_if_full
from lmpdrive.common.notebook import in_notebook, is_quiet
from lmpdrive.common.run_files import CONFIG, LOG, MANIFEST
from lmpdrive.common.say import Say, silent
from lmpdrive.common.shell import to_paste
from lmpdrive.common.trust import accept, refusal, require
from lmpdrive.common.walltime import Deadline, OutOfTime, within
from lmpdrive.config import Config, load
from lmpdrive.engine import speed
from lmpdrive.engine.agreement import step0
from lmpdrive.engine.coupling_choice import choose_coupling
from lmpdrive.engine.directory import provenance
from lmpdrive.engine.directory.completeness import raise_if_incomplete
from lmpdrive.engine.directory.lock import locked
from lmpdrive.engine.directory.model_links import must_be_the_models, restore_links
from lmpdrive.engine.directory.output import remove_output
from lmpdrive.engine.run import Job, State
from lmpdrive.errors import ConfigError, LmpdriveError, ModelError, RunDirectoryError, TrajectoryError, UnstableError
from lmpdrive.lint.gate import must_pass
from lmpdrive.stages import analyse as analysis_of
from lmpdrive.stages import uncertainty as uncertainty_of
from lmpdrive.stages.analyse import AnalysisRequest, Progress
from lmpdrive.stages.kernels_meanwhile import kernels_meanwhile
from lmpdrive.stages.observable_settings import check_observables
from lmpdrive.stages.progress_bar import FramesBar
from lmpdrive.stages.reproduce import Reproduction, compare_runs, compare_with_manifest, copy_inputs
from lmpdrive.stages.restart_point import resumed_config
from lmpdrive.stages.result import Result
from lmpdrive.stages.resume import resume_run
from lmpdrive.stages.roll_back import run_with_roll_back
from lmpdrive.stages.run import run_once
from lmpdrive.stages.stability import raise_if_unstable
from lmpdrive.stages.trial_run import by_label, trial_of, trial_run
from lmpdrive.stages.umbrella_analysis import BIN_WIDTH_A, UmbrellaRequest, UmbrellaResult, analyse_umbrella
from lmpdrive.stages.umbrella_set import (
    SET,
    HowToRun,
    begin_set,
    change_set,
    ended_by_the_guard,
    is_set_directory,
    run_set,
)
from lmpdrive.stages.umbrella_windows import first_overrides, is_set, planned_windows
from lmpdrive.stages.uncertainty import Uncertainty, UncertaintyRequest
from lmpdrive.stages.write import write_run_directory
from lmpdrive.system import make_system
from lmpdrive.trajectory.labelled import read_frames, read_labelled

if TYPE_CHECKING:
    import pandas as pd

    from lmpdrive.engine.agreement.compare import Equality
    from lmpdrive.engine.speed import Speed
    from lmpdrive.report.comparison import Comparison
    from lmpdrive.training.plan import Request, Task
    from lmpdrive.training.run import Trained


def check(file: str | Path, overrides: Sequence[str] = (), here: bool = True, trust: bool = False) -> list[Problem]:
    """Every problem that can be known before running, all at once; `here=False` leaves this machine out of it.

    Here and below, `trust` accepts the model files that can run code, as `lmpdrive trust` does (docs/running.md),
    and `quiet` says whether progress is shown: by default in a notebook only.
    """
    try:
        config = load(file, overrides)
        check_observables(config)
        if is_set(config):
            return _check_set(file, overrides, config, here, trust)
    except ConfigError as error:
        return [Problem("error", line) for line in str(error).splitlines()]
    return _check_run(config, here, trust)


def _check_run(config: Config, here: bool, trust: bool) -> list[Problem]:
    if trust:
        accept(config.potential.programs())
    refused = refusal(config.potential.programs())
    config, found = choose_coupling(config) if here and not refused else (config, [])
    if refused:
        found = [Problem("error", refused)]
    system = None
    try:
        system = make_system(config)
    except LmpdriveError as error:
        found.append(Problem("error", str(error)))
    found += checks.problems(config, system, here, may_load=not refused)
    if system is not None:
        readable = not any(p.level == "error" for p in found)
        table = checks.element_table(config.potential, system, readable)
        found[:0] = [Problem("note", table), Problem("note", "\n".join(system.report.lines()))]
    return found


def _check_set(file: str | Path, overrides: Sequence[str], config: Config, here: bool, trust: bool) -> list[Problem]:
    """All of the lowest window, and what else the highest has; of a structure from a file, what every window has."""
    windows = planned_windows(config)
    assert config.dynamics.bias is not None and config.dynamics.bias.umbrella is not None
    stiffness = config.dynamics.bias.umbrella.stiffness_eV_per_A2(config.dynamics.temperature_K)
    spacing = config.dynamics.bias.umbrella.spacing_A
    found = [Problem("note", f"{len(windows)} windows, {spacing:.3g} Å apart, springs of {stiffness:.4g} eV/Å^2")]
    for window in windows if config.system.read else (windows[0], windows[-1]):
        seen = {problem.message for problem in found}
        own = _check_run(load(file, [*overrides, *window.overrides]), here, trust)
        if window is windows[0]:
            found += own
        else:
            new = [p for p in own if p.level != "note" and p.message not in seen]
            found += [Problem(p.level, f"window {window.name}: {p.message}") for p in new]
    return found


def compare_with_model(file: str | Path, overrides: Sequence[str] = (), say: Say = silent) -> Equality:
    """The first frame and five of a short run through LAMMPS and through the model's own ASE calculator.

    In a temporary run directory, with the deck and coupling that `simulate` would run.
    """
    config = load(file, overrides)
    config = load(file, [*overrides, *first_overrides(config)])
    if not step0.has_calculator(config.potential):
        return step0.nothing_to_compare(config.potential)
    with trial_run(config, file, say) as (out, config):
        return step0.apart(out, config, whole=True)


def measure_speed(
    file: str | Path, overrides: Sequence[str] = (), say: Say = silent, seconds: int = speed.MEASURE_S
) -> Speed:
    """Time and memory of the run that is asked for, from some `seconds` of it in a temporary run directory."""
    with trial_of(file, say, overrides) as (out, config):
        return speed.measure(out, config, seconds)


def render(
    file: str | Path,
    out: str | Path,
    overrides: Sequence[str] = (),
    say: Say = silent,
    trust: bool = False,
) -> Path:
    """Write a run directory, ready for `lmp -in in.lammps`, without running."""
    config = load(file, overrides)
    check_observables(config)
    write_run_directory(config, Path(file), Path(out), say, to_run=False, trust=trust)
    return Path(out)


def simulate(
    file: str | Path,
    out: str | Path | None = None,
    overrides: Sequence[str] = (),
    quiet: bool | None = None,
    say: Say = silent,
    trust: bool = False,
    walltime: str | None = None,
    analysis: bool = True,
) -> Result:
    """Build or read the system, run it through LAMMPS, analyse the production and write the report.

    `out` defaults to `runs/<name of the YAML file>`.  With `walltime` ("24h"; default: `run.walltime`) the run or its
    analysis stops before that limit, and `resume` resumes it; `analysis=False` leaves the analysis to `analyse`.
    Raises a LmpdriveError of the stage that failed.
    """
    config, quiet = load(file, overrides), is_quiet(quiet)
    deadline = Deadline.of(walltime or config.run.walltime)
    check_observables(config)
    out = Path(out) if out is not None else default_directory(file)
    if is_set(config):
        return _simulate_set(out, HowToRun(quiet, say, trust, deadline), config, Path(file), analysis)
    config = write_run_directory(config, Path(file), out, say, to_run=True, trust=trust)
    with locked(out, say) as lock:
        with kernels_meanwhile(out, analysis):
            state = run_with_roll_back(out, config, Job(deadline=deadline, inherited=(lock,)), quiet, say)
        return _concluded(out, config, state, quiet, say, deadline, analysis)


def run_deck(
    deck: str | Path,
    overwrite: bool = False,
    quiet: bool | None = None,
    say: Say = silent,
    trust: bool = False,
    walltime: str | None = None,
) -> Result:
    """Run a deck as it stands (hand edits included) in the run directory it was rendered into, and analyse.

    The potential, device and times come from the `resolved.yaml` beside it.  Raises RunDirectoryError when there is
    none, or when the folder already holds a run and `overwrite` is not set.
    """
    deck, quiet = Path(deck), is_quiet(quiet)
    folder = deck.parent
    if not deck.is_file() or not (folder / CONFIG).is_file():
        raise RunDirectoryError(
            f"{deck} is not a deck in a run directory (with {CONFIG} beside it). "
            "Make one with: lmpdrive render system.yaml --out DIR"
        )
    config = load(folder / CONFIG)
    deadline = Deadline.of(walltime or config.run.walltime)
    with locked(folder, say) as lock:
        if (folder / LOG).exists() and not overwrite:
            raise RunDirectoryError(
                f"{folder} already holds a run ({LOG}). Resume it with `{to_paste('resume', folder)}`, copy the deck's "
                "folder, or run it again with --overwrite."
            )
        restore_links(folder, config, say)
        require(config.potential.programs(folder), trust)
        must_be_the_models(folder)
        remove_output(folder)
        by_lammps = not isinstance(config.potential.chosen, Integrated)
        if by_lammps and provenance.deck_was_edited(folder, deck.name):
            must_pass(deck, say)
        for line in provenance.must_be_as_rendered(folder, config):
            say(f"warning: {line}")
        job = Job(deck.name, deadline=deadline, inherited=(lock,))
        with kernels_meanwhile(folder):
            state = run_with_roll_back(folder, config, job, quiet, say)
        return _concluded(folder, config, state, quiet, say, deadline)


def resume(
    run_dir: str | Path,
    overrides: Sequence[str] = (),
    quiet: bool | None = None,
    say: Say = silent,
    trust: bool = False,
    walltime: str | None = None,
    restart: str | None = None,
    analysis: bool = True,
    accept_deck: bool = False,
) -> Result:
    """Resume a run that stopped, whatever stopped it, up to the step it was meant to reach, and analyse the whole.

    `restart` names the restart file to resume from, if not the newest one that is whole; `accept_deck` goes on with a
    deck that was edited after the run began.  Of `overrides`,
    `dynamics.production_ps=...` makes the run longer; `run.*` and `observables.*` may change.  Raises RunDirectoryError
    if there is no run, InUseError if another process holds it, and what `simulate` raises.
    """
    out, quiet = Path(run_dir), is_quiet(quiet)
    if is_set_directory(out):
        config = load(out / SET, overrides)
        deadline = Deadline.of(walltime or config.run.walltime)
        if restart is not None:
            raise RunDirectoryError(f"{out} is a set of windows: name a restart file of one of them, {out}/z...")
        how = HowToRun(quiet, say, trust, deadline, overrides, accept_deck)
        return _simulate_set(out, how, config, analysis=analysis)
    config = resumed_config(out, overrides)
    deadline = Deadline.of(walltime or config.run.walltime)
    with locked(out, say) as lock:
        with told_if_full(out, to_paste("resume", out)), kernels_meanwhile(out, analysis):
            state = resume_run(out, config, overrides, quiet, say, trust, deadline, restart, accept_deck, lock)
        return _concluded(out, config, state, quiet, say, deadline, analysis)


def analyse(
    path: str | Path | Sequence[str | Path],
    request: AnalysisRequest | None = None,
    *,
    progress: Progress | None = None,
    say: Say = silent,
    **changes: Any,
) -> Result:
    """`stages.analyse`, alone in a run directory that it writes into: InUseError while that is run or analysed.

    progress : called with frames done and in all; default: a bar in a notebook, nothing elsewhere.
    """
    request = replace(request or AnalysisRequest(), **changes)
    if isinstance(path, str | Path) and is_set_directory(Path(path)):
        return _free_energy_of_set(Path(path), say, request)
    into_the_run = isinstance(path, str | Path) and Path(path).is_dir() and request.out is None
    own = FramesBar() if progress is None and in_notebook() else nullcontext(progress)
    with locked(Path(str(path)), say) if into_the_run else nullcontext(), own as bar:
        return analysis_of.analyse(path, request, progress=bar, say=say)


def report(
    run_dir: str | Path,
    progress: Progress | None = None,
    say: Say = silent,
    interactive: bool = False,
    png: bool = False,
) -> Path:
    """Write `report.html` of a run directory again; on request also `interactive.html`, and the figures as PNG."""
    if is_set_directory(Path(run_dir)):
        page = _free_energy_of_set(Path(run_dir), say).report
        assert page is not None
        return page
    with locked(Path(run_dir), say) if (Path(run_dir) / MANIFEST).is_file() else nullcontext():
        return analysis_of.report(run_dir, progress, say, interactive, png)


def _concluded(
    out: Path, config: Config, state: State, quiet: bool, say: Say, deadline: Deadline | None, analysis: bool = True
) -> Result:
    """Analyse what a run wrote, in the time that is left; not where its time is up, or where nobody wants it."""
    if state == "walltime":
        return Result(out, state, run_directory=out)
    if state == "finished":
        raise_if_incomplete(out)
    if not analysis:
        raise_if_unstable(out)
        return Result(out, state, run_directory=out)
    try:
        with within(deadline), told_if_full(out, to_paste("analyse", out)):
            return _analysed(out, config, state, quiet, say)
    except OutOfTime:
        say(f"the wall-time limit leaves no time for the analysis: {to_paste('analyse', out)}")
        return Result(out, "walltime", run_directory=out)


def _analysed(out: Path, config: Config, state: State, quiet: bool, say: Say) -> Result:
    if config.dynamics.ensemble == "minimise" or not any(out.glob("traj*.dcd")):
        result = analysis_of.reported(out, say=say, png=config.output.png)
        _raise_if_unstable(result, say)
        return result
    try:
        with nullcontext() if quiet else FramesBar() as bar:
            result = analysis_of.analyse(
                out, say=say, progress=bar, with_report=config.output.report, png=config.output.png
            )
    except TrajectoryError:
        if state == "interrupted":
            return Result(out, state, run_directory=out)
        raise_if_unstable(out)
        raise
    _raise_if_unstable(result, say)
    return result


def _raise_if_unstable(result: Result, say: Say) -> None:
    """The error hides the result from the caller, so the verdict is said before it."""
    if result.state == "unstable" and result.verdict is not None:
        for line in result.verdict.lines():
            say(line)
    raise_if_unstable(result.run_directory or result.directory)


def reproduce(run_dir: str | Path, again: str | Path | None = None, say: Say = silent) -> Reproduction:
    """What of a run directory is not as its manifest says; with `again`, what differs when it runs there once more."""
    found = compare_with_manifest(Path(run_dir))
    if again is not None:
        config = copy_inputs(Path(run_dir), Path(again))
        with locked(Path(again), say) as lock:
            run_once(Path(again), config, Job(inherited=(lock,)), quiet=True, say=say)
        found.differences += compare_runs(Path(run_dir), Path(again)).differences
    return found


def umbrella(
    run_dirs: str | Path | Sequence[str | Path],
    out: str | Path | None = None,
    request: UmbrellaRequest | None = None,
    say: Say = silent,
    **changes: Any,
) -> UmbrellaResult:
    """F(z) of an ion from runs with `dynamics.bias.umbrella`, or the folder of a set of them, by MBAR.

    `changes` are fields of `UmbrellaRequest`: `umbrella("runs/umb", reference="bulk", compare=["runs/free"])`.  Writes
    a table with the columns z [Å], F(z) [eV] and σ F(z) [eV], a figure and a page; `result.table` is the table.  Raises
    RunDirectoryError and TrajectoryError for what is no window, and for windows that do not overlap.
    """
    paths = [run_dirs] if isinstance(run_dirs, str | Path) else list(run_dirs)
    return analyse_umbrella(paths, out, replace(request or UmbrellaRequest(), **changes), say)


def _simulate_set(out: Path, how: HowToRun, config: Config, file: Path | None = None, analysis: bool = True) -> Result:
    """All windows of a set, then F(z); `file`: the YAML of a set that begins here, None for one that goes on.

    Raises UnstableError at the end if the guard ended a window, and what `simulate` raises.
    """
    if file is not None:
        begin_set(out, config, file)
    with locked(out, how.say):
        change_set(out, how.overrides)
        state = run_set(out, how)
        if state != "finished":
            return Result(out, state, run_directory=out)
        result = _free_energy_of_set(out, how.say) if analysis else Result(out, state, run_directory=out)
        if names := ended_by_the_guard(out):
            raise UnstableError(
                f"the guard ended {', '.join(names)}; F(z) has their heights before that. "
                f"`{to_paste('report', out / names[0])}` says why"
            )
        return result


def _free_energy_of_set(out: Path, say: Say, request: AnalysisRequest | None = None) -> Result:
    """What `lmpdrive analyse` gives of a set."""
    ask = request or AnalysisRequest()
    csv = None if ask.out is None else Path(ask.out) / "free_energy.csv"
    found = umbrella(out, csv, say=say, bin_width_A=ask.bin_width_A or BIN_WIDTH_A)
    for line in found.lines()[:-1]:
        say(line)
    scalars = {found.free_energy.height_in_words: found.free_energy.height}
    return Result(
        found.files.csv.parent,
        "finished",
        {"free_energy": found.table},
        {f"{name} [eV]": (scalar.value, scalar.error) for name, scalar in scalars.items()},
        found.files.page,
        scalars=scalars,
        run_directory=out,
    )


def compare(
    paths: Sequence[str | Path],
    out: str | Path | None = None,
    labels: Sequence[str] | None = None,
    test: Sequence[str | Path] = (),
    say: Say = silent,
) -> Comparison:
    """Differences of analysed runs from the first of them, with their significance.

    With `out`, writes `compare.html`, tables and figures there.  `test`: files of labelled frames, on which each
    run's potential is evaluated by its own calculator.
    """
    from lmpdrive.report.analysed import load as load_analysis
    from lmpdrive.report.compare_page import write_comparison
    from lmpdrive.report.comparison import compare as compare_analysed
    from lmpdrive.stages.accuracy import measure

    if labels is not None and len(labels) != len(paths):
        raise ConfigError(f"{len(labels)} labels for {len(paths)} runs: give one for each")
    names: Sequence[str | None] = labels or [None for _ in paths]
    runs = [load_analysis(path, name) for path, name in zip(paths, names, strict=True)]
    found = compare_analysed(runs, measure(runs, test, say) if test else None)
    if out is None:
        return found
    say(f"drawing the comparison of {len(runs)} runs")
    return write_comparison(found, out)


def uncertainty(
    path: str | Path | Sequence[str | Path],
    committee: Sequence[Any] = (),
    *,
    request: UncertaintyRequest | None = None,
    analysis: AnalysisRequest | None = None,
    progress: Progress | None = None,
    say: Say = silent,
    **changes: Any,
) -> Uncertainty:
    """The model's error of a run or of frames from elsewhere, from a committee; averages under other potentials.

    `changes` are fields of `UncertaintyRequest` (validation, targets, stride, temperature_K, ...) or of
    `AnalysisRequest` (data, elements, discard_ps, names, out, ...).  Writes `committee.nc`, `observables/model_*` and
    the report.  Raises what `stages.uncertainty` does, and InUseError while the run directory is in use.
    """
    ours = {f.name for f in fields(UncertaintyRequest)}
    asked = {name: value for name, value in changes.items() if name in ours}
    request = replace(request or UncertaintyRequest(), **asked)
    request = replace(request, committee=committee) if committee else request
    others = {name: value for name, value in changes.items() if name not in ours}
    analysis = replace(analysis or AnalysisRequest(), **others)
    into_the_run = isinstance(path, str | Path) and Path(path).is_dir() and analysis.out is None
    with locked(Path(str(path)), say) if into_the_run else nullcontext():
        return uncertainty_of.uncertainty(path, request, analysis, progress, say)


def pareto(
    sources: Sequence[str | Path],
    reference: Sequence[str | Path],
    out: str | Path,
    labels: Sequence[str] | None = None,
    say: Say = silent,
    rounds: int = 3,
    seconds: int = speed.MEASURE_S,
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Errors of potentials on the labelled frames in `reference` against the time of a step.

    The times are measured in turns, `rounds` times for some `seconds` each, so that other load affects all alike.
    sources : YAML files or run directories.  Writes `pareto.csv` and `figures/pareto.*` into `out`; returns the table,
    and why a source is not in it.
    """
    from lmpdrive.report.pareto import write_pareto
    from lmpdrive.stages.pareto import measure

    frames = read_labelled(reference)
    name = ", ".join(Path(path).name for path in reference)
    timed, tested = measure(by_label(sources, labels), frames, name, say, rounds, seconds)
    if not timed:
        raise ModelError("\n".join(f"{label}: {why}" for label, why in tested.missing.items()))
    return write_pareto(timed, tested, Path(out)), dict(tested.missing)


def probe_pes(
    sources: Sequence[str | Path],
    frames: Sequence[str | Path],
    out: str | Path,
    labels: Sequence[str] | None = None,
    say: Say = silent,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, str]]:
    """Potential-energy surfaces around `frames`: strained, compressed and hot frames, and smoothness along lines.

    sources : YAML files or run directories.  Writes `pes-extrapolation.csv`, `pes-smoothness.csv` and figures into
    `out`; returns both tables, and why a source is not in them.
    """
    from lmpdrive.report.pes import write_pes
    from lmpdrive.stages.pes import measure
    from lmpdrive.trajectory.probe_frames import make

    probe = make(read_frames(frames))
    answers, missing = measure(by_label(sources, labels), probe, say)
    if not answers:
        raise ModelError("\n".join(f"{label}: {why}" for label, why in missing.items()))
    return *write_pes(probe, answers, Path(out)), missing


def plan_training(recipe: str | Path, request: Request, say: Say = silent) -> list[Task]:
    """The models that `train` would train, in folders of their own, and on which frames."""
    from lmpdrive.training.plan import plan
    from lmpdrive.training.recipe import load_recipe

    return plan(load_recipe(recipe), request, say)


def train(recipe: str | Path, request: Request, say: Say = silent) -> list[Trained]:
    """Train potentials on labelled frames with the packages' own trainers; a finished one is not trained again.

    recipe : name of a shipped one, or a YAML file.
    """
    from lmpdrive.training.run import train as train_all

    return train_all(plan_training(recipe, request, say), request.words(recipe), request.tests, say)


def default_directory(file: str | Path) -> Path:
    """`runs/<name of the YAML file>`."""
    return Path("runs") / Path(file).stem
