"""Frames -> tables with error bars.

    from lmpdrive.observables import analyse, write_tables
    tables = analyse(trajectory, thermo=thermo)     # {"water_density": Table, ...}
    tables["water_density"].data                    # pandas: z [Å], ρ [g/cm^3], σ [g/cm^3]

One file per observable; a class in this folder that derives from `Observable` is found automatically.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lmpdrive.observables.analysis import analyse, equilibrated_after_ps
    from lmpdrive.observables.base import Observable
    from lmpdrive.observables.interface import Interface, InterfaceFrames
    from lmpdrive.observables.options import AnalysisOptions
    from lmpdrive.observables.registry import check_options, observable_classes
    from lmpdrive.observables.results import describe, read_results, write_results
    from lmpdrive.observables.tables import Table, write_tables

_HOME = {
    "AnalysisOptions": "options",
    "Interface": "interface",
    "InterfaceFrames": "interface",
    "Observable": "base",
    "Table": "tables",
    "analyse": "analysis",
    "equilibrated_after_ps": "analysis",
    "check_options": "registry",
    "describe": "results",
    "observable_classes": "registry",
    "read_results": "results",
    "write_results": "results",
    "write_tables": "tables",
}
__all__ = [
    "AnalysisOptions",
    "Interface",
    "InterfaceFrames",
    "Observable",
    "Table",
    "analyse",
    "check_options",
    "describe",
    "equilibrated_after_ps",
    "observable_classes",
    "read_results",
    "write_results",
    "write_tables",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
