"""`analyse`: one pass over a trajectory, all observables, errors from ten contiguous blocks."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lmpdrive.common.say import Say, silent
from lmpdrive.errors import ConfigError, TrajectoryError, did_you_mean
from lmpdrive.observables import convergence, equilibration
from lmpdrive.observables.base import Observable, Settings
from lmpdrive.observables.blocks import block_edges
from lmpdrive.observables.error_sources import with_sources
from lmpdrive.observables.examine import Slab, examined
from lmpdrive.observables.factory import Factory, factory_for
from lmpdrive.observables.interface import Interface
from lmpdrive.observables.options import AnalysisOptions
from lmpdrive.observables.registry import blamed, check_options, observable_classes
from lmpdrive.observables.summary import summary
from lmpdrive.observables.tables import Table
from lmpdrive.observables.thermodynamics import thermo_tables
from lmpdrive.observables.views import View, frames_of
from lmpdrive.trajectory.frames import ATOM_FRAMES_PER_CHUNK, Chunk, Trajectory

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[int, int], object]


def analyse(
    trajectory: Trajectory,
    chosen: AnalysisOptions | None = None,
    *,
    thermo: pd.DataFrame | None = None,
    progress: Progress | None = None,
    say: Say = silent,
    **choices: Any,
) -> dict[str, Table]:
    """All observables of a trajectory, and a `summary`, as tables by name.

    Parameters
    ----------
    trajectory : from `open_trajectory`.
    chosen, choices : an `AnalysisOptions`, or its fields as keywords, or both (then keywords win).
    thermo : from `read_thermo`; without it there is no temperature and no energy.
    progress : called with (number of frames done, number of frames).
    say : called with a line at a time of what is what: slab, water, ions, ...

    Raises
    ------
    TrajectoryError : an option out of range, or a name that this system does not have.
    ConfigError : an option of an observable or a file of observables that is wrong.
    """
    options = replace(chosen or AnalysisOptions(), **choices)
    classes = observable_classes(options.extra)
    check_options(classes, options.options)
    trajectory, what = examined(trajectory, options.slab, options.normal)
    for line in what.lines():
        say(line)
    from_log = {}
    if thermo is not None:
        from_log = thermo_tables(thermo, _mobile(trajectory), options.n_blocks, int(trajectory.steps[0]))
    factory, wanted = factory_for(trajectory, what, options, classes, list(from_log))
    _check_targets(options.targets, {cls.family() for cls in classes}, wanted)
    edges = block_edges(trajectory.n_frames, options.n_blocks if trajectory.n_frames >= options.n_blocks else 1)
    blocks = _accumulate(trajectory, factory, edges, options.parallel, progress) if factory() else []
    merged = [(whole, _merged_table(whole, parts)) for whole, *parts in zip(factory(), *blocks, strict=True)]
    tables = {whole.name: _assessed(whole, table, factory, trajectory, options) for whole, table in merged}
    tables |= {name: table for name, table in from_log.items() if name in wanted}
    found = _equilibrations([whole for whole, _ in merged], tables, trajectory) if options.find_equilibration else []
    about = summary(tables, found)
    return equilibration.marked(tables, found) | {"summary": replace(about, notes=(*what.lines(), *about.notes))}


def _equilibrations(
    observables: list[Observable], tables: dict[str, Table], trajectory: Trajectory
) -> list[equilibration.Equilibration]:
    """When each signal had settled."""
    series = {whole.name: whole.sampled() for whole in observables} if trajectory.times_known else {}
    sampled = {name: (trajectory.times_ps, one) for name, one in series.items() if one is not None}
    return equilibration.from_results(sampled, tables)


def _assessed(
    whole: Observable, table: Table, factory: Factory, trajectory: Trajectory, options: AnalysisOptions
) -> Table:
    """The table with its verdict, what its errors rest on, and what was assumed of the interface."""
    target = options.targets.get(whole.name, options.targets.get(whole.name.removesuffix(f"_{whole.face}")))
    verdict = convergence.assess(table, trajectory.frame_interval_ps, options.target, target)
    table = with_sources(table, trajectory.frame_interval_ps)
    notes = dict.fromkeys((*trajectory.notes, *factory.view(whole.face).interface.notes, *table.notes))
    return replace(table, notes=tuple(notes), convergence=verdict)


def _mobile(trajectory: Trajectory) -> int:
    """Atoms that move: all but the group `fixed`."""
    return max(1, trajectory.n_atoms - len(trajectory.topology.groups.get("fixed", ())))


def _merged_table(whole: Observable, parts: list[Observable]) -> Table:
    """The table of all blocks; `whole` gets the frames of all of them."""
    with blamed(whole, "merge"):
        for part in parts:
            whole.merge(part)
    with blamed(whole, "table"):
        table = whole.table(parts)
    scalars, subject = table.scalars, table.subject or whole.subject
    if whole.face:
        face = whole.title.rpartition(", ")[2]
        scalars = {f"{name}, {face}": scalar for name, scalar in scalars.items()}
        subject = f"{subject}, {face}" if subject else face
    return replace(
        table,
        scalars=scalars,
        group=table.group or whole.group,
        references=table.references or whole.references(),
        non_negative=table.non_negative or whole.non_negative,
        subject=subject,
    )


def equilibrated_after_ps(
    trajectory: Trajectory,
    thermo: pd.DataFrame | None = None,
    progress: Progress | None = None,
    say: Say = silent,
    slab: Slab | None = None,
    normal: str | None = None,
) -> float:
    """Time to leave out at the start [ps] so that the rest is stationary: `discard_ps: auto`.

    Signals that have not settled within the run are said; nothing is left out for them.

    Raises TrajectoryError if the times are not known.
    """
    if not trajectory.times_known:
        raise TrajectoryError(
            f"discard_ps: auto needs times; those of {trajectory.path.name} are unknown: "
            "give the timestep with --timestep-fs"
        )
    classes = [cls for cls in observable_classes() if cls.family() in equilibration.SIGNALS]
    trajectory, what = examined(trajectory, slab, normal)
    factory = Factory(classes, [View("", Interface(trajectory.topology, trajectory.read(0, 1), what), Settings())])
    (signals,) = _accumulate(trajectory, factory, [0, trajectory.n_frames], 1, progress)
    sampled = {one.name: (trajectory.times_ps, s) for one in signals if (s := one.sampled()) is not None}
    logged = {} if thermo is None else thermo_tables(thermo, _mobile(trajectory), 10, int(trajectory.steps[0]))
    found = equilibration.from_results(sampled, logged)
    for one in found:
        if one.late:
            say(f"warning: {one.refusal}")
    return equilibration.discard_ps(found)


def _check_targets(targets: Mapping[str, float], families: set[str], wanted: set[str]) -> None:
    """Raise ConfigError for a table that no observable makes; one that this system lacks is no error."""
    for name in targets:
        if name not in wanted and not any(name == family or name.startswith(f"{family}_") for family in families):
            raise ConfigError(
                f"observables.target_errors.{name}: no table {name!r}{did_you_mean(name, wanted | families) or '.'} "
                f"There are: {', '.join(sorted(wanted))}"
            )


def _accumulate(
    trajectory: Trajectory, factory: Factory, edges: list[int], parallel: int, progress: Progress | None
) -> list[list[Observable]]:
    """The observables of each block, with its frames added."""
    n_blocks = len(edges) - 1
    if parallel > 1 and n_blocks > 1:
        return _accumulate_in_processes(trajectory, factory, edges, min(parallel, n_blocks), progress)
    blocks = [factory() for _ in range(n_blocks)]
    for done, block, chunk in split_at_blocks(trajectory.chunks(), edges):
        _update(blocks[block], chunk, factory.views)
        if progress:
            progress(done, trajectory.n_frames)
    return blocks


def _update(observables: list[Observable], chunk: Chunk, views: list[View]) -> None:
    seen = frames_of(views, chunk)
    for one in observables:
        with blamed(one, "update"):
            one.update(chunk, seen[one.face])


def split_at_blocks(chunks: Iterable[Chunk], edges: list[int]) -> Iterator[tuple[int, int, Chunk]]:
    """(number of frames done, block number, frames) with chunks cut where blocks end."""
    done, block = 0, 0
    for chunk in chunks:
        start = 0
        while start < len(chunk):
            stop = min(len(chunk), start + edges[block + 1] - done)
            done += stop - start
            yield done, block, chunk[start:stop]
            start = stop
            block += done == edges[block + 1]


_shared: tuple[Trajectory, Factory] | None = None
"""What the forked processes work on: inherited, because an open trajectory cannot be sent."""


def _accumulate_in_processes(
    trajectory: Trajectory, factory: Factory, edges: list[int], parallel: int, progress: Progress | None
) -> list[list[Observable]]:
    global _shared
    _shared = trajectory, factory
    blocks: list[list[Observable]] = [[] for _ in edges[:-1]]
    done = 0
    try:
        with ProcessPoolExecutor(parallel, multiprocessing.get_context("fork")) as pool:
            jobs = {pool.submit(_one_block, start, stop): block for block, (start, stop) in enumerate(pairwise(edges))}
            for job in as_completed(jobs):
                block = jobs[job]
                blocks[block] = job.result()
                done += edges[block + 1] - edges[block]
                if progress:
                    progress(done, trajectory.n_frames)
    finally:
        _shared = None
    return blocks


def _one_block(start: int, stop: int) -> list[Observable]:
    assert _shared is not None
    trajectory, factory = _shared
    observables = factory()
    size = max(1, ATOM_FRAMES_PER_CHUNK // max(1, trajectory.n_atoms))
    for first in range(start, stop, size):
        _update(observables, trajectory.read(first, min(first + size, stop)), factory.views)
    return observables
