"""In what the systems of analysed runs differ, and what must not be compared because of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lmpdrive.observables.results import RESULTS
from lmpdrive.report.analysed import Analysed

SAME_AREA = 5e-3
"""Relative difference of areas that still counts as the same cell."""


def unlike(runs: Sequence[Analysed]) -> list[str]:
    """What makes the systems different: atoms, area, wet faces, temperature, timestep; and what is not known."""
    found = [
        f"{run.label}: atoms and area are not known (no {RESULTS}); check that it is the same system"
        for run in runs
        if not run.about
    ]
    for run in runs[1:]:
        found += _differences(runs[0], run)
    return found


def _differences(first: Analysed, run: Analysed) -> Iterator[str]:
    both = f"in {first.label} and {run.label}"
    atoms_a, atoms_b = first.about.get("atoms"), run.about.get("atoms")
    if atoms_a and atoms_b and atoms_a != atoms_b:
        pairs = {e: (atoms_a.get(e, 0), atoms_b.get(e, 0)) for e in sorted({*atoms_a, *atoms_b})}
        parts = [f"{element} {a} and {b}" for element, (a, b) in pairs.items() if a != b]
        yield f"Different atoms {both}: {', '.join(parts)}"
    if _other_area(first, run):
        yield f"Different areas {both}: {first.about['area_A2']:.2f} and {run.about['area_A2']:.2f} Å²"
    faces = [2 if one.manifest.system.two_sided else 1 for one in (first, run)]
    known = all(one.manifest.system.two_sided is not None for one in (first, run))
    if known and faces[0] != faces[1]:
        yield f"Different numbers of wet faces {both}: {faces[0]} and {faces[1]}; layers are those of one face"
    for key, unit in (("temperature_K", "K"), ("timestep_fs", "fs")):
        a, b = (getattr(one.manifest.dynamics, key) for one in (first, run))
        if a is not None and b is not None and a != b:
            yield f"Different {key.partition('_')[0]} {both}: {a:g} and {b:g} {unit}"


def _other_area(a: Analysed, b: Analysed) -> bool:
    one, other = a.about.get("area_A2"), b.about.get("area_A2")
    return bool(one and other and abs(other / one - 1) > SAME_AREA)


def why_incomparable(a: Analysed, b: Analysed, needs_same: str) -> str:
    """Why a quantity that needs the same "atoms" or "area" cannot be compared; empty if it can."""
    if not needs_same:
        return ""
    key, of = {"atoms": ("atoms", "atoms"), "area": ("area_A2", "area")}[needs_same]
    unknown = [run.label for run in (a, b) if not run.about.get(key)]
    if unknown:
        return f"the {of} of {' and '.join(unknown)} {'is' if of == 'area' else 'are'} not known"
    if needs_same == "atoms":
        return "the atoms differ" if a.about[key] != b.about[key] else ""
    return "the areas differ" if _other_area(a, b) else ""
