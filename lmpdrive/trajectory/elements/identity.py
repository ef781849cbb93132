"""Who is which element: what the caller, a data file, a manifest and the trajectory itself say, and whether they agree.

Elements come from the first of these that is there: the caller's list by type, the manifest, the names of a data file,
the trajectory's own names.  All others are compared with it: a contradiction is an error.

Units: u.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.elements.agreement import check_among, check_manifest, check_names, check_types
from lmpdrive.trajectory.elements.data_file import DataFile
from lmpdrive.trajectory.elements.names import HOW_TO_NAME_ELEMENTS, check_mass, element_of, elements_of, is_mass_of
from lmpdrive.trajectory.elements.own_masses import masses_of_names, masses_of_types, with_own_masses
from lmpdrive.trajectory.readers.group_dumps import atoms_in
from lmpdrive.trajectory.topology import Topology

Note = Callable[[str], None]
Names = NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class FileAtoms:
    """What a trajectory itself says of its atoms, in the order in which it gives them (ascending ids).

    ids : (N,), or None where the order of the lines is that of the atoms.
    types : (N,) numbers, or None.
    names : (N,) of an element column, of type labels or of ASE's symbols, or None.
    masses_u : (N,), or None.
    by_type : whether `names` stand in the place of types (labels), which a data file may explain.
    """

    n_atoms: int
    ids: NDArray[np.int64] | None = None
    types: NDArray[np.int64] | None = None
    names: Names | None = None
    masses_u: NDArray[np.float64] | None = None
    by_type: bool = False


@dataclass(frozen=True, eq=False)
class Identity:
    """What is known of the atoms beside the trajectory.

    elements : by type, as the caller gave them; data : the data file and `where` it is; known : from a manifest.
    """

    elements: Sequence[str] | None = None
    data: DataFile | None = None
    where: str = ""
    known: Topology | None = None

    @property
    def _masses(self) -> dict[int, float]:
        """Masses of the data file; none where all types have the same, which only fills the section."""
        masses = self.data.masses if self.data else {}
        return masses if len(masses) == 1 or len(set(masses.values())) > 1 else {}

    @cached_property
    def _by_type(self) -> tuple[dict[int, str], list[str]]:
        """Type -> element, and notes.  Raises TrajectoryError for names that are none or masses that contradict."""
        masses = self._masses
        if self.elements is not None and self.data is not None and self.data.types_made_up:
            raise TrajectoryError(f"{self.where} names the elements of the atoms itself: leave --elements out")
        if self.elements is not None:
            names, source = dict(enumerate(self.elements, start=1)), "elements"
            if self.data and self.data.masses and len(names) != (n := len(self.data.masses)):
                raise TrajectoryError(
                    f"{len(names)} elements were given ({' '.join(self.elements)}) but {self.where} has {n} "
                    "atom types: give one for each type, in the order of the types"
                )
        else:
            names, source = (self.data.type_names if self.data else {}), self.where
        found, notes = elements_of({t: (name, masses.get(t)) for t, name in names.items()}, source)
        return found, notes + self._overruled(found)

    def _overruled(self, by_type: Mapping[int, str]) -> list[str]:
        """Types that the data file names as other elements than the caller, whose masses do not tell who is right."""
        named = self.data.type_names if self.data and self.elements is not None else {}
        others = {t: e for t, name in named.items() if (e := element_of(name)) is not None and e != by_type.get(t, e)}
        return [
            f"Type {t} is taken as {by_type[t]}, as given; {self.where} names it {named[t]}." for t in sorted(others)
        ]

    def topology(self, note: Note) -> Topology | None:
        """From the caller's elements, the manifest or the data file; None where these know no elements or no atoms."""
        if self.known is not None:
            self._compare_with_manifest(self.known)
            return self.known
        by_type, notes = self._by_type
        if self.data is None or not by_type:
            return None
        for text in notes:
            note(text)
        found = Topology(_of_types(self.data.types, by_type, self.where), charges_e=self.data.charges_e)
        names = self.elements if self.elements is not None else self.data.type_names
        return with_own_masses(found, masses_of_types(self.data.types, self._masses, names), note)

    def topology_of(self, atoms: FileAtoms, where: str, note: Note) -> Topology:
        """Topology of the atoms of a file (`where`) that says something of them itself.

        Raises TrajectoryError where no element is known, or two sources contradict each other.
        """
        found = self.topology(note)
        if found is None:
            return with_own_masses(Topology(self._own(atoms, where, note)), self._own_masses(atoms), note)
        known = np.arange(1, found.n_atoms + 1) if self.data is None else self.data.ids
        some = atoms_in(known, atoms.ids, atoms.n_atoms, where)
        if some is not None:
            note(f"{where} holds {atoms.n_atoms} of the {found.n_atoms} atoms of the run.")
            found = found.take(some)
        said = atoms.names is not None and not (atoms.by_type and atoms.types is not None)
        if atoms.names is not None and said and not _is_default(atoms.names):
            self._compare_names(atoms, found.elements, where)
        elif atoms.types is not None and self.data is not None and not self.data.types_made_up:
            types = self.data.types if some is None else self.data.types[some]
            check_types(atoms.types, types, atoms.ids, where, self.where)
        if atoms.masses_u is not None:
            _check_masses(found.elements, atoms.masses_u, where)
        return found

    def _own(self, atoms: FileAtoms, where: str, note: Note) -> Names:
        """(N,) elements of a file that has its own types or names."""
        if self.elements is not None and atoms.types is not None:
            return self._of_given_types(atoms, where, note)
        if self.elements is not None and atoms.masses_u is not None:
            return self._of_given_masses(atoms, where, note)
        if atoms.names is None:
            if atoms.types is None:
                raise TrajectoryError(f"{where} has neither an `element` nor a `type` column; {HOW_TO_NAME_ELEMENTS}")
            return _of_types(atoms.types, {}, where)
        self._refuse_default(atoms, where)
        elements = self._of_names(atoms, where, note)
        if self.elements is not None:
            check_among(elements.tolist(), dict.fromkeys(self._by_type[0].values()), where)
        return elements

    def _own_masses(self, atoms: FileAtoms) -> NDArray[np.float64]:
        """(N,) u of a file that has its own types or names; NaN where nothing tells."""
        if atoms.masses_u is not None:
            return atoms.masses_u
        if self.elements is not None and atoms.types is not None:
            return masses_of_types(atoms.types, {}, self.elements)
        return np.full(atoms.n_atoms, np.nan) if atoms.names is None else masses_of_names(atoms.names)

    def _of_given_types(self, atoms: FileAtoms, where: str, note: Note) -> Names:
        """The caller's elements by type; an element column must agree."""
        by_type, notes = self._by_type
        assert atoms.types is not None
        elements = _of_types(atoms.types, by_type, where)
        for text in notes:
            note(text)
        unused = [f"{name} (type {t})" for t, name in by_type.items() if t not in set(atoms.types.tolist())]
        if unused:
            note(f"Of the elements given, {where} has no atoms of {', '.join(unused)}.")
        if atoms.masses_u is not None:
            _check_masses(elements, atoms.masses_u, where)
        if atoms.names is None or atoms.by_type:
            return elements
        if _is_default(atoms.names):
            if "C" not in by_type.values():
                note(f"The element column of {where} names every atom C, as LAMMPS does unless told: not used.")
        else:
            self._compare_names(atoms, elements, where)
        return elements

    def _of_given_masses(self, atoms: FileAtoms, where: str, note: Note) -> Names:
        """The given element whose mass an atom has, where a file has masses and no types (`dump cfg`)."""
        by_type, _ = self._by_type
        assert atoms.masses_u is not None
        found = {}
        for mass in np.unique(atoms.masses_u):
            near = [e for e in dict.fromkeys(by_type.values()) if is_mass_of(e, float(mass))]
            if len(near) != 1:
                raise TrajectoryError(
                    f"{where}: an atom has a mass of {mass:g} u, which is that of none of the elements given "
                    f"({' '.join(by_type.values())}); give all elements, or let LAMMPS write them "
                    "(dump_modify ... element Au H Na O)"
                )
            found[float(mass)] = near[0]
        note(f"The atoms of {where} are told apart by their masses.")
        return np.array([found[float(mass)] for mass in atoms.masses_u], dtype=str)

    def _refuse_default(self, atoms: FileAtoms, where: str) -> None:
        """Raise where every atom is named C while types or masses differ."""
        assert atoms.names is not None
        others = atoms.types if atoms.types is not None else atoms.masses_u
        if _is_default(atoms.names) and others is not None and len(np.unique(others)) > 1:
            raise TrajectoryError(
                f"{where} names every atom C, as LAMMPS does without `dump_modify ... element`; {HOW_TO_NAME_ELEMENTS}"
            )

    def _of_names(self, atoms: FileAtoms, where: str, note: Note) -> Names:
        """(N,) elements from the file's own names, and masses where it has them."""
        assert atoms.names is not None
        masses = np.full(atoms.n_atoms, -1.0) if atoms.masses_u is None else atoms.masses_u
        own, codes = np.unique(atoms.names, return_inverse=True)
        pairs, inverse = np.unique(np.stack([codes, masses], axis=1), axis=0, return_inverse=True)
        names = {i: (str(own[int(code)]), None if m < 0 else float(m)) for i, (code, m) in enumerate(pairs)}
        explained = self._labels() if atoms.by_type else {}
        found, notes = elements_of({i: pair for i, pair in names.items() if pair[0] not in explained}, where)
        for text in notes:
            note(text)
        found |= {i: explained[name] for i, (name, _) in names.items() if name in explained}
        return np.array([found[i] for i in range(len(names))], dtype=str)[inverse.reshape(-1)]

    def _labels(self) -> dict[str, str]:
        """Type label -> element, as the data file explains it."""
        by_type, _ = self._by_type
        return {label: by_type[t] for t, label in (self.data.type_names if self.data else {}).items()}

    def _compare_names(self, atoms: FileAtoms, elements: Names, where: str) -> None:
        """Raise where the file names an atom otherwise."""
        source = "the elements given" if self.elements is not None else self.where or "the manifest"
        check_names(self._of_names(atoms, where, lambda _: None), elements, atoms.ids, where, source)

    def _compare_with_manifest(self, known: Topology) -> None:
        """Raise where the caller's elements are not those of the run."""
        if self.elements is None:
            return
        by_type, _ = self._by_type
        given = list(by_type.values())
        if self.data is None:
            check_manifest(set(given) == set(known.elements), given)
        else:
            own = _of_types(self.data.types, by_type, self.where)
            check_manifest(np.array_equal(own, known.elements), given)


NOTHING_KNOWN = Identity()


def _check_masses(elements: Names, masses_u: NDArray[np.float64], where: str) -> None:
    """Raise where an atom has the mass of another element."""
    for element in np.unique(elements):
        for mass in np.unique(masses_u[elements == element]):
            check_mass(str(element), float(mass), f"{where}: an atom")


def _is_default(names: Names) -> bool:
    """Whether all atoms have the name that LAMMPS gives without `dump_modify element`."""
    return bool((names == "C").all())


def _of_types(types: NDArray[np.int64], by_type: Mapping[int, str], where: str) -> Names:
    """(N,) element of each atom from its LAMMPS type (1-based)."""
    if missing := sorted({int(t) for t in types} - set(by_type)):
        raise TrajectoryError(f"{where}: no element is known for atom type {missing}; {HOW_TO_NAME_ELEMENTS}")
    return np.array([by_type[int(t)] for t in types], dtype=str)
