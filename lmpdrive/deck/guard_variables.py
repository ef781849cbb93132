"""Variables of the guard's templates: its limits, and the columns of its table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lmpdrive.config import Config
from lmpdrive.stability import Limits
from lmpdrive.stability.limits import BIN_A, BOND_A

if TYPE_CHECKING:
    from lmpdrive.system import BuiltSystem


def guard_variables(config: Config, system: BuiltSystem) -> dict[str, Any]:
    """Variables of `guard*.lmp.j2`."""
    limits = Limits.of(config, system)
    type_of = {element: i for i, element in enumerate(system.elements, start=1)}
    columns = {"step": "$(step)", "T_K": "$(v_T_now:%.6g)"}
    if limits.energy or limits.drift_fraction is not None:
        columns["E_eV"] = "$(pe:%.12g)"
    if limits.drift_fraction is not None:
        columns["conserved_eV"] = "$(econserve:%.12g)"
    for name, column, wanted in (
        ("force", "force_eV_per_A", limits.force_eV_per_A is not None),
        ("close", "close", bool(limits.pairs)),
        ("metal", "metal_A", limits.metal_A is not None),
        ("water", "water", limits.water),
    ):
        if wanted:
            columns[column] = f"$(v_guard_{name}:%.6g)"
    return {
        "guard": config.guard,
        "limits": limits,
        "guard_columns": columns,
        "guard_frames_every": max(1, config.steps(config.guard.frames_every_fs)),
        "guard_pairs": [
            {"i": type_of[a], "j": type_of[b], "bin": pair.bin} for pair in limits.pairs for a, b in [pair.elements]
        ],
        "type_of": type_of,
        "bin_A": BIN_A,
        "bond_A": BOND_A,
        "list_cutoff_A": f"{max(1.0, BOND_A, limits.bins * BIN_A):g}",
    }
