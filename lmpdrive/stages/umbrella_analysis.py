"""From run directories of windows, or the folder of a set, to F(z), its figure and its page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lmpdrive.common.run_files import MANIFEST, REPORT
from lmpdrive.common.say import Say
from lmpdrive.errors import ConfigError, RunDirectoryError
from lmpdrive.observables.free_energy import LEAST_SAMPLES, FreeEnergy, Reference, Window, deviation, free_energy
from lmpdrive.stages.umbrella import window_of
from lmpdrive.stages.umbrella_set import is_set_directory, windows_in
from lmpdrive.stages.unbiased import bulk_heights, unbiased_window

if TYPE_CHECKING:
    import pandas as pd

    from lmpdrive.report.umbrella import Compared, Files

BIN_WIDTH_A = 0.2


@dataclass(frozen=True)
class UmbrellaRequest:
    """What is wanted of F(z).

    reference : "minimum", "bulk", or heights "8:10" [Å]: where F is zero.
    compare : runs without a bias, whose F(z) is set beside it.
    """

    bin_width_A: float = BIN_WIDTH_A
    reference: str = "minimum"
    compare: Sequence[str | Path] = ()


@dataclass(frozen=True, eq=False)
class UmbrellaResult:
    """F(z), what it was compared with, and the files that were written."""

    free_energy: FreeEnergy
    compared: Compared | None
    files: Files

    @property
    def table(self) -> pd.DataFrame:
        """z [Å], F(z) [eV] and σ F(z) [eV]."""
        return self.free_energy.table

    def lines(self) -> list[str]:
        """What a person wants to know first."""
        found = self.free_energy
        lines = [
            f"{len(found.windows)} windows, {len(found.z_A)} bins; the minimum is at {found.lowest_A:.2f} Å, the zero "
            f"at {found.reference}"
        ]
        lines += [f"warning: {warning}" for warning in found.warnings]
        if self.compared is not None:
            lines += [f"warning: without bias: {warning}" for warning in self.compared.unbiased.warnings]
            lines.append(f"against runs without bias: {self.compared.deviation.sentence}")
        return [*lines, f"{self.files.csv}, {self.files.beside('.png').name}, report: {self.files.page}"]


def analyse_umbrella(
    paths: Sequence[str | Path], out: str | Path | None, request: UmbrellaRequest, say: Say
) -> UmbrellaResult:
    """F(z) of the windows in `paths`, written to `out` (a CSV; default: into the set, or `umbrella.csv`).

    Raises RunDirectoryError and TrajectoryError for what is no window, and for windows that do not overlap; ConfigError
    for a reference that is none.
    """
    from lmpdrive.report.umbrella import Compared, write_umbrella

    folders = [folder for path in paths for folder in _folders(Path(path), say)]
    if not folders:
        raise RunDirectoryError(f"no window in {', '.join(map(str, paths))} has {LEAST_SAMPLES} heights yet")
    windows = [window_of(folder) for folder in folders]
    reference = _reference(request.reference, windows, folders, say)
    found = free_energy(windows, request.bin_width_A, reference)
    compared = None
    if request.compare:
        others = [unbiased_window(Path(path), windows[0].ion, say) for path in request.compare]
        other = free_energy([*others], request.bin_width_A)
        compared = Compared(other, deviation(found, other))
    files = _files([Path(path) for path in paths], out)
    title = f"F(z) of {windows[0].ion}: {', '.join(Path(path).resolve().name for path in paths[:3])}"
    write_umbrella(found, files, title + (", ..." if len(paths) > 3 else ""), compared)
    return UmbrellaResult(found, compared, files)


def _folders(path: Path, say: Say) -> list[Path]:
    """The path, or what has run of a set."""
    if not is_set_directory(path):
        return [path]
    planned = [folder for _, folder in windows_in(path)]
    there = [folder for folder in planned if (folder / MANIFEST).is_file()]
    ready = [folder for folder in there if len(window_of(folder).heights_A) >= LEAST_SAMPLES]
    if len(ready) < len(planned):
        say(f"warning: {len(ready)} of {len(planned)} windows of {path} have run so far; only these count")
    return ready


def _reference(text: str, windows: Sequence[Window], folders: Sequence[Path], say: Say) -> Reference:
    """Raises ConfigError for text that is none."""
    if text == "minimum":
        return None
    if text == "bulk":
        highest = max(range(len(windows)), key=lambda i: windows[i].at_A)
        low, high = bulk_heights(folders[highest], say)
        return low, min(high, windows[highest].at_A)
    try:
        low, high = (float(word) for word in text.split(":"))
    except ValueError:
        low, high = 0.0, 0.0
    if not low < high:
        raise ConfigError(f"--reference {text}: write minimum, bulk, or two heights in Å, as 8:10")
    return low, high


def _files(paths: Sequence[Path], out: str | Path | None) -> Files:
    from lmpdrive.report.umbrella import Files

    if out is not None:
        return Files(Path(out), Path(out).with_suffix(".html"))
    if len(paths) == 1 and is_set_directory(paths[0]):
        return Files(paths[0] / "free_energy.csv", paths[0] / REPORT)
    return Files(Path("umbrella.csv"), Path("umbrella.html"))
