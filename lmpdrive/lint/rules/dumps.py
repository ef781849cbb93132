"""Trajectories that cannot be read back without guessing."""

from __future__ import annotations

from collections.abc import Iterator

from lmpdrive.lint.deck import Deck
from lmpdrive.lint.dumps import dumps
from lmpdrive.lint.registry import Found, rule

UNSORTED = ("atom", "custom", "cfg", "cfg/uef", "yaml", "netcdf", "h5md")
"""Styles that write atoms in memory order by default; dcd, xtc and xyz sort by id themselves."""
POSITIONS = {"x", "xs", "xu", "xsu"}


@rule("dump-unsorted", "warning")
def dump_unsorted(deck: Deck) -> Iterator[Found]:
    """A dump without `sort id`: the order of atoms changes from frame to frame."""
    for dump in dumps(deck):
        if dump.style in UNSORTED and not dump.says("sort"):
            what = f"dump {dump.id} is not sorted: atoms change their places between frames"
            yield Found(dump.command, what, f"dump_modify {dump.id} sort id")


@rule("dump-element", "warning")
def dump_element(deck: Deck) -> Iterator[Found]:
    """A dump without the element of each atom."""
    elements = " ".join(e or "?" for e in deck.types.elements()) or "H O Pt"
    for dump in dumps(deck):
        fix = f"dump_modify {dump.id} element {elements}"
        if dump.says("element") or dump.says("types"):
            continue
        if dump.style in ("custom", "yaml"):
            if "element" in dump.columns:
                what = f"dump {dump.id} has the column element, but no names: LAMMPS writes C for every atom"
                yield Found(dump.command, what, fix, "error")
            elif POSITIONS & set(dump.columns) and "typelabel" not in dump.columns:
                what = f"dump {dump.id} has positions but no elements: a reader must guess them"
                yield Found(dump.command, what, f"add the column element, and {fix}")
        elif dump.style in ("xyz", "extxyz", "cfg"):
            yield Found(dump.command, f"dump {dump.id} has numbers for elements", fix)
        elif dump.style == "atom":
            yield Found(dump.command, f"dump {dump.id}: style atom has no elements", "custom, with element", "note")
