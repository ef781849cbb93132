"""Charge visibility: whether the number of ions is visible to the model at the interface.

The surface charge is set by the number of ions.  A model knows it only where all ions lie within its receptive field.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isinf

import numpy as np

from lmpdrive.architectures import Problem
from lmpdrive.checks.case import Case
from lmpdrive.common.visibility import farthest_distances
from lmpdrive.constituents import known_slab

INTERFACE_A = 4.5
"""Interfacial water: 0 < z <= 4.5 Å."""
SLICE_A = 5.0
ENOUGH = 0.95
"""Fraction of waters or metal atoms that must see all ions before the charge state counts as visible."""


def charge_visibility(case: Case) -> Iterator[Problem]:
    """A line of fractions, and a warning for a model of several charge states that cannot see this one."""
    ions = case.group("ions")
    surface = _surface(case)
    if not len(ions) or not len(surface):
        return
    field = case.receptive_field
    if field is None:
        text = "charge visibility: unknown, because the model does not tell its receptive field (cutoff x layers)."
        yield Problem("note", text)
        return
    if isinf(field.radius_A):
        yield Problem("note", f"charge visibility: all atoms see all ions; receptive field {field}")
        return
    metal = _seen(case, surface, field.radius_A)
    oxygen = case.system.water_molecules[:, 0]
    water = _seen(case, oxygen, field.radius_A)
    z = _height_A(case, oxygen)
    near = (z > 0) & (z <= INTERFACE_A)
    parts = [
        f"{seen.sum()} of {len(seen)} {what} ({_percent(seen)})"
        for what, seen in (("interfacial waters", water[near]), ("atoms of the wet metal layers", metal))
        if len(seen)
    ]
    slices = [
        f"{k * SLICE_A:g}-{(k + 1) * SLICE_A:g} Å {_percent(water[inside])}"
        for k in range(int(z.max(initial=0) // SLICE_A) + 1)
        if (inside := (z // SLICE_A).astype(int) == k).any()
    ]
    yield Problem(
        "note",
        f"charge visibility: receptive field {field}; all {len(ions)} ions lie within it for {', '.join(parts)}"
        + (f"; waters by z: {', '.join(slices)}" if slices else ""),
    )
    both = [seen for seen in (water[near], metal) if len(seen)]
    worst = min(float(seen.mean()) for seen in both)
    states = _states(case)
    if len(states) > 1 and worst < ENOUGH:
        yield Problem(
            "warning",
            f"the model was trained on the charge states {_listed(states)} e (its card), but sees {len(ions)} ions "
            f"({case.system.charge_of_ions_e:+d} e) from only {100 * worst:.0f} % of the interface (want "
            f"{100 * ENOUGH:.0f} % or more): the receptive field is {field}. Elsewhere it cannot tell this state from "
            "the others. Use a model of this state alone, or one with a longer reach.",
        )


def charge_state_not_trained(case: Case) -> Iterator[Problem]:
    """A charge state that the model's card does not list."""
    states, charge = _states(case), case.system.charge_of_ions_e
    if states and len(_surface(case)) and charge not in states:
        yield Problem(
            "warning",
            f"the ions carry {charge:+d} e, and the model's card lists the charge states {_listed(states)} e: "
            "this one is an extrapolation. Change system.build.ions, or train on it.",
        )


def _states(case: Case) -> list[int]:
    """`charge_states_e` of the card: sums of the ions' charges in the training data."""
    states = (case.config.potential.card() or {}).get("charge_states_e", []) if case.readable else []
    return sorted({int(state) for state in states})


def _surface(case: Case) -> np.ndarray:
    """Atoms of the wet metal layers."""
    _, layers = known_slab(case.system.groups)
    wet = layers[-1:] + (layers[:1] if case.system.two_sided and len(layers) > 1 else [])
    return np.concatenate(wet) if wet else np.array([], dtype=int)


def _height_A(case: Case, atoms: np.ndarray) -> np.ndarray:
    """Distance along z from the nearest wet layer, into the electrolyte."""
    from lmpdrive.system.groups import layer_height

    _, layers = known_slab(case.system.groups)
    system, height = case.system, case.system.atoms.cell[2, 2]
    z = system.atoms.positions[atoms, 2]
    up = (z - layer_height(system.atoms, layers[-1])) % height
    if not system.two_sided:
        return up
    return np.minimum(up, (layer_height(system.atoms, layers[0]) - z) % height)


def _seen(case: Case, atoms: np.ndarray, radius_A: float) -> np.ndarray:
    """Which atoms have all ions within the radius."""
    built = case.system.atoms
    positions = built.positions[None]
    far = farthest_distances(positions[:, atoms], positions[:, case.group("ions")], built.cell.array[None])
    return far[0] <= radius_A


def _percent(seen: np.ndarray) -> str:
    return f"{100 * seen.mean():.0f} %"


def _listed(states: list[int]) -> str:
    return ", ".join(f"{state:+d}" if state else "0" for state in states)
