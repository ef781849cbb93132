"""One pass over the frames, in which each counts with a weight of its own, for several sets of weights at once.

An observable whose result follows from sums over frames (`Observable.frame_sums`) sees one frame at a time; the sums of
that frame times its weight are added up for every set of weights, and for every block of time.  Nothing else is kept:
memory does not grow with the frames, and whatever an observable makes of its sums (a ratio, the place of a peak, a
coordination number) is made of the weighted ones too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive.observables.analysis import split_at_blocks
from lmpdrive.observables.base import Observable
from lmpdrive.observables.blocks import block_edges, left_out
from lmpdrive.observables.examine import examined
from lmpdrive.observables.factory import Factory, factory_for
from lmpdrive.observables.interface import InterfaceFrames
from lmpdrive.observables.options import AnalysisOptions
from lmpdrive.observables.registry import FROM_THE_LOG, blamed, check_options, observable_classes
from lmpdrive.observables.reweighting.adding import weighted_sums
from lmpdrive.observables.series import Series
from lmpdrive.observables.tables import Table
from lmpdrive.observables.views import frames_of
from lmpdrive.trajectory.frames import Chunk, Trajectory

Array = NDArray[np.float64]
Progress = Callable[[int, int], object]

RUN = "run"
"""The set of weights that are all 1: the averages of the run itself."""
NOT_A_SUM = "not an average over frames"
TRIAL_FRAMES = 3
FRAMES_AT_ONCE = 64
"""Of each, the sums are in memory at a time."""


@dataclass(frozen=True)
class Weighted:
    """What one observable found with one set of weights: of all frames, and without each block of them."""

    whole: Observable
    rests: Sequence[Observable]


@dataclass(frozen=True)
class Passed:
    """What a pass found.

    run : the tables of the run itself, by name, with σ from blocks; of their numbers, those that can be weighted.
    found : table -> set of weights -> sums.
    without : what cannot be weighted (a table, or "table: number"), and why.
    """

    run: Mapping[str, Table]
    found: Mapping[str, Mapping[str, Weighted]]
    without: Mapping[str, str]


def weighted_pass(
    trajectory: Trajectory,
    factory: Factory,
    weights: Mapping[str, Array],
    n_blocks: int,
    progress: Progress | None = None,
) -> Passed:
    """Every observable that can be weighted, with each of `weights`: name -> (F,), which sum to F.

    Raises ValueError unless there is one weight for each frame.
    """
    if wrong := [name for name, each in weights.items() if len(each) != trajectory.n_frames]:
        raise ValueError(f"want one weight for each of {trajectory.n_frames} frames: {', '.join(wrong)}")
    every = {RUN: np.ones(trajectory.n_frames)} | dict(weights)
    templates, unweightable = _weightable(trajectory, factory)
    edges = block_edges(trajectory.n_frames, n_blocks if trajectory.n_frames >= n_blocks else 1)
    each_frame = np.array(list(every.values()))
    blocks = [[[one.blank() for _ in every] for one in templates] for _ in edges[1:]]
    for done, block, chunk in split_at_blocks(trajectory.chunks(FRAMES_AT_ONCE), edges):
        seen = [frames_of(factory.views, chunk[i : i + 1]) for i in range(len(chunk))]
        for one, sets in zip(templates, blocks[block], strict=True):
            alone = _each_frame(one, chunk, seen)
            added = weighted_sums(alone, each_frame[:, done - len(chunk) : done])
            for total, more in zip(sets, added, strict=True):
                total.merge(more)
        if progress:
            progress(done, trajectory.n_frames)
    found, run = {}, {}
    for i, one in enumerate(templates):
        parts = {name: [block[i][number] for block in blocks] for number, name in enumerate(every)}
        found[one.name] = _concluded(one, parts)
        run[one.name] = _run_table(found[one.name][RUN].whole, parts[RUN], unweightable)
    return Passed(run, found, unweightable)


def _each_frame(one: Observable, chunk: Chunk, seen: Sequence[Mapping[str, InterfaceFrames]]) -> list[Observable]:
    """One that saw the first frame of the chunk alone, one the second, ..."""
    alone = [one.blank() for _ in seen]
    with blamed(one, "update"):
        for i, (each, views) in enumerate(zip(alone, seen, strict=True)):
            each.update(chunk[i : i + 1], views[one.face])
    return alone


def _run_table(whole: Observable, parts: Sequence[Observable], unweightable: Mapping[str, str]) -> Table:
    table = whole.table(parts if len(parts) > 1 else [])
    kept = {name: scalar for name, scalar in table.scalars.items() if _number(whole, name) not in unweightable}
    return replace(
        table,
        scalars=kept,
        group=table.group or whole.group,
        subject=table.subject or whole.subject,
        non_negative=table.non_negative or whole.non_negative,
    )


def _number(one: Observable, scalar: str) -> str:
    return f"{one.name}: {scalar}"


def _concluded(one: Observable, parts: Mapping[str, Sequence[Observable]]) -> dict[str, Weighted]:
    """Of each set of weights, blocks joined, and joined without each; weights sum to the number of frames in it."""
    counts = [part.n_frames for part in parts[RUN]]
    found = {}
    for name, blocks in parts.items():
        whole = _like(one)
        for block in blocks:
            whole.merge(block)
        rests = [_summing_to(rest, sum(counts) - n) for rest, n in zip(left_out(blocks), counts, strict=False)]
        found[name] = Weighted(_summing_to(whole, sum(counts)), rests)
    return found


def _like(one: Observable) -> Observable:
    """A blank one under the name and title that a view has given."""
    new = one.blank()
    new.face = one.face
    if one.face:
        new.name, new.title = one.name, one.title
    return new


def _summing_to(one: Observable, frames: float) -> Observable:
    """With weights that sum to `frames`, so that a mean over rows is the same as one over `n_frames`."""
    return weighted_sums([one], np.array([[frames / one.n_frames]]))[0] if one.n_frames else one


def _weightable(trajectory: Trajectory, factory: Factory) -> tuple[list[Observable], dict[str, str]]:
    """Observables to which a weighted frame is the same as a repeated one; which tables and numbers are not so."""
    last = trajectory.n_frames - 1
    frames = [trajectory.read(i, i + 1) for i in sorted({round(f * last) for f in np.linspace(0, 1, TRIAL_FRAMES)})]
    seen = [frames_of(factory.views, chunk) for chunk in frames]
    good, without = [], {}
    for one in factory():
        if not one.frame_sums:
            without[one.name] = NOT_A_SUM
            continue
        alone = [_each_frame(one, chunk, [views])[0] for chunk, views in zip(frames, seen, strict=True)]
        same, other_numbers = compared(alone)
        if same:
            good.append(one)
            without |= {_number(one, name): NOT_A_SUM for name in other_numbers}
        else:
            without[one.name] = NOT_A_SUM
    return good, without


def compared(alone: Sequence[Observable]) -> tuple[bool, list[str]]:
    """Whether a frame of weight 2 gives the table that two such frames give, and the numbers for which it does not.

    alone : instances that saw one frame each.
    """
    if not all(one.n_frames for one in alone):  # it does not look at every frame
        alone = [one for one in alone if one.n_frames]
        if not alone:
            return False, []
    weights = np.ones((1, len(alone)))
    weights[0, 0] = 2.0
    repeated = alone[0].blank()
    for one in (alone[0], *alone):
        repeated.merge(one)
    twice = _summing_to(weighted_sums(alone, weights)[0], len(alone))
    ours, theirs = columns(twice), columns(repeated)
    same = ours.keys() == theirs.keys() and all(_equal(ours[key], theirs[key]) for key in ours)
    if not same:
        return False, []
    mine, other = twice.table([]).scalars, repeated.table([]).scalars
    return True, [name for name in other if name not in mine or not _equal(mine[name].value, other[name].value)]


def _equal(a: Any, b: Any) -> bool:
    return np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True)


def columns(one: Observable) -> dict[str, Array]:
    """Columns of the result; of a series, whose rows are the frames, their means."""
    if not isinstance(one, Series):
        return one.result()
    found = list(one.result().items())[1:]
    return {header: np.atleast_1d(values.mean()) for header, values in found}


def bands_pass(
    trajectory: Trajectory, options: AnalysisOptions, weights: Mapping[str, Array], progress: Progress | None = None
) -> Passed:
    """`weighted_pass` with the observables that `analyse` would take, those of the log left out."""
    classes = observable_classes(options.extra)
    check_options(classes, options.options)
    names = None if options.names is None else [name for name in options.names if name not in FROM_THE_LOG]
    trajectory, what = examined(trajectory, options.slab, options.normal)
    factory, _ = factory_for(trajectory, what, replace(options, names=names), classes)
    return weighted_pass(trajectory, factory, weights, options.n_blocks, progress)
