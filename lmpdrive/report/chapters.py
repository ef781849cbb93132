"""In which chapter of the report a table stands, and in which order."""

from __future__ import annotations

from collections.abc import Iterable

from lmpdrive.observables.tables import Table

CHAPTERS = {
    "water": "Water",
    "ions": "Ions",
    "metal": "Metal",
    "structure": "Structure and potential",
    "dynamics": "Dynamics",
    "thermo": "Temperature and energy",
    "model": "Model uncertainty: profiles",
}

ORDER = (
    "water_density",
    "water_orientation",
    "water_cos_theta",
    "water_cos_2theta",
    "dipole_pz",
    "dipole_pz_histogram",
    "water_coverage",
    "water_species",
    "ion_density",
    "temperature",
    "energy",
    "pressure",
)
"""Reading order within the chapters; others follow by name."""

_WORDS = {
    "thermo": ("temperature", "energy", "pressure"),
    "dynamics": (
        "correlation", "survival", "residence", "lifetime", "reorientation", "msd", "diffusion", "vacf", "velocity",
        "vibration", "vdos", "spectrum",
    ),
    "ions": ("ion",),
    "metal": ("metal", "layer_spacing", "roughness"),
    "water": ("water", "dipole", "hbond", "hydrogen_bond", "h_bond", "hydroxide", "dissociation"),
}  # fmt: skip
"""Chapter -> words in a table's name, for tables that do not name one; the first match counts."""


def chapter(table: Table) -> str:
    """Key of `CHAPTERS`: the group that the table names, else by its name, else "structure"."""
    if table.group in CHAPTERS:
        return table.group
    if table.kind == "correlation":
        return "dynamics"
    parts = f"_{table.name}_"
    for group, words in _WORDS.items():
        if any(f"_{word}" in parts if len(word) > 3 else f"_{word}_" in parts for word in words):
            return group
    return "structure"


def place(table: Table) -> tuple[int, int, str]:
    """Sorting key."""
    if table.name in ORDER:
        rank = ORDER.index(table.name)
    else:  # ion_density_Na stands where ion_density does
        rank = next((i for i, name in enumerate(ORDER) if table.name.startswith(f"{name}_")), len(ORDER))
    return list(CHAPTERS).index(chapter(table)), rank, table.name


def in_chapters(tables: Iterable[Table]) -> dict[str, list[Table]]:
    """Title of the chapter -> its tables in reading order; empty chapters are left out."""
    found: dict[str, list[Table]] = {}
    for table in sorted((t for t in tables if t.kind != "summary"), key=place):
        found.setdefault(CHAPTERS[chapter(table)], []).append(table)
    return found
