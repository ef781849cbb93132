"""`Result`: what a run or an analysis gave, for a script or a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmpdrive.errors import RunDirectoryError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd
    from ase import Atoms
    from matplotlib.axes import Axes

    from lmpdrive.observables.tables import Scalar, Table
    from lmpdrive.report.verdict import Verdict
    from lmpdrive.trajectory import Trajectory


@dataclass(frozen=True, repr=False)
class Result:
    """What a run or an analysis gave.

    In a notebook it shows itself: verdict, six numbers and the picture of the system.  Errors of `summary`, `scalars`
    and `tables` are one standard error (1σ); what is shown or drawn is 2σ, the 95 % interval, and says so.
    """

    directory: Path
    state: str
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    """Observable -> table with units in the column names, as in `observables/<name>.csv`."""
    summary: dict[str, Any] = field(default_factory=dict)
    """`"quantity [unit]"` -> (value, σ): one standard error, NaN where none is valid.  Terminal and report print 2σ."""
    report: Path | None = None
    verdict: Verdict | None = None
    """What is to be thought of it, in the words of the report; None where nothing was analysed."""
    scalars: dict[str, Scalar] = field(default_factory=dict)
    """Quantity -> its number, with unit, definition and what σ rests on."""
    run_directory: Path | None = None
    """Of the run; None for a trajectory from elsewhere.  `directory` may be another, with the results alone."""
    details: Mapping[str, Table] = field(default_factory=dict)
    """Observable -> its table with definition, notes, warnings and what its errors rest on."""
    opened_with: Mapping[str, Any] = field(default_factory=dict)
    """What `open_trajectory` is called with for the frames, where they are not those of `run_directory`."""

    @cached_property
    def trajectory(self) -> Trajectory:
        """All frames, as `lmpdrive.trajectory` reads them.

        Raises RunDirectoryError or TrajectoryError if there is none.
        """
        from lmpdrive.trajectory import open_trajectory

        if self.opened_with:
            return open_trajectory(**self.opened_with)
        if self.run_directory is None:
            raise RunDirectoryError(f"it is not known from which trajectory {self.directory} was made")
        return open_trajectory(self.run_directory)

    @property
    def atoms(self) -> Atoms:
        """The last frame, for ASE."""
        from lmpdrive.trajectory.converted import as_atoms

        return as_atoms(self.trajectory)

    def images(self, every: int = 1) -> list[Atoms]:
        """The frames for ASE: `ase.visualize.view(result.images(100))`."""
        from lmpdrive.trajectory.converted import as_images

        return as_images(self.trajectory, every)

    def universe(self, every: int = 1) -> Any:
        """The frames as a `MDAnalysis.Universe` in memory, in Å and ps."""
        from lmpdrive.trajectory.converted import as_universe

        return as_universe(self.trajectory, every)

    def plot(self, name: str, ax: Axes | None = None) -> Axes:
        """Draw a table, with its 95 % band (2σ), into matplotlib axes, new ones by default; returns the axes.

        Of a figure with two panels it is the upper one.  Raises RunDirectoryError for a table that is not there.
        """
        from lmpdrive.report.figures import draw_upper

        return draw_upper(self._table(name), ax)

    def _table(self, name: str) -> Table:
        if name in self.details and self.details[name].kind != "summary":
            return self.details[name]
        drawable = sorted(key for key, table in self.details.items() if table.kind != "summary")
        raise RunDirectoryError(
            f"no table {name!r} to plot{did_you_mean(name, drawable) or '.'} There are: {', '.join(drawable) or 'none'}"
        )

    def __repr__(self) -> str:
        parts = [f"{self.run_directory or self.directory}: {self.state}"]
        if self.verdict is not None:
            parts.append(self.verdict.text.rstrip("."))
        parts.append(f"{len(self.tables)} tables")
        return f"<Result {'; '.join(parts)}>"

    def _repr_html_(self) -> str:
        from lmpdrive.report.card import card

        return card(self.directory, self.state, self.verdict, self.scalars, self.run_directory, self.report)


def numbers_of(summary: pd.DataFrame) -> dict[str, Any]:
    """`Result.summary` of the table of all numbers."""
    return {f"{row.quantity} [{row.unit}]": (row.value, row.σ) for row in summary.itertuples()}
