"""What an observable is: running sums over frames that can be merged, so chunks, blocks and processes come free.

To add one, add a file to this folder with a class that derives from `Observable` (or `Profile`, `Series`),
sets `name`, `title`, `equation`, and implements `update`, `merge`, `result`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from lmpdrive.common.values import Values
from lmpdrive.errors import ConfigError, did_you_mean
from lmpdrive.observables.blocks import statistical_inefficiency
from lmpdrive.observables.bulk import UNKNOWN, Bulk
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.tables import Reference, Table
from lmpdrive.trajectory.frames import Chunk

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Settings:
    """What the caller of `analyse` chose, and what every observable of one trajectory shares.

    bin_width_A : Δz of the profiles [Å].
    times_known : False if frames carry steps only.
    frame_interval_ps : time between frames [ps]; NaN for one frame or unknown times.
    options : observable (its file's name) -> its options, as under `observables.options` in the YAML.
    bulk : where water is bulk-like in this trajectory, found before the pass; only for classes with `needs_bulk`.
    """

    bin_width_A: float = 0.1
    times_known: bool = True
    frame_interval_ps: float = float("nan")
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    bulk: Bulk = UNKNOWN
    validated: dict[type, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Class -> its options once they were validated: blank observables are made by the thousand."""


class Options(Values):
    """Options of an observable; a subclass inside the observable adds fields with units in their names.

    The string below a field documents it; `lmpdrive observables` shows it.
    """


class Observable(ABC):
    """One quantity, accumulated over frames.

    Attributes
    ----------
    name : file name of the table, e.g. "water_density".
    title, equation : for people.
    group : chapter of the report: "water", "ions", "metal", "dynamics", "thermo"; empty: chosen by the name.
    non_negative : headers of columns whose quantity cannot be negative, such as a density.
    subject : what the numbers are of, shown in the figure: "Na-O".
    options : validated options, an instance of the class's `Options`.
    n_frames : frames seen.
    needs_bulk : it reads `settings.bulk`.
    per_face : it depends on the surface that distances are measured from: with two electrodes there is one for each.
    face : "lower" or "upper" where there is one for each, else empty.
    frame_sums : attributes that are sums over frames, from which the result follows: numbers, arrays, `Bins`, or
        sequences or dictionaries of them.  With them named, frames can be weighted (docs/uncertainty.md); empty
        where a result is no function of such sums.
    """

    name: str
    title: str
    equation: ClassVar[str] = ""
    group: ClassVar[str] = ""
    needs_bulk: ClassVar[bool] = False
    per_face: ClassVar[bool] = False
    frame_sums: ClassVar[tuple[str, ...]] = ()
    face: str = ""
    non_negative: tuple[str, ...] = ()
    subject: str = ""
    Options: ClassVar[type[BaseModel]] = Options

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Remembers what it is made with, for `blank`."""
        one = super().__new__(cls)
        one._made_with = args, kwargs
        return one

    _made_with: tuple[tuple[Any, ...], dict[str, Any]]

    def blank(self) -> Self:
        """A new one of the same kind, which has seen no frame."""
        args, kwargs = self._made_with
        return type(self)(*args, **kwargs)

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.options: Any = self.read_options(settings)
        self.n_frames = 0

    @classmethod
    def family(cls) -> str:
        """The file's name: what options are filed under, and what `names` may select as a whole."""
        return cls.__module__.rpartition(".")[2]

    @classmethod
    def read_options(cls, settings: Settings) -> Any:
        """The options given for this observable, validated.

        Raises ConfigError naming the option, its value and the choices.
        """
        if cls in settings.validated:
            return settings.validated[cls]
        given = settings.options.get(cls.family(), {})
        try:
            return settings.validated.setdefault(cls, cls.Options(**given))
        except ValidationError as error:
            first, choices = error.errors()[0], list(cls.Options.model_fields)
            at = ".".join(str(part) for part in first["loc"])
            what = f"{first['msg']} (got {first.get('input')!r})"
            if first["type"] == "extra_forbidden":
                what = f"unknown option{did_you_mean(at, choices)}"
            raise ConfigError(
                f"observables.options.{cls.family()}.{at}: {what}; options: {', '.join(choices) or 'none'}"
            ) from error

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """Instances that make sense for this system: one by default, none if what it needs is missing."""
        return [cls(settings)]

    @abstractmethod
    def update(self, chunk: Chunk, interface: InterfaceFrames) -> None:
        """Add the frames of a chunk."""

    @abstractmethod
    def merge(self, other: Self) -> None:
        """Add the frames that `other` saw, which come after this one's."""

    @abstractmethod
    def result(self) -> dict[str, Array]:
        """Columns by header (variable first, then the value), without errors.

        Raises RuntimeError before the first frame.
        """

    @abstractmethod
    def table(self, blocks: Sequence[Self]) -> Table:
        """Result with errors from contiguous blocks; fewer than two blocks give NaN errors."""

    def references(self) -> tuple[Reference, ...]:
        """Values to compare the result with: of bulk water, of no order."""
        return ()

    def sampled(self) -> Array | None:
        """(n_frames,) the per-frame quantity that stands for this one in time; None if it keeps none.

        Equilibration is detected from it.
        """
        return None

    def _need_frames(self) -> None:
        if self.n_frames == 0:
            raise RuntimeError(f"{self.name}: no frame was added yet; call update() first")


TOO_SHORT = "A block is shorter than the correlation time"
TOO_FEW = "Too few frames for block averages"
SHORT_OF_LAGS = "The run is shorter than the longest lag"
NO_ERROR = "No valid error can be given"


def sampling_warnings(series: Array, n_blocks: int) -> tuple[float, tuple[str, ...]]:
    """Statistical inefficiency of a per-frame series, and the warnings that belong to error bars from it."""
    inefficiency = statistical_inefficiency(series)
    if n_blocks < 2:
        return inefficiency, (f"{TOO_FEW} ({len(series)}): no errors are given.",)
    length = len(series) / n_blocks
    if np.isfinite(inefficiency) and length < inefficiency:
        return inefficiency, (
            f"{TOO_SHORT}: {length:.3g} frames against a statistical inefficiency of {inefficiency:.3g}; "
            "the errors are too small, run longer.",
        )
    return inefficiency, ()
