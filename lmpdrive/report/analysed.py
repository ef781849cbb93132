"""An analysed run: its tables and what its folder records about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lmpdrive.common.manifest import Manifest, read_manifest
from lmpdrive.common.shell import to_paste
from lmpdrive.errors import RunDirectoryError
from lmpdrive.observables.results import RESULTS, read_csv, read_results
from lmpdrive.observables.tables import Table
from lmpdrive.report.verdict import Verdict, verdict_of


@dataclass(frozen=True)
class Analysed:
    """One analysed run."""

    label: str
    folder: Path
    tables: dict[str, Table]
    about: dict[str, Any] = field(default_factory=dict)
    manifest: Manifest = field(default_factory=Manifest)

    @property
    def verdict(self) -> Verdict:
        """The one given when the run was analysed; of an older analysis, judged now."""
        content = self.about.get("verdict")
        if content is None:
            return verdict_of(self.tables, self.manifest)
        try:
            return Verdict.of(content)
        except (LookupError, TypeError) as error:
            raise RunDirectoryError(
                f"{self.folder}: the verdict in {RESULTS} cannot be read ({error}); analyse the run again"
            ) from None


def load(path: str | Path, label: str | None = None) -> Analysed:
    """The analysis in a run directory, in the folder given as `--out`, or in its `observables` folder.

    Raises RunDirectoryError if nothing there was analysed.
    """
    path = Path(path)
    name = label or path.resolve().name
    for folder in (path / "observables", path):
        if (folder / RESULTS).is_file():
            found = read_results(folder / RESULTS)
        elif folder.is_dir() and (read := read_csv(folder)).tables:
            found = read
        else:
            continue
        return Analysed(name, path, found.tables, found.about, read_manifest(folder.parent))
    raise RunDirectoryError(f"{path} has no observables/{RESULTS}: analyse it first: {to_paste('analyse', path)}")
