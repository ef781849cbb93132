"""What a run's own settings add to its tables: the target temperature, the guard's limits, the start left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from lmpdrive.common.manifest import Manifest
from lmpdrive.stability.limits import Limits

if TYPE_CHECKING:
    from lmpdrive.observables.tables import Table

TEMPERATURES = ("temperature", "species_temperature")


def marked(tables: Mapping[str, Table], manifest: Manifest, discard_ps: float) -> dict[str, Table]:
    """The tables with these references and spans, which figures show."""
    return {name: _left_out(_limited(table, manifest), discard_ps) for name, table in tables.items()}


def _limited(table: Table, manifest: Manifest) -> Table:
    from lmpdrive.observables.tables import Reference

    target = manifest.dynamics.temperature_K
    if table.name not in TEMPERATURES or target is None:
        return table
    found = [Reference(target, f"target: {target:g} K")]
    limits = Limits.of_manifest(manifest) if table.name == "temperature" else None
    if limits is not None and limits.band_K is not None:
        found += [Reference(limit, f"guard: {limit:.4g} K") for limit in limits.band_K]
    return replace(table, references=(*table.references, *found))


def _left_out(table: Table, discard_ps: float) -> Table:
    from lmpdrive.observables.tables import Span

    if not discard_ps or table.kind != "series" or not len(table.data) or table.data.columns[0] != "t [ps]":
        return table
    start = float(table.x[0])
    return replace(table, spans=(*table.spans, Span(start - discard_ps, start, "left out")))
