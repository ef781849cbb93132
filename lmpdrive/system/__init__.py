"""Config -> atoms: a metal/water/ion cell is built, or a structure is read; lengths in Å, charges in e.

>>> system = make_system(config)                    # doctest: +SKIP
>>> print("\\n".join(system.report.lines()))         # doctest: +SKIP
>>> write_data(system, "system.data", "full")       # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lmpdrive.config import Config
    from lmpdrive.system.data_file import write_data
    from lmpdrive.system.model import BuildReport, BuiltSystem, id_ranges
    from lmpdrive.system.overlaps import check_overlaps

__all__ = ["BuildReport", "BuiltSystem", "check_overlaps", "id_ranges", "make_system", "write_data"]

_HOME = {
    "BuildReport": "model",
    "BuiltSystem": "model",
    "check_overlaps": "overlaps",
    "id_ranges": "model",
    "write_data": "data_file",
}


def __getattr__(name: str) -> Any:
    # Lazy, so that `import lmpdrive.system` costs neither NumPy nor ASE.
    if name in _HOME:
        return getattr(importlib.import_module(f"lmpdrive.system.{_HOME[name]}"), name)
    raise AttributeError(f"module 'lmpdrive.system' has no attribute '{name}'")


def make_system(config: Config) -> BuiltSystem:
    """Build or read what `config.system` asks for.

    Raises StructureError, naming the value, the choices and the fix, when the structure cannot be built,
    cannot be read, or has overlapping atoms.
    """
    from lmpdrive.system.select_atoms import frozen, with_regions

    return with_regions(frozen(_made(config), config.dynamics.freeze), config.dynamics.thermostats)


def _made(config: Config) -> BuiltSystem:
    section, fixed_layers = config.system, config.dynamics.fixed_layers
    if section.build is not None:
        from lmpdrive.system.build import build

        return build(section.build, fixed_layers=fixed_layers, two_sided=section.two_sided)
    assert section.read is not None  # the config guarantees exactly one of the two
    from lmpdrive.system.place_ion import placed
    from lmpdrive.system.read import read

    system = read(
        section.read,
        elements=section.elements,
        fixed_layers=fixed_layers,
        two_sided=section.two_sided,
        slab=section.slab,
    )
    bias = config.dynamics.bias
    return placed(system, None if bias is None else bias.umbrella)
