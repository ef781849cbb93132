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
        cuda_size_GB=7.0,
        imports=("torch", "chgnet.model.dynamics"),
    ),
    "orb_models": Recipe(
        family="orb",
        requirements=("orb-models==0.5.5", "dftd3>=1.7"),
        torch="torch==2.13.0",
        size_GB=2.0,
        cuda_size_GB=7.0,
        imports=("torch", "orb_models.forcefield.calculator"),
    ),
    # of its 25 requirements, those that its potential imports; it names versions of torchvision that break torch 2.13
    "mattersim": Recipe(
        family="mattersim",
        requirements=(
            *("e3nn>=0.5", "opt-einsum-fx", "pymatgen", "scikit-learn", "torchmetrics>=0.10", "torch-ema>=0.3"),
            *("torch-geometric>=2.5.3", "torch-runstats>=0.2", "deprecated", "loguru", "requests", "setuptools<81"),
            "dftd3>=1.7",
        ),
        torch="torch==2.13.0",
        no_deps=("mattersim==1.2.3",),
        size_GB=2.1,
        cuda_size_GB=7.0,
        imports=("torch", "mattersim.forcefield"),
    ),
}
"""Top-level module -> recipe."""


def recipe_of(modules: Iterable[str]) -> Recipe:
    """Of the first module that belongs to a known package."""
    return next((KNOWN[top] for m in modules if (top := m.partition(".")[0]) in KNOWN), ANY)
