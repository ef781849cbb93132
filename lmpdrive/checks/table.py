"""The table of LAMMPS types with their elements, masses and the model's own element numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmpdrive.architectures import Architecture
from lmpdrive.errors import LmpdriveError

if TYPE_CHECKING:
    from lmpdrive.system import BuiltSystem


def element_table(potential: Architecture, system: BuiltSystem, may_load: bool = True) -> str:
    """One line for each type.  The last column is the element's number (from 0) in the model's own list.

    `?` where the model does not tell its elements, `-` for an element that it does not know.
    """
    try:
        known = potential.model_elements() if may_load else None
    except LmpdriveError:
        known = None
    lines = [f"{'type':<6}{'element':<9}{'mass [u]':>10}{'atoms':>8}   in the model"]
    for row in system.table():
        if known is None:
            own = "?"
        else:
            own = f"{list(known).index(row.element)} {row.element}" if row.element in known else "-"
        lines.append(f"{row.type:<6}{row.element:<9}{row.mass_u:>10.4f}{row.count:>8}   {own}")
    return "\n".join(lines)
