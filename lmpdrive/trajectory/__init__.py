"""Trajectories and logs -> numpy arrays: the only code that knows file formats.

    from lmpdrive.trajectory import open_trajectory, read_thermo
    trajectory = open_trajectory("run/")            # or a dump/DCD/extxyz, with data=... or elements=...
    for chunk in trajectory.chunks():
        chunk.positions                             # (F, N, 3) Å, read-only

Units: Å, ps, steps.  Nothing here needs LAMMPS.  Names are loaded on first use, so that importing the
package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lmpdrive.trajectory.frames import Chunk, Trajectory
    from lmpdrive.trajectory.logs.thermo import read_thermo, thermo_of
    from lmpdrive.trajectory.opening import open_trajectory
    from lmpdrive.trajectory.topology import Topology
    from lmpdrive.trajectory.views.discard import Discarded

_HOME = {
    "Chunk": "frames",
    "Discarded": "views.discard",
    "Topology": "topology",
    "Trajectory": "frames",
    "open_trajectory": "opening",
    "read_thermo": "logs.thermo",
    "thermo_of": "logs.thermo",
}
__all__ = ["Chunk", "Discarded", "Topology", "Trajectory", "open_trajectory", "read_thermo", "thermo_of"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
