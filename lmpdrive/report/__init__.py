"""Tables -> figures (PNG, SVG) and one HTML page that opens offline.

from lmpdrive.report import write_report
write_report("run/", tables, thermo, manifest)  # -> run/report.html and run/observables/*.svg
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lmpdrive.report.figures import write_figures
    from lmpdrive.report.page import write_report

_HOME = {"write_figures": "figures", "write_report": "page"}
__all__ = ["write_figures", "write_report"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


class _AlsoTheFunction(ModuleType):
    """Python puts this folder where `lmpdrive.report(run_dir)`, the function, is: so the folder can be called as it."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        from importlib import import_module

        return import_module("lmpdrive.pipeline").report(*args, **options)


sys.modules[__name__].__class__ = _AlsoTheFunction
