"""Load the scripts that write pages of docs/."""

from __future__ import annotations

import importlib.util
from types import ModuleType

from tests.conftest import ROOT


def script(name: str) -> ModuleType:
    """docs/<name>.py as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
