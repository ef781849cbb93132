"""`analyse`: one pass over a trajectory, all observables, errors from ten contiguous blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmpdrive.errors import ConfigError, TrajectoryError, did_you_mean
from lmpdrive.observables import convergence, equilibration
from lmpdrive.observables.base import Observable, Settings
from lmpdrive.observables.blocks import block_edges
from lmpdrive.observables.interface import Interface
from lmpdrive.observables.registry import FROM_THE_LOG, blamed, check_options, observable_classes
from lmpdrive.observables.summary import summary
from lmpdrive.observables.tables import Table
from lmpdrive.observables.thermodynamics import thermo_tables
from lmpdrive.trajectory.frames import Chunk, Trajectory

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[int, int], object]


def analyse(
    trajectory: Trajectory,
    *,
    thermo: pd.DataFrame | None = None,
    bin_width_A: float = 0.1,
    n_blocks: int = 10,
    names: Iterable[str] | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    extra: Sequence[str | Path] = (),
    target: float = convergence.RELATIVE_TARGET,
    targets: Mapping[str, float] | None = None,
    find_equilibration: bool = False,
    parallel: int = 1,
    progress: Progress | None = None,
) -> dict[str, Table]:
    """All observables of a trajectory, and a `summary`, as tables by name.

    Parameters
    ----------
    trajectory : from `open_trajectory`.
    thermo : from `read_thermo`; without it there is no temperature and no energy.
    bin_width_A : Δz of the profiles [Å]; edges are k Δz.
    n_blocks : contiguous blocks for the errors.
    names : only these tables, or all tables of a file's name (the summary then has only theirs).
    options : observable (its file's name) -> its options.
    extra : Python files with observables of yours.
    target : a profile is converged when its 95 % band is below this fraction of its largest value.
    targets : table -> 95 % band wanted, in the unit of its values; wins over `target`.
    find_equilibration : look for a start that is not equilibrated (loads pymbar).
    parallel : processes; blocks are shared out among them.
    progress : called with (frames done, frames in all).

    Raises
    ------
    TrajectoryError : bin width or number of blocks out of range, or a name that this system does not have.
    ConfigError : an option or a file of observables that is wrong.
    """
    if not 0 < bin_width_A < float("inf"):
        raise TrajectoryError(f"bin_width_A is {bin_width_A}; want a positive width in Å, e.g. 0.1")
    if n_blocks < 2:
        raise TrajectoryError(f"n_blocks is {n_blocks}; errors need at least 2 blocks (default 10)")
    if parallel < 1:
        raise TrajectoryError(f"parallel is {parallel}; want the number of processes, at least 1")
    classes = observable_classes(extra)
    check_options(classes, options or {})
    interface = Interface(trajectory.topology, trajectory.read(0, 1))
    settings = Settings(bin_width_A, trajectory.times_known, trajectory.frame_interval_ps, options or {})
    from_log = {} if thermo is None else thermo_tables(thermo, trajectory.n_atoms, n_blocks, int(trajectory.steps[0]))
    fresh = _Fresh(classes, interface, settings)
    families = fresh.families()
    wanted = _chosen(names, families, list(from_log), {cls.family() for cls in classes})
    # one is made for each block: do not make what nobody asked for
    used = [cls for cls in classes if wanted.intersection(families.get(cls.family(), ()))]
    fresh = replace(fresh, classes=used, wanted=frozenset(wanted))
    _check_targets(targets or {}, {cls.family() for cls in classes}, wanted)
    edges = block_edges(trajectory.n_frames, n_blocks if trajectory.n_frames >= n_blocks else 1)
    blocks = _filled(trajectory, fresh, edges, parallel, progress) if fresh() else []
    tables, sampled = {}, {}
    for whole, *parts in zip(fresh(), *blocks, strict=True):
        with blamed(whole, "merge"):
            for part in parts:
                whole.merge(part)
        with blamed(whole, "table"):
            table = whole.table(parts)
        tables[whole.name] = replace(
            table,
            notes=(*interface.notes, *table.notes),
            group=table.group or whole.group,
            convergence=convergence.judge(table, trajectory.frame_interval_ps, target, (targets or {}).get(whole.name)),
        )
        if find_equilibration and trajectory.times_known and (series := whole.sampled()) is not None:
            sampled[whole.name] = (trajectory.times_ps, series)
    tables |= {name: table for name, table in from_log.items() if name in wanted}
    found = equilibration.from_results(sampled, tables) if find_equilibration else []
    tables["summary"] = summary(tables, found)
    return tables


def equilibrated_after_ps(
    trajectory: Trajectory, thermo: pd.DataFrame | None = None, progress: Progress | None = None
) -> float:
    """Time to leave out at the start [ps] so that the rest is stationary: `discard_ps: auto`.

    Raises TrajectoryError if the times are not known.
    """
    if not trajectory.times_known:
        raise TrajectoryError(
            f"discard_ps: auto needs times; those of {trajectory.path.name} are unknown: "
            "give the timestep with --timestep-fs"
        )
    watched_classes = [cls for cls in observable_classes() if cls.family() in equilibration.SIGNALS]
    fresh = _Fresh(watched_classes, Interface(trajectory.topology, trajectory.read(0, 1)), Settings())
    (watched,) = _filled(trajectory, fresh, [0, trajectory.n_frames], 1, progress)
    sampled = {one.name: (trajectory.times_ps, s) for one in watched if (s := one.sampled()) is not None}
    logged = {} if thermo is None else thermo_tables(thermo, trajectory.n_atoms, 10, int(trajectory.steps[0]))
    return equilibration.discard_ps(equilibration.from_results(sampled, logged))


@dataclass(frozen=True)
class _Fresh:
    """Makes new instances of the wanted observables, always in the same order."""

    classes: Sequence[type[Observable]]
    interface: Interface
    settings: Settings
    wanted: frozenset[str] | None = None

    def __call__(self) -> list[Observable]:
        every = (one for cls in self.classes for one in cls.for_interface(self.interface, self.settings))
        return [one for one in every if self.wanted is None or one.name in self.wanted]

    def families(self) -> dict[str, list[str]]:
        """File name -> its tables for this system."""
        names: dict[str, list[str]] = {}
        seen: dict[str, str] = {}
        for one in self():
            if one.name in seen or one.name in FROM_THE_LOG:
                raise ConfigError(
                    f"two observables are named {one.name!r} ({seen.get(one.name, 'from the log')} and "
                    f"{one.family()}): rename one"
                )
            seen[one.name] = one.family()
            names.setdefault(one.family(), []).append(one.name)
        return names


def _chosen(
    names: Iterable[str] | None, families: Mapping[str, list[str]], from_log: list[str], every_family: set[str]
) -> set[str]:
    """The wanted tables, all if None."""
    available = [name for tables in families.values() for name in tables] + from_log
    if names is None:
        return set(available)
    wanted: set[str] = set()
    for name in names:
        if name in available:
            wanted.add(name)
        elif name in families:
            wanted |= set(families[name])
        elif name in FROM_THE_LOG:
            raise TrajectoryError(f"{name} needs the thermo table of a log.lammps (thermo=)")
        elif name in every_family:
            raise TrajectoryError(
                f"{name} does not apply to this system: it lacks the atoms, velocities or times that it needs. "
                f"There are: {', '.join(available)}"
            )
        elif name != "summary":
            choices = [*available, *families]
            raise TrajectoryError(
                f"no observable {name!r} for this system{did_you_mean(name, choices) or '.'} "
                f"There are: {', '.join(dict.fromkeys(choices))}"
            )
    return wanted


def _check_targets(targets: Mapping[str, float], families: set[str], wanted: set[str]) -> None:
    """Raise ConfigError for a table that no observable makes; one that this system lacks is no error."""
    for name in targets:
        if name not in wanted and not any(name == family or name.startswith(f"{family}_") for family in families):
            raise ConfigError(
                f"observables.target_errors.{name}: no table {name!r}{did_you_mean(name, wanted | families) or '.'} "
                f"There are: {', '.join(sorted(wanted))}"
            )


def _filled(
    trajectory: Trajectory, fresh: _Fresh, edges: list[int], parallel: int, progress: Progress | None
) -> list[list[Observable]]:
    """The observables of each block, with its frames added."""
    n_blocks = len(edges) - 1
    if parallel == 1 or n_blocks == 1:
        blocks = [fresh() for _ in range(n_blocks)]
        for done, block, chunk in _blocked(trajectory.chunks(), edges):
            frames = fresh.interface.frames(chunk)
            for one in blocks[block]:
                with blamed(one, "update"):
                    one.update(chunk, frames)
            if progress:
                progress(done, trajectory.n_frames)
        return blocks
    return _in_processes(trajectory, fresh, edges, min(parallel, n_blocks), progress)


def _blocked(chunks: Iterable[Chunk], edges: list[int]) -> Iterator[tuple[int, int, Chunk]]:
    """(frames done, block number, frames) with chunks cut where blocks end."""
    done, block = 0, 0
    for chunk in chunks:
        start = 0
        while start < len(chunk):
            stop = min(len(chunk), start + edges[block + 1] - done)
            done += stop - start
            yield done, block, chunk[start:stop]
            start = stop
            block += done == edges[block + 1]


_shared: tuple[Trajectory, _Fresh] | None = None
"""What the forked processes work on: inherited, because an open trajectory cannot be sent."""


def _in_processes(
    trajectory: Trajectory, fresh: _Fresh, edges: list[int], parallel: int, progress: Progress | None
) -> list[list[Observable]]:
    import multiprocessing

    global _shared
    _shared = trajectory, fresh
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
    from lmpdrive.trajectory.frames import ATOM_FRAMES_PER_CHUNK

    assert _shared is not None
    trajectory, fresh = _shared
    observables = fresh()
    size = max(1, ATOM_FRAMES_PER_CHUNK // max(1, trajectory.n_atoms))
    for first in range(start, stop, size):
        chunk = trajectory.read(first, min(first + size, stop))
        frames = fresh.interface.frames(chunk)
        for one in observables:
            with blamed(one, "update"):
                one.update(chunk, frames)
    return observables
