"""An analysis that is on disk, without doing it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lmpdrive.common.run_files import MANIFEST, REPORT
from lmpdrive.stages.result import Result, numbers_of


def load(path: str | Path) -> Result:
    """What an analysis found, read from `observables/results.nc`: nothing is computed again.

    path : a run directory, or the folder that was given as `--out`.  Raises RunDirectoryError if nothing there was
    analysed, and TrajectoryError for a damaged file.
    """
    from lmpdrive.report.analysed import load as load_analysis

    found = load_analysis(path)
    folder = found.folder
    # an older analysis does not name its source, and Path("") would be whatever folder this is called in
    source = Path(found.about.get("source") or folder)
    run = next((place for place in (folder, source) if (place / MANIFEST).is_file()), None)
    scalars = {name: scalar for table in found.tables.values() for name, scalar in table.scalars.items()}
    page = folder / REPORT
    return Result(
        folder,
        found.manifest.state or "analysed",
        {name: table.data for name, table in found.tables.items()},
        numbers_of(found.tables["summary"].data) if "summary" in found.tables else {},
        page if page.is_file() else None,
        found.verdict,
        scalars,
        run,
        found.tables,
        found.about.get("opened_with", {}),
    )


def plain_arguments(given: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of `open_trajectory` as JSON has them, files by their absolute names."""

    def absolute(path: str | Path | Sequence[str | Path]) -> str | list[str]:
        return (
            str(Path(path).absolute()) if isinstance(path, str | Path) else [str(Path(one).absolute()) for one in path]
        )

    plain = {name: value.tolist() if hasattr(value, "tolist") else value for name, value in given.items()}
    files = {name: absolute(given[name]) for name in ("path", "data") if given.get(name) is not None}
    return {name: value for name, value in (plain | files).items() if value is not None}
