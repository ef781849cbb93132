"""Environments of packages whose calculators are known to run; any other goes into the environment `ase`."""

from __future__ import annotations

from collections.abc import Iterable

from lmpdrive.environments import Recipe

ANY = Recipe(
    family="ase",
    requirements=("dftd3>=1.7",),
    size_GB=1.0,
    named_by_user="the calculator's package",
    imports=("ase", "dftd3"),
)
"""What the user adds a package to."""

KNOWN = {
    "chgnet": Recipe(
        family="chgnet",
        requirements=("chgnet==0.4.2", "dftd3>=1.7"),
        torch="torch==2.13.0",
        size_GB=2.0,
        imports=("torch", "chgnet.model.dynamics"),
    ),
}
"""Top-level module -> recipe."""


def recipe_of(modules: Iterable[str]) -> Recipe:
    """Of the first module that belongs to a known package."""
    return next((KNOWN[top] for m in modules if (top := m.partition(".")[0]) in KNOWN), ANY)
