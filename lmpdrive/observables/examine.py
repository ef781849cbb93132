"""Before the pass: what the atoms of a trajectory are, with what the user says about the slab, and the axes turned.

    slab       "Ti O bonded to Ti"   elements, each of them alone or with what it must be bonded to
               "1:144"               LAMMPS ids;  "none": there is no slab
               "metal"               a group of the run
               {indices: [0, 1]}     0-based;  also {element: ...}, {group: ...}, {mda: "prop z < 12"} (MDAnalysis)
    normal     "x", "y" or "z": the cell vector that leaves the slab; default: where the slab ends

A trajectory whose slab has its normal along x or y is turned: its axes are renamed in cyclic order, so that the normal
is the third one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive.constituents import Constituents, by_elements
from lmpdrive.errors import ConfigError, did_you_mean
from lmpdrive.observables.interface import constituents_of
from lmpdrive.trajectory.frames import Chunk, Trajectory
from lmpdrive.trajectory.topology import Topology, parse_id_ranges
from lmpdrive.trajectory.views.turned import Turned

Atoms = NDArray[np.int64]
Slab = str | Mapping[str, Any]

CONFIGURATIONS = 5
"""Spread over the run: a bond that lasts is there in most of them."""
MOST_ATOMS = 200_000
"""Of all configurations together."""

AXES = "xyz"
NORMALS = ("x", "y", "z")


def examined(
    trajectory: Trajectory, slab: Slab | None = None, normal: str | None = None
) -> tuple[Trajectory, Constituents]:
    """The trajectory with its normal along the third axis, and what its atoms are.

    Raises ConfigError for a slab or a normal that is none.
    """
    if normal is not None and normal not in NORMALS:
        raise ConfigError(f"normal: {normal!r}; want the cell vector that leaves the slab: x, y or z")
    frames = _some(trajectory)
    topology = trajectory.topology
    atoms = None if slab is None else slab_from(slab, topology, frames[0])
    axis = None if normal is None else AXES.index(normal)
    what = constituents_of(topology, frames, atoms, axis)
    if what.normal == 2:
        return trajectory, what
    turned = Turned(trajectory, what.normal)
    turned.notes.append(
        f"The slab's normal is along {AXES[what.normal]}: z is the distance along it, and the axes are "
        f"{AXES[(what.normal + 1) % 3]}, {AXES[(what.normal + 2) % 3]}, {AXES[what.normal]} in this order."
    )
    frames = _some(turned)
    again = constituents_of(topology, frames, what.slab if what.slabs else atoms, 2)
    return turned, replace(again, axis=AXES[what.normal])


def _some(trajectory: Trajectory) -> list[Chunk]:
    """Some single frames, spread over the run; of a file that cannot seek, of its beginning."""
    n = max(1, min(CONFIGURATIONS, MOST_ATOMS // trajectory.n_atoms, trajectory.n_frames))
    if not trajectory.seeks:
        chunk = next(iter(trajectory.chunks()))
        return [chunk[k : k + 1] for k in np.unique(np.linspace(0, len(chunk) - 1, n).astype(int))]
    places = np.unique(np.linspace(0, trajectory.n_frames - 1, n).astype(int))
    return [trajectory.read(int(k), int(k) + 1) for k in places]


def slab_from(slab: Slab, topology: Topology, first: Chunk) -> Atoms:
    """The atoms that were named as the slab (see the top of this file).

    Raises ConfigError for what names no atom.
    """
    where = f"slab: {slab!r}"
    if isinstance(slab, Mapping):
        return _from_mapping(slab, topology, first, where)
    text = slab.strip()
    if text.lower() == "none":
        return np.zeros(0, dtype=np.int64)
    if text in topology.groups:
        return topology.groups[text]
    if re.fullmatch(r"[\d:,\s]+", text):
        return parse_id_ranges(re.sub(r"\s+", ",", text), topology.n_atoms)
    found = by_elements(text, topology.elements, np.asarray(first.positions[0], dtype=float), first.cells[0])
    if found is None:
        return _by_mdanalysis(text, topology, first, where)
    if not len(found):
        raise ConfigError(f"{where} names no atom of this system, whose elements are {_elements(topology)}")
    return found


def _elements(topology: Topology) -> str:
    return ", ".join(sorted(set(topology.elements.tolist())))


def _from_mapping(slab: Mapping[str, Any], topology: Topology, first: Chunk, where: str) -> Atoms:
    kinds = ("element", "group", "indices", "mda")
    if len(slab) != 1 or next(iter(slab)) not in kinds:
        raise ConfigError(f"{where} is no selection; want exactly one of {', '.join(kinds)}, e.g. {{element: [Ti, O]}}")
    kind, value = next(iter(slab.items()))
    if kind == "mda":
        return _by_mdanalysis(str(value), topology, first, where)
    if kind == "indices":
        atoms = np.unique(np.asarray(value))
        if not atoms.size or atoms.dtype.kind not in "iu" or atoms.min() < 0 or atoms.max() >= topology.n_atoms:
            raise ConfigError(f"{where}: want whole numbers from 0 to {topology.n_atoms - 1} (0-based)")
        return atoms.astype(np.int64)
    if kind == "group":
        if value not in topology.groups:
            choices = ", ".join(topology.groups) or "none"
            raise ConfigError(
                f"{where}: no group {value!r}{did_you_mean(str(value), topology.groups) or '.'} There are: {choices}"
            )
        return topology.groups[value]
    names = [value] if isinstance(value, str) else list(value)
    found = np.flatnonzero(np.isin(topology.elements, names))
    if not len(found):
        raise ConfigError(f"{where} names no atom of this system, whose elements are {_elements(topology)}")
    return found


def _by_mdanalysis(text: str, topology: Topology, first: Chunk, where: str) -> Atoms:
    from lmpdrive.observables.mda_selection import MdaSelection

    selection = MdaSelection(text, topology, topology.groups, where)
    found = selection.fixed
    if found is None:
        found = np.flatnonzero(selection.inside(first)[0])
    if not len(found):
        raise ConfigError(f"{where} selects no atom in the first frame")
    return found
