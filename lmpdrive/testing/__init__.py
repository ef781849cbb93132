"""Contracts as tests that anyone can run on their own observable or architecture.

    from lmpdrive.testing import check_observable, check_architecture
    check_observable(MyObservable)
    check_architecture({"architecture": "./mine.py", "model": "my.pt"}, atoms)

A broken property is an AssertionError that names it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lmpdrive.testing.architectures import check_architecture
    from lmpdrive.testing.observables import (
        SyntheticTrajectory,
        check_file,
        check_observable,
        synthetic_trajectory,
    )

_HOME = {
    "SyntheticTrajectory": "observables",
    "check_architecture": "architectures",
    "check_file": "observables",
    "check_observable": "observables",
    "synthetic_trajectory": "observables",
}
__all__ = ["SyntheticTrajectory", "check_architecture", "check_file", "check_observable", "synthetic_trajectory"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
