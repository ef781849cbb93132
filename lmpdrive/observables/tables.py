"""`Table`: a pandas table with what a reader needs to believe it; `write_tables`: CSV files, atomically.

Column order of every CSV: z, t (or the histogram's variable), value, error σ; then further columns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lmpdrive.common.atomic import replacing
from lmpdrive.errors import TrajectoryError

if TYPE_CHECKING:
    import pandas as pd


NO_ERROR, LOWER_BOUND = "none: ", "lower bound: "
"""How the words for an error begin that is not valid."""


@dataclass(frozen=True)
class Scalar:
    """One number for the summary.

    error : σ of this very number (docs/analysis.md); 2σ is the 95 % interval.  NaN where none is valid.
    note : the region and the definition.
    source : what σ rests on ("10 blocks of 2 ps"), or why there is none.
    lower_bound : the true error may be larger than `error`.
    needs_same : what two systems must share for it to be compared: "atoms", "area", or "" where it depends on neither.
    headline : one of the few numbers that people look at first.
    """

    value: float
    error: float = float("nan")
    unit: str = ""
    note: str = ""
    source: str = ""
    lower_bound: bool = False
    needs_same: str = ""
    headline: bool = False

    @property
    def error_in_words(self) -> str:
        """What σ rests on, "lower bound: ..." or "none: ..."."""
        if math.isnan(self.error):
            return f"{NO_ERROR}{self.source}" if self.source else ""
        return f"{LOWER_BOUND}{self.source}" if self.lower_bound else self.source


@dataclass(frozen=True)
class Convergence:
    """A verdict on the error of a table.

    band : 2σ that nine of ten bins stay below, as a fraction of the largest |value| or, if `unit` is not "1", in the
        value's unit.
    target : what `band` is to reach.
    more_ps : run about this much longer [ps]; 0 if converged, NaN if times are not known.
    text : the verdict in words.
    """

    band: float
    target: float
    unit: str
    more_ps: float
    text: str


@dataclass(frozen=True)
class Reference:
    """A value to compare a column with, drawn as a line across its figure.

    label : what it is, with the value, e.g. "isotropic: −1/3".
    column : header of the column; empty: the table's value.
    """

    value: float
    label: str
    column: str = ""


@dataclass(frozen=True)
class Span:
    """A part of the first variable that a reader must know of, shaded in the figure: e.g. "not equilibrated"."""

    low: float
    high: float
    label: str


@dataclass(frozen=True, eq=False)
class Table:
    """One result.

    data : the variable(s) (`z [Å]`, `t [ps]`, ...), then the value, then its error σ, then further columns.
    kind : "profile", "series", "histogram", "correlation" (against a lag), "map" (two variables, long format)
        or "summary"; decides how it is drawn.
    equation : definition, plain text.
    notes : assumptions; warnings : what a reader must know before using the numbers.
    n_blocks : blocks behind σ (0: no error could be given); n_frames : frames or log rows averaged.
    statistical_inefficiency : frames per independent sample (NaN if not known).
    scalars : numbers for the summary.
    n_variables : columns before the value.
    references, spans : what the figure shows beside the data.
    non_negative : headers of columns whose quantity cannot be negative; their bands end at zero.
    subject : what the numbers are of, for the figure: "Na-O".
    group : chapter of the report: "water", "ions", "metal", "dynamics", "thermo"; empty: chosen by the name.
    convergence : is the error small enough, and how much longer to run; None where no verdict is given.
    source : what σ rests on, or why there is none; empty: `n_blocks` contiguous blocks.
    needs_same : as for `Scalar`.
    """

    name: str
    title: str
    kind: str
    data: pd.DataFrame
    equation: str = ""
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    n_blocks: int = 0
    n_frames: int = 0
    statistical_inefficiency: float = float("nan")
    scalars: Mapping[str, Scalar] = field(default_factory=dict)
    n_variables: int = 1
    references: tuple[Reference, ...] = ()
    spans: tuple[Span, ...] = ()
    non_negative: tuple[str, ...] = ()
    subject: str = ""
    group: str = ""
    convergence: Convergence | None = None
    source: str = ""
    needs_same: str = ""

    @property
    def n_effective(self) -> float:
        """Independent samples behind the table: frames over the statistical inefficiency; NaN if not known."""
        return self.n_frames / self.statistical_inefficiency

    @property
    def x(self) -> NDArray[np.float64]:
        """First column."""
        return self.data.iloc[:, 0].to_numpy(dtype=float)

    @property
    def value(self) -> NDArray[np.float64]:
        """The column after the variables."""
        return self.data.iloc[:, self.n_variables].to_numpy(dtype=float)

    @property
    def error(self) -> NDArray[np.float64]:
        """The column after the value, σ."""
        return self.data.iloc[:, self.n_variables + 1].to_numpy(dtype=float)


def write_tables(tables: Mapping[str, Table], folder: str | Path) -> list[Path]:
    """Write `<name>.csv` for each table into `folder` (made if needed), each to a temporary name and renamed.

    Returns the paths.  Raises TrajectoryError if the folder cannot be written.
    """
    folder = Path(folder)
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            path = folder / f"{name}.csv"
            with replacing(path) as temporary:
                table.data.to_csv(temporary, index=False, float_format="%.8g", encoding="utf-8")
            paths.append(path)
    except OSError as error:
        raise TrajectoryError(f"cannot write the tables to {folder}: {error.strerror}") from error
    return paths
