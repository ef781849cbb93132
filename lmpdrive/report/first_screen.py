"""What a page shows before anything is scrolled: what was run, six numbers, three figures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from lmpdrive.common.manifest import Manifest
from lmpdrive.observables.tables import Table
from lmpdrive.report.chapters import in_chapters
from lmpdrive.report.what_is_what import WhatIsWhat

KEY_FIGURES = 3
KEY_NUMBERS = 6
STRUCTURE = (
    "water_density", "ion_density", "water_cos_theta", "density", "rdf", "coordination", "mean_square_displacement",
    "metal_structure",
)  # fmt: skip
"""Families of tables, the most telling first."""
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
HEALTH = ("temperature", "energy")
"""One of them stands beside two of the others, so that an unequilibrated run is seen at once."""


def title_of(manifest: Manifest, what: WhatIsWhat) -> tuple[str, str]:
    """What was simulated, and how: ("Au(111) 6x4 · 93 H2O · 3 Na", "NVT at 300 K · 50 ps · classical potential")."""
    return " · ".join(_system(manifest, what)), " · ".join(_dynamics(manifest))


def _system(manifest: Manifest, what: WhatIsWhat) -> list[str]:
    """The slab by the builder's name for it, else by its formula; then what is in contact with it."""
    built = re.match(r"built (.+?), seed ", "".join(manifest.system.report[:1]))
    found: list[str] = []
    for word, text in what.rows:
        if text == "none":
            continue
        solid = word.startswith(("slab", "solid"))
        if not solid:
            found.append(_formula(re.sub(r" \(counted at \w+\)", "", text)).replace(", ", " · "))
        elif built is None or word.startswith("solid"):
            found.append(text.partition(":")[0])
    if not found and not built and manifest.system.species:
        species = manifest.system.species
        found = [" ".join(f"{element}{species.count(element)}" for element in dict.fromkeys(species))]
    return [built[1], *found] if built else found


def _formula(text: str) -> str:
    """`93 H2O` -> `93 H₂O`."""
    return re.sub(r"(?<=[A-Za-z])\d+", lambda match: match[0].translate(_LOWERED), text)


def _dynamics(manifest: Manifest) -> list[str]:
    dynamics, potential = manifest.dynamics, manifest.potential
    parts = []
    ensemble = (dynamics.ensemble or "").upper() if len(dynamics.ensemble or "") <= 4 else str(dynamics.ensemble)
    if dynamics.ramp_K is not None:
        parts.append(f"{ensemble} from {dynamics.ramp_K[0]:g} to {dynamics.ramp_K[1]:g} K".strip())
    elif ensemble and dynamics.temperature_K is not None:
        parts.append(f"{ensemble} at {dynamics.temperature_K:g} K")
    elif ensemble:
        parts.append(ensemble)
    steps = sum(s.steps or 0 for s in dynamics.stages if s.production or s.name == "production")
    if steps and dynamics.timestep_fs is not None:
        parts.append(f"{steps * dynamics.timestep_fs * 1e-3:.4g} ps in steps of {dynamics.timestep_fs:g} fs")
    if potential.architecture or potential.title:
        architecture, title = potential.architecture or "", potential.title or ""
        parts.append(title if title.startswith(architecture) else ": ".join(filter(None, (architecture, title))))
    return parts


def key_tables(tables: Mapping[str, Table]) -> list[Table]:
    """At most three tables to see first: structure, and temperature or energy; others where these are not there."""
    drawn = [table for members in in_chapters(tables.values()).values() for table in members]
    health = _first_of(HEALTH, drawn)[:1]
    shown = _first_of(STRUCTURE, drawn)[: KEY_FIGURES - len(health)]
    shown += health
    rest = [table for table in drawn if table not in shown]
    return shown + rest[: KEY_FIGURES - len(shown)]


def _first_of(families: Iterable[str], tables: Iterable[Table]) -> list[Table]:
    """One table of each family that is there, in the order of the families."""
    having = [[t for t in tables if t.name == family or t.name.startswith(f"{family}_")] for family in families]
    return [members[0] for members in having if members]
