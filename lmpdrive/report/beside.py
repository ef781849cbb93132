"""Links from a page to the files that lie beside it, relative, so that the folder can be moved or packed as a whole."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from lmpdrive.common.run_files import CONFIG, DATA, DECK, FINAL_DATA, LOG, MANIFEST

OF_A_RUN = (
    ("deck", DECK),
    ("input with all defaults", CONFIG),
    ("structure", DATA),
    ("trajectory", "traj.dcd"),
    ("trajectory as text", "traj.lammpstrj"),
    ("last structure", FINAL_DATA),
    ("log", LOG),
    ("manifest", MANIFEST),
)
OF_AN_ANALYSIS = (
    ("figures to zoom, and the trajectory", "interactive.html"),
    ("all tables in one file", "observables/results.nc"),
    ("numbers", "observables/summary.csv"),
)

Link = tuple[str, str]
"""Words and address."""


def links(page_folder: Path, run: Path | None) -> list[Link]:
    """Those of the files of the analysis and of the run that are there."""
    every = [(words, page_folder / name) for words, name in OF_AN_ANALYSIS]
    every = [(words, run / name) for words, name in OF_A_RUN if run is not None] + every
    return [(f"{words} ({file.name})", _address(page_folder, file)) for words, file in every if file.is_file()]


def links_of_table(page_folder: Path, name: str) -> list[Link]:
    """CSV, PNG and SVG of one table, as far as they were written."""
    files = [page_folder / "observables" / f"{name}.{ending}" for ending in ("csv", "png", "svg")]
    return [(file.suffix[1:].upper(), _address(page_folder, file)) for file in files if file.is_file()]


def _address(page_folder: Path, file: Path) -> str:
    return quote(Path(os.path.relpath(file, page_folder)).as_posix())
