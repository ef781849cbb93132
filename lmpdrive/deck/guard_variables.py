"""Variables of the guard's templates: its limits, and the columns of its table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lmpdrive.common.units import K_B_EV_PER_K
from lmpdrive.config import Config
from lmpdrive.deck.ramps import Ramp
from lmpdrive.guard.candidates import RING_FRAMES
from lmpdrive.stability import Limits
from lmpdrive.stability.limits import BIN_A, BOND_A, StageLimits

if TYPE_CHECKING:
    from lmpdrive.system import BuiltSystem


def guard_variables(config: Config, system: BuiltSystem, ramped: Mapping[str, Ramp] | None = None) -> dict[str, Any]:
    """Variables of `guard*.lmp.j2`; `ramped`: the ramps of the deck, where it is rendered already."""
    ramped = ramped or {}
    limits = Limits.of(config, system, {name: (ramp.begin_K, ramp.end_K) for name, ramp in ramped.items()})
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
        "guard_ranges": {stage.name: _range(stage) for stage in limits.stages},
        "guard_heat": {
            stage.name: _heat(ramped[stage.name], stage, system)
            for stage in limits.stages
            if stage.name in ramped and ramped[stage.name].fix
        },
        "guard_frames_every": max(1, config.steps(config.guard.frames_every_fs)),
        "gate_every": min((gate.every for gate in limits.gates), default=0),
        "gate_frames": RING_FRAMES,
        "guard_pairs": [
            {"i": type_of[a], "j": type_of[b], "bin": pair.bin} for pair in limits.pairs for a, b in [pair.elements]
        ],
        "type_of": type_of,
        "bin_A": BIN_A,
        "bond_A": BOND_A,
        "list_cutoff_A": f"{max(1.0, BOND_A, limits.bins * BIN_A):g}",
    }


def _range(stage: StageLimits) -> tuple[float | str, float | str] | None:
    """Lowest and highest temperature of a stage; of a ramp as functions of LAMMPS' variables."""
    if stage.high_K is None:
        return None
    low, high = (a if a == b else f"ramp({a:g},{b:g})" for a, b in (stage.low_K, stage.high_K))
    return low, high


def _heat(ramp: Ramp, stage: StageLimits, system: BuiltSystem) -> dict[str, str]:
    """What `guard.stage.lmp.j2` needs to take the work of a ramp on a Nosé-Hoover chain out of the conserved quantity.

    H' = E + k T (N η_1 + Σ_i>1 η_i) + kinetic terms is conserved at constant T; with T(t) it changes by
    ∫ k (N η_1 + Σ_i>1 η_i) dT, with N the degrees of freedom of the mobile atoms (Martyna, Klein, Tuckerman, J. Chem.
    Phys. 97, 2635 (1992)).  `fix nvt` gives the η as the first entries of its vector.
    """
    atoms = system.groups.get(ramp.group, system.groups.get("mobile", system.species))
    drifts = not len(system.groups.get("fixed", ())) and ramp.group in ("mobile", "all")
    freedom = 3 * len(atoms) - (3 if drifts else 0)
    etas = [f"f_{ramp.fix}[{i}]" for i in range(2, ramp.chain + 1)]
    return {
        "eV_per_K": f"{K_B_EV_PER_K:.10g}*({'+'.join([f'{freedom}*f_{ramp.fix}[1]', *etas])})",
        "K_per_step": f"{(ramp.end_K - ramp.begin_K) / max(1, stage.steps):.10g}",
    }
