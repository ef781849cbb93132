"""`analyse`: one pass over a trajectory, all observables, errors from ten contiguous blocks."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import lmpdrive.observables as _folder
from lmpdrive.errors import TrajectoryError, did_you_mean
from lmpdrive.observables.base import TOO_FEW, TOO_SHORT, Observable, Settings
from lmpdrive.observables.blocks import block_edges
from lmpdrive.observables.interface import Interface
from lmpdrive.observables.tables import Table
from lmpdrive.observables.thermodynamics import thermo_tables
from lmpdrive.trajectory.frames import Chunk, Trajectory

if TYPE_CHECKING:
    import pandas as pd

FROM_THE_LOG = ("temperature", "energy")


def observable_classes() -> list[type[Observable]]:
    """Every concrete observable in this folder, by file name."""
    found: list[type[Observable]] = []
    for module_info in pkgutil.iter_modules(_folder.__path__):
        module = importlib.import_module(f"{_folder.__name__}.{module_info.name}")
        for _, member in inspect.getmembers(module, inspect.isclass):
            own = member.__module__ == module.__name__
            if own and issubclass(member, Observable) and not inspect.isabstract(member):
                found.append(member)
    return found


def analyse(
    trajectory: Trajectory,
    *,
    thermo: pd.DataFrame | None = None,
    bin_width_A: float = 0.1,
    n_blocks: int = 10,
    names: Iterable[str] | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> dict[str, Table]:
    """All observables of a trajectory, and a `summary`, as tables by name.

    Parameters
    ----------
    trajectory : from `open_trajectory`.
    thermo : from `read_thermo`; without it there is no temperature and no energy.
    bin_width_A : Δz of the profiles [Å]; edges are k Δz.
    n_blocks : contiguous blocks for the errors.
    names : only these tables (the summary then has only theirs).
    options : observable (its file's name) -> its options.
    progress : called with (frames done, frames in all).

    Raises
    ------
    TrajectoryError : bin width or number of blocks out of range, or a name that this system does not have.
    """
    if not 0 < bin_width_A < float("inf"):
        raise TrajectoryError(f"bin_width_A is {bin_width_A}; want a positive width in Å, e.g. 0.1")
    if n_blocks < 2:
        raise TrajectoryError(f"n_blocks is {n_blocks}; errors need at least 2 blocks (default 10)")
    interface = Interface(trajectory.topology, trajectory.read(0, 1))
    settings = Settings(bin_width_A, trajectory.times_known, trajectory.frame_interval_ps, options or {})

    def fresh() -> list[Observable]:
        return [one for cls in observable_classes() for one in cls.for_interface(interface, settings)]

    from_log = {} if thermo is None else thermo_tables(thermo, trajectory.n_atoms, n_blocks, int(trajectory.steps[0]))
    available = [one.name for one in fresh()] + list(from_log)
    wanted = _chosen(names, available)
    edges = block_edges(trajectory.n_frames, n_blocks if trajectory.n_frames >= n_blocks else 1)
    blocks = [[one for one in fresh() if one.name in wanted] for _ in edges[:-1]]
    if blocks[0]:
        for done, block, chunk in _blocked(trajectory, edges):
            frames = interface.frames(chunk)
            for one in blocks[block]:
                one.update(chunk, frames)
            if progress:
                progress(done, trajectory.n_frames)
    tables = {}
    for whole, *parts in zip([one for one in fresh() if one.name in wanted], *blocks, strict=True):
        for part in parts:
            whole.merge(part)
        table = whole.table(parts)
        tables[whole.name] = replace(table, notes=(*interface.notes, *table.notes))
    tables |= {name: table for name, table in from_log.items() if name in wanted}
    tables["summary"] = summary(tables)
    return tables


def _chosen(names: Iterable[str] | None, available: list[str]) -> set[str]:
    """The wanted names, all if None."""
    if names is None:
        return set(available)
    for name in (names := list(names)):
        if name in FROM_THE_LOG and name not in available:
            raise TrajectoryError(f"{name} needs the thermo table of a log.lammps (thermo=)")
        if name not in available and name != "summary":
            raise TrajectoryError(
                f"no observable {name!r} for this system{did_you_mean(name, available) or '.'} "
                f"There are: {', '.join(available)}"
            )
    return set(names)


def _blocked(trajectory: Trajectory, edges: list[int]) -> Iterator[tuple[int, int, Chunk]]:
    """(frames done, block number, frames) with chunks cut where blocks end."""
    done, block = 0, 0
    for chunk in trajectory.chunks():
        start = 0
        while start < len(chunk):
            stop = min(len(chunk), start + edges[block + 1] - done)
            done += stop - start
            yield done, block, chunk[start:stop]
            start = stop
            block += done == edges[block + 1]


def summary(tables: dict[str, Table]) -> Table:
    """One row per number: quantity, value, σ, unit, note."""
    import pandas as pd

    rows = [
        (name, scalar.value, scalar.error, scalar.unit, scalar.note)
        for table in tables.values()
        for name, scalar in table.scalars.items()
    ]
    data = pd.DataFrame(rows, columns=["quantity", "value", "σ", "unit", "note"])
    warnings = [
        f"{t.title}: {w}" for t in tables.values() for w in t.warnings if not w.startswith((TOO_SHORT, TOO_FEW))
    ]
    for start, end in ((TOO_SHORT, "the errors are too small, run longer."), (TOO_FEW, "no errors are given.")):
        if titles := [t.title for t in tables.values() if any(w.startswith(start) for w in t.warnings)]:
            warnings.append(f"{start} ({', '.join(titles)}): {end}")
    notes = tuple(dict.fromkeys(note for table in tables.values() for note in table.notes))
    return Table("summary", "Summary", "summary", data, notes=notes, warnings=tuple(warnings))
