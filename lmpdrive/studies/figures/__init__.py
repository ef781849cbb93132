"""Figures of a study: one file each, with a function `draw(tables)` that yields `Drawn`; the folder is the registry."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmpdrive.studies.tables import Tables

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Drawn:
    """One figure.  order : place in the report; data : what it shows."""

    order: int
    name: str
    title: str
    caption: str
    figure: Figure
    data: pd.DataFrame


def draw_all(tables: Tables) -> list[Drawn]:
    """Of every file of this folder, in order."""
    return sorted(_each(tables), key=lambda drawn: drawn.order)


def _each(tables: Tables) -> Iterator[Drawn]:
    for info in pkgutil.iter_modules(__path__):
        yield from importlib.import_module(f"{__name__}.{info.name}").draw(tables)
