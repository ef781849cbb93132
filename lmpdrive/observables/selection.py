"""Selections: which atoms, named by element, group, region, index or an MDAnalysis selection string.

    "Na"                                      an element, or else a group: "water", "metal", "ions", "fixed"
    {element: [Na, K]}                        one element or several
    {group: fixed}                            a group of the run; water, metal, ions, layer_<n> are known for any file
    {indices: [0, 1, 2]}                      0-based, in the order of ids
    {mda: "name O and prop z < 20"}           MDAnalysis (Gowers et al., Proc. SciPy 2016); `name`, `type` and `element`
                                              are the element, `group water` is a group; Å, as in the file
    {element: O, region: "0 < z <= 4.5"}      of those, the atoms at this distance [Å] from the surface, frame by frame

Element, group and indices are fixed sets of atoms; a region, and an MDAnalysis string that needs positions, are
evaluated in every frame.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import ConfigError, did_you_mean
from lmpdrive.observables.base import Array
from lmpdrive.observables.interface import Interface
from lmpdrive.observables.mda_selection import MdaSelection
from lmpdrive.trajectory.frames import Chunk

KINDS = ("element", "group", "indices", "mda")

Atoms = NDArray[np.int64]

_COMPARE: dict[str, Callable[[Array, float], NDArray[np.bool_]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_FLIP = {"<": ">", "<=": ">="}
_NUMBER = r"([-+]?\d+(?:\.\d*)?|[-+]?\.\d+)"
_REGION = re.compile(rf"(?:{_NUMBER}\s*(<=|<)\s*)?z(?:\s*(<=|<|>=|>)\s*{_NUMBER})?")


@dataclass(frozen=True)
class Region:
    """A stretch of the distance from the surface, from `"z < 4.5"` or `"2 <= z < 4.5"`."""

    text: str
    _tests: tuple[tuple[str, float], ...]

    def holds(self, z: Array) -> NDArray[np.bool_]:
        """True where the distance lies in the region."""
        inside = np.ones(z.shape, dtype=bool)
        for sign, limit in self._tests:
            inside &= _COMPARE[sign](z, limit)
        return inside


def read_region(text: str, where: str) -> Region:
    """A region from its text; raises ConfigError that names `where` and shows an example."""
    match = _REGION.fullmatch(str(text).strip())
    tests = []
    if match and match[1]:
        tests.append((_FLIP[match[2]], float(match[1])))
    if match and match[4]:
        tests.append((match[3], float(match[4])))
    if not tests:
        raise ConfigError(f'{where}: region {text!r}; want a distance in Å, e.g. "z < 4.5" or "0 < z <= 4.5"')
    return Region(str(text), tuple(tests))


@dataclass(frozen=True)
class Selection:
    """Some atoms: `atoms` may be in it, `inside` gives which of them are, in each frame and for each surface."""

    atoms: Atoms
    region: Region | None = None
    mda: MdaSelection | None = None

    def inside(self, chunk: Chunk, distances: Array) -> NDArray[np.bool_]:
        """(S, F, n) from the (S, F, n) distances of `atoms` from each surface."""
        inside = self.region.holds(distances) if self.region else np.ones(distances.shape, dtype=bool)
        return inside & self.mda.inside(chunk) if self.mda else inside


def known_groups(interface: Interface) -> dict[str, Atoms]:
    """The run's groups, and those that any file has.

    slab (or metal), layer_<n>, water, water_O, ions, and each ion or molecule by its name, at its central atom.
    """
    topology = interface.topology
    groups: dict[str, Atoms] = {f"layer_{i}": layer for i, layer in enumerate(interface.layers, start=1)}
    none = np.zeros(0, dtype=np.int64)
    groups["slab"] = groups["metal"] = interface.what.slab
    groups["ions"] = np.sort(np.concatenate([none, *interface.ions.values()]))
    groups["water"] = np.union1d(interface.oxygens, interface.hydrogens)
    groups["water_O"] = interface.oxygens
    groups = interface.ions | interface.others | groups
    return groups | {name: np.asarray(atoms, dtype=np.int64) for name, atoms in topology.groups.items()}


def select(what: str | Mapping[str, Any], interface: Interface, where: str) -> Selection:
    """The selection that `what` names (see the top of this file).

    Raises ConfigError, naming `where` in the YAML, for anything that is not in this system or not a selection.
    """
    topology, groups = interface.topology, known_groups(interface)
    elements = sorted(set(topology.elements.tolist()))
    if isinstance(what, str):
        what = {"element": what} if what in elements else {"group": what}
        if what.get("group", next(iter(groups))) not in groups:
            raise _unknown(where, "element or group", what["group"], [*elements, *groups])
    given = [kind for kind in KINDS if kind in what]
    if len(given) != 1 or not set(what) <= {*KINDS, "region"}:
        raise ConfigError(
            f"{where}: {dict(what)!r} is no selection; want a name, or exactly one of {', '.join(KINDS)}, and region "
            "if wanted, e.g. {element: O, region: 'z < 4.5'}"
        )
    kind, value = given[0], what[given[0]]
    region = read_region(what["region"], where) if what.get("region") else None
    if kind == "mda":
        mda = MdaSelection(str(value), topology, groups, where)
        if mda.fixed is not None:
            return Selection(mda.fixed, region)
        return Selection(np.arange(topology.n_atoms), region, mda)
    if kind == "group":
        if value not in groups:
            raise _unknown(where, "group", value, list(groups))
        return Selection(groups[value], region)
    if kind == "element":
        names = [value] if isinstance(value, str) else list(value)
        for name in names:
            if name not in elements:
                raise _unknown(where, "element", name, elements)
        return Selection(np.flatnonzero(np.isin(topology.elements, names)), region)
    return Selection(_indices(value, topology.n_atoms, where), region)


def _indices(value: Any, n_atoms: int, where: str) -> Atoms:
    indices = np.unique(np.asarray(value))
    if indices.size and (indices.dtype.kind not in "iu" or indices.min() < 0 or indices.max() >= n_atoms):
        raise ConfigError(f"{where}: indices must be whole numbers from 0 to {n_atoms - 1} (0-based, in order of ids)")
    return indices.astype(np.int64)


def _unknown(where: str, kind: str, value: object, choices: list[str]) -> ConfigError:
    return ConfigError(
        f"{where}: no {kind} {value!r}{did_you_mean(str(value), choices) or '.'} There are: {', '.join(choices)}"
    )


def charges_of(interface: Interface, charges_e: Mapping[str, float] | None, where: str) -> Array | None:
    """(N,) charges [e]: by element as given (elements not named carry none), else the structure's, else None.

    Raises ConfigError for an element that the system does not have.
    """
    topology = interface.topology
    if charges_e is None:
        return topology.charges_e
    elements = sorted(set(topology.elements.tolist()))
    charges = np.zeros(topology.n_atoms)
    for element, charge in charges_e.items():
        if element not in elements:
            raise _unknown(f"{where}.charges_e", "element", element, elements)
        charges[topology.elements == element] = charge
    return charges
