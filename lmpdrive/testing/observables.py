"""The contract of an observable, as a test that anyone can run on theirs.

    from lmpdrive.testing import check_observable
    check_observable(MyObservable)

The frames are made here: a metal slab, a film of moving waters, ions, charges and velocities; none of it is physical.
A broken property is an AssertionError that names it.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive.observables.base import Observable, Settings
from lmpdrive.observables.bulk import Bulk
from lmpdrive.observables.interface import Interface
from lmpdrive.observables.reweighting.passing import compared
from lmpdrive.observables.tables import Table
from lmpdrive.trajectory.frames import Chunk, Trajectory
from lmpdrive.trajectory.topology import Topology

Array = NDArray[np.float64]

KINDS = ("profile", "series", "histogram", "correlation", "map")
HEADER = re.compile(r"\S.* \[[^\[\]]+\]")
TOLERANCE = 1e-6
"""Relative to the largest value of a column: sums in another order, and positions moved by whole cells, round."""


class SyntheticTrajectory(Trajectory):
    """Frames in memory.

    elements : (N,); positions, velocities : (F, N, 3) Å, Å/ps; cell : (3, 3) Å; charges_e : (N,).
    """

    def __init__(
        self, elements: NDArray[np.str_], positions: Array, velocities: Array, cell: Array, charges_e: Array
    ) -> None:
        super().__init__(Path("synthetic"))
        self.topology = Topology(elements, charges_e=charges_e)
        self.positions, self.velocities, self.cell = positions, velocities, cell
        self.steps = 100 * np.arange(len(positions))
        self.times_ps = np.asarray(self.steps * 5e-4, dtype=np.float64)

    def read(self, start: int, stop: int) -> Chunk:
        """Frames `start` to `stop` (exclusive)."""
        n = len(self.positions[start:stop])
        return Chunk(
            self.positions[start:stop].copy(),
            np.tile(self.cell, (n, 1, 1)),
            np.zeros((n, 3)),
            self.steps[start:stop].copy(),
            self.times_ps[start:stop].copy(),
            start,
            self.velocities[start:stop].copy(),
        )

    def moved(self, shift: Array, images: NDArray[np.int64]) -> SyntheticTrajectory:
        """All atoms shifted, wrapped into the cell, and single atoms moved by whole cells."""
        fraction = (self.positions + shift) @ np.linalg.inv(self.cell)
        wrapped: Array = np.asarray((fraction % 1.0 + images) @ self.cell, dtype=np.float64)
        return self._with(self.topology, wrapped, self.velocities)

    def reordered(self, order: NDArray[np.int64]) -> SyntheticTrajectory:
        """The same atoms in another order."""
        charges = self.topology.charges_e
        assert charges is not None
        topology = Topology(self.topology.elements[order], charges_e=charges[order])
        return self._with(topology, self.positions[:, order], self.velocities[:, order])

    def _with(self, topology: Topology, positions: Array, velocities: Array) -> SyntheticTrajectory:
        assert topology.charges_e is not None
        return SyntheticTrajectory(topology.elements, positions, velocities, self.cell, topology.charges_e)


def synthetic_trajectory(n_frames: int = 60, n_waters: int = 18, seed: int = 0) -> SyntheticTrajectory:
    """Au(4 layers of 9), water that diffuses and turns, two Na+ and a Cl-, over 50 fs steps."""
    rng = np.random.default_rng(seed)
    spacing, layer = 2.9, 2.4
    grid = np.array([(i * spacing, j * spacing, k * layer) for k in range(4) for i in range(3) for j in range(3)])
    cell = np.diag([3 * spacing, 3 * spacing, 40.0])
    metal = grid + rng.normal(scale=0.03, size=(n_frames, len(grid), 3))
    sites = np.array([(i * 2.9, j * 2.9, 9.9 + 2.9 * k) for k in range(6) for i in range(3) for j in range(3)])
    chosen = rng.permutation(len(sites))[: n_waters + 3]
    walk = np.cumsum(rng.normal(scale=0.04, size=(n_frames, n_waters + 3, 3)), axis=0)
    # no walk leaves its site by more than 0.5 Å, so that no two molecules meet
    centres = sites[chosen] + 0.5 * np.tanh(walk / 0.5)
    oxygen = centres[:, :n_waters]
    axis, arm = _turning(rng, n_frames, n_waters), _turning(rng, n_frames, n_waters)
    arm -= np.einsum("fwi,fwi->fw", arm, axis)[..., None] * axis
    arm /= np.linalg.norm(arm, axis=2, keepdims=True)
    half = np.radians(52.25)
    hydrogens = [oxygen + 0.96 * (np.cos(half) * axis + sign * np.sin(half) * arm) for sign in (1.0, -1.0)]
    waters = np.stack([oxygen, *hydrogens], axis=2).reshape(n_frames, -1, 3)
    positions = np.concatenate([metal, waters, centres[:, n_waters:]], axis=1)
    elements = np.array(["Au"] * len(grid) + ["O", "H", "H"] * n_waters + ["Na", "Na", "Cl"])
    charge = {"Au": -1.0 / len(grid), "O": -0.82, "H": 0.41, "Na": 1.0, "Cl": -1.0}
    velocities = rng.normal(scale=3.0, size=positions.shape)
    return SyntheticTrajectory(elements, positions, velocities, cell, np.array([charge[e] for e in elements]))


def _turning(rng: np.random.Generator, n_frames: int, n: int) -> Array:
    """(F, n, 3) unit vectors that turn slowly."""
    steps = rng.normal(scale=0.15, size=(n_frames, n, 3))
    steps[0] = rng.normal(size=(n, 3))
    vectors = np.cumsum(steps, axis=0)
    return vectors / np.linalg.norm(vectors, axis=2, keepdims=True)


def check_observable(
    cls: type[Observable],
    options: Mapping[str, Any] | None = None,
    trajectory: SyntheticTrajectory | None = None,
    translation_A: Sequence[float] = (1.234, -17.77, 33.3),
) -> None:
    """Raise AssertionError if `cls` breaks the contract of an observable.

    Parameters
    ----------
    options : its options, as in the YAML.
    trajectory : frames to use instead of `synthetic_trajectory()`, e.g. with the atoms that it needs.
    translation_A : moving everything by this must change nothing; (0, 0, 33.3) for maps over the cell's sides.
    """
    frames = trajectory or synthetic_trajectory()
    settings = Settings(
        frame_interval_ps=frames.frame_interval_ps,
        options={cls.family(): dict(options)} if options else {},
        bulk=Bulk(6.0, 14.0),
    )

    def instances(of: SyntheticTrajectory) -> list[Observable]:
        return list(cls.for_interface(Interface(of.topology, of.read(0, 1)), settings))

    _assert(
        bool(instances(frames)),
        cls,
        "for_interface",
        "gives no instance for a slab with water, Na and Cl; pass options= or trajectory= with what it needs",
    )
    for number, one in enumerate(instances(frames)):

        def make(of: SyntheticTrajectory = frames, number: int = number) -> Observable:
            return instances(of)[number]

        _check_instance(one, make, frames, np.asarray(translation_A, dtype=float))


def _check_instance(
    one: Observable, make: Callable[..., Observable], frames: SyntheticTrajectory, shift: Array
) -> None:
    _check_words(one)
    _check_guard(one)
    whole = _filled(make(), frames)
    checks = {
        "merging": lambda: _check_merging(whole, make, frames),
        "chunking": lambda: _check_chunks(whole, make, frames),
        "the table of blocks": lambda: _check_blocks(make, frames),
        "moving or reordering atoms": lambda: _check_symmetry(whole, make, frames, shift),
        "sending to another process": lambda: _check_pickle(whole),
        "weighting frames": lambda: _check_weights(one, make, frames),
    }
    for what, check in checks.items():
        try:
            check()
        except AssertionError:
            raise
        except Exception as error:
            raise AssertionError(f"{_who(one)}: {what} raises {type(error).__name__}: {error}") from error


def _filled(
    one: Observable, frames: SyntheticTrajectory, start: int = 0, stop: int | None = None, size: int = 10_000
) -> Observable:
    """`one` after the frames `start` to `stop`, `size` at a time."""
    interface = Interface(frames.topology, frames.read(0, 1))
    stop = frames.n_frames if stop is None else stop
    for first in range(start, stop, size):
        chunk = frames.read(first, min(first + size, stop))
        before = chunk.positions.copy()
        try:
            one.update(chunk, interface.frames(chunk))
        except ValueError as error:
            if "read-only" not in str(error):
                raise
            raise AssertionError(f"{_who(one)}: frames are read-only: update() changes them ({error})") from error
        _assert(bool((chunk.positions == before).all()), one, "frames are read-only", "update() changes them")
    return one


def _check_words(one: Observable) -> None:
    for word in ("name", "title"):
        text = getattr(one, word, "")
        _assert(isinstance(text, str) and bool(text), one, word, "is empty: people read it")
    _assert(
        re.fullmatch(r"[A-Za-z0-9_.+-]+", one.name) is not None,
        one,
        "name",
        f"{one.name!r} is a file's name: letters, digits, _ . + - only",
    )
    _assert(bool(one.equation), one, "equation", "is empty: a number without a definition is of no use")


def _check_guard(one: Observable) -> None:
    try:
        one.result()
    except RuntimeError:
        return
    except Exception as error:
        raise AssertionError(
            f"{_who(one)}: result() before the first frame raises {type(error).__name__}: {error}; call "
            "self._need_frames(), which raises RuntimeError"
        ) from error
    raise AssertionError(f"{_who(one)}: result() before the first frame must raise RuntimeError (_need_frames())")


def _check_blocks(make: Callable[[], Observable], frames: SyntheticTrajectory) -> None:
    """Tables from ten blocks and from one: units, errors, and the numbers of `result`."""
    for n_blocks in (10, 1):
        edges = [frames.n_frames * i // n_blocks for i in range(n_blocks + 1)]
        parts = [_filled(make(), frames, a, b) for a, b in pairwise(edges)]
        whole = make()
        for part in parts:
            whole.merge(part)
        table = whole.table(parts)
        _check_table(whole, table)
        _assert(whole.n_frames == frames.n_frames, whole, "merging", "n_frames is not the sum of the parts'")
        _assert(
            table.n_blocks == 0 or (n_blocks == 10 and table.n_blocks >= 2),
            whole,
            "errors",
            f"{n_blocks} blocks give a table with n_blocks = {table.n_blocks}; want the parts behind σ, 0 without σ",
        )
        if n_blocks == 1:
            _assert(bool(np.isnan(table.error).all()), whole, "errors", "one block gives an error; it must be NaN")
        for header, values in whole.result().items():
            _assert(header in table.data, whole, "units", f"result() has a column {header!r} that table() has not")
            _same(whole, "table() has the numbers of result()", header, np.asarray(values), table.data[header])


def _check_table(one: Observable, table: Table) -> None:
    headers = [str(header) for header in table.data.columns]
    _assert(table.kind in KINDS, one, "kind", f"is {table.kind!r}; choices: {', '.join(KINDS)}")
    _assert(table.name == one.name, one, "name", f"of the table is {table.name!r}")
    n = table.n_variables
    _assert(len(headers) > n + 1, one, "columns", f"are {headers}; want variable(s), value, σ")
    for header in headers:
        _assert(
            HEADER.fullmatch(header) is not None,
            one,
            "units",
            f"column {header!r} has no unit: write 'name [unit]', and [1] for a plain number",
        )
    value, error = headers[n], headers[n + 1]
    _assert(error.startswith("σ"), one, "units", f"the column after the value {value!r} is {error!r}; want its σ")
    units = [header[header.rindex("[") :] for header in (value, error)]
    _assert(units[0] == units[1], one, "units", f"σ has the unit {units[1]}, its value {units[0]}")
    for name, scalar in table.scalars.items():
        _assert(bool(scalar.unit), one, "units", f"the number {name!r} has no unit; write '1' for a plain number")


def _check_chunks(whole: Observable, make: Callable[[], Observable], frames: SyntheticTrajectory) -> None:
    for size in (1, 7):
        other = _filled(make(), frames, size=size)
        _compare(whole, other, f"chunking (chunks of {size} frames)")


def _check_merging(whole: Observable, make: Callable[[], Observable], frames: SyntheticTrajectory) -> None:
    """Parts merged into the first, and into a fresh one; the merged parts must stay as they were."""
    n = frames.n_frames
    for cuts in ([0, n // 3, n], [0, 1, n // 2, n]):
        for fresh in (False, True):
            parts = [_filled(make(), frames, a, b) for a, b in pairwise(cuts)]
            target = make() if fresh else parts.pop(0)
            before = [part.result() for part in parts]
            for part in parts:
                target.merge(part)
            where = f"merging (cut at {cuts[1:-1]}{', into a new one' if fresh else ''})"
            _compare(whole, target, where)
            for part, columns in zip(parts, before, strict=True):
                for header, values in columns.items():
                    _same(part, f"{where} leaves the other as it was", header, values, part.result()[header])


def _check_symmetry(
    whole: Observable, make: Callable[..., Observable], frames: SyntheticTrajectory, shift: Array
) -> None:
    rng = np.random.default_rng(1)
    still = np.zeros(frames.positions.shape, dtype=np.int64)
    moved = frames.moved(shift, still)
    _compare(whole, _filled(make(moved), moved), "translation")
    scattered = frames.moved(np.zeros(3), rng.integers(-2, 3, frames.positions.shape))
    _compare(whole, _filled(make(scattered), scattered), "choice of periodic images")
    shuffled = frames.reordered(rng.permutation(frames.n_atoms))
    _compare(whole, _filled(make(shuffled), shuffled), "order of the atoms")


def _check_weights(one: Observable, make: Callable[[], Observable], frames: SyntheticTrajectory) -> None:
    """Where sums are named, a frame of weight 2 is two frames."""
    if not one.frame_sums:
        return
    alone = [_filled(make(), frames, frame, frame + 1) for frame in (0, frames.n_frames // 2, frames.n_frames - 1)]
    _assert(
        compared(alone)[0],
        one,
        "frame_sums",
        f"{', '.join(one.frame_sums)}: with them doubled, a frame is not the same as two frames; name every sum over "
        "frames, and nothing else, or leave it empty",
    )


def _check_pickle(whole: Observable) -> None:
    try:
        back = pickle.loads(pickle.dumps(whole))
    except Exception as error:
        raise AssertionError(
            f"{_who(whole)}: cannot be sent to another process (--parallel): {type(error).__name__}: {error}"
        ) from error
    _compare(whole, back, "sending to another process")


def _compare(one: Observable, other: Observable, what: str) -> None:
    a, b = one.result(), other.result()
    _assert(list(a) == list(b), one, what, f"changes the columns: {list(a)} and {list(b)}")
    for header in a:
        _same(one, what, header, np.asarray(a[header]), np.asarray(b[header]))


def _same(one: Observable, what: str, header: str, a: Any, b: Any) -> None:
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    _assert(a.shape == b.shape, one, what, f"changes the number of rows of {header!r}: {len(a)} and {len(b)}")
    scale = float(np.abs(a[np.isfinite(a)]).max(initial=0.0))
    wrong = ~np.isclose(a, b, rtol=TOLERANCE, atol=TOLERANCE * scale, equal_nan=True)
    if wrong.any():
        row = int(np.flatnonzero(wrong.ravel())[0])
        raise AssertionError(
            f"{_who(one)}: {what} changes {header!r} in {int(wrong.sum())} of {a.size} rows, "
            f"first in row {row}: {a.ravel()[row]:.8g} and {b.ravel()[row]:.8g}"
        )


def _assert(true: bool, one: Observable | type[Observable], what: str, text: str) -> None:
    if not true:
        raise AssertionError(f"{_who(one)}: {what}: {text}")


def _who(one: Observable | type[Observable]) -> str:
    cls = one if isinstance(one, type) else type(one)
    name = getattr(one, "name", "")
    return f"{cls.__name__} ({name})" if isinstance(name, str) and name and name != cls.__name__ else cls.__name__


def check_file(path: str | Path, options: Mapping[str, Mapping[str, Any]] | None = None) -> list[str]:
    """`check_observable` for every observable of a file; returns their class names."""
    from lmpdrive.observables.registry import load_file

    classes: Sequence[type[Observable]] = load_file(Path(path))
    for cls in classes:
        check_observable(cls, (options or {}).get(cls.family()))
    return [cls.__name__ for cls in classes]
