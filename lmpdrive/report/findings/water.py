"""How much of the water is intact?  Dissociation can be chemistry at a surface; a film that falls apart is none.

A water is an O with two H within 1.3 Å.  The share is judged in the worst tenth of the run.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lmpdrive.common.manifest import Manifest
from lmpdrive.observables.tables import Table
from lmpdrive.report.findings.finding import Finding

CAUTION = 0.999
"""One water in a thousand, on average: a bond that is stretched past 1.3 Å for some fs is no reaction."""
BAD = 0.5
"""More than half of the water broken is no surface reaction of a film: only its first layer touches the surface."""
_HYDROGENS = {"H2O": 2, "OH-": 1, "H3O+": 3, "O with 4 H or more": 4, "H without O": 1}


def water(tables: Mapping[str, Table], manifest: Manifest) -> list[Finding]:
    """One finding; none without water."""
    table = tables.get("water_species")
    if table is None or not len(table.data):
        return []
    intact = table.value
    all_of_them = _molecules(table, manifest)
    if all_of_them < 1:
        return []
    means = [float(part.mean()) for part in np.array_split(intact, min(10, len(intact)))]
    worst = min(means) / all_of_them
    text = f"{100 * worst:.4g} % of the {all_of_them:.0f} water molecules are intact in the worst tenth of the run"
    if worst < BAD:
        return [Finding("bad", f"{text}, below the limit of {100 * BAD:g} %: the water falls apart.")]
    if worst < CAUTION:
        return [
            Finding(
                "caution",
                f"{text}, below the limit of {100 * CAUTION:g} %{_pieces(table)}: a reaction with the surface, or an "
                "artefact of the potential; look at it.",
            )
        ]
    return [Finding("good", f"{text}, within the limit of {100 * CAUTION:g} %.")]


def _molecules(table: Table, manifest: Manifest) -> float:
    """Of the structure at the start; else the most that a frame has; else what the H would make."""
    built = len(manifest.system.members("water")) / 3
    if built:
        return built
    return float(table.value.max()) or float(_hydrogens(table).max() // 2)


def _hydrogens(table: Table) -> NDArray[np.float64]:
    counts = [n * table.data[f"{name} [1]"].to_numpy(dtype=float) for name, n in _HYDROGENS.items()]
    return np.sum(counts, axis=0)


def _pieces(table: Table) -> str:
    """What else there is, on average."""
    others = [str(column) for column in table.data.columns if str(column).endswith(" [1]") and "H2O" not in str(column)]
    means = {name.removesuffix(" [1]"): float(table.data[name].mean()) for name in others if not name.startswith("σ")}
    listed = ", ".join(f"{mean:.2g} {name}" for name, mean in means.items() if mean > 0)
    return f" (on average {listed})" if listed else ""
