"""The `guard:` section: what ends the stable part of a trajectory, and what a run does then.

Every limit can be `off`; `guard: off` is all of them.  YAML reads a bare `off` as false, so both are taken.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from lmpdrive.config.base import Section

Limit = PositiveFloat | Literal["off"]
Switch = Literal["on", "off"]


class Guard(Section):
    """When a trajectory counts as unstable, and what a run does then."""

    on_instability: Literal["stop", "continue", "restart-from-last-good"] = "stop"
    """`stop` at that step; `continue` and record it; or go back to a good restart file with a smaller timestep."""
    check_every_fs: PositiveFloat = 5
    """How often the limits are looked at, rounded to timesteps."""
    energy: Switch = "on"
    """Energies or forces that are not finite."""
    drift_fraction: Limit = 1e-3
    """Difference of the conserved quantity from its mean of the last `drift_window_ps`, as a fraction of |E|."""
    drift_meV_per_atom: tuple[PositiveFloat, PositiveFloat] = (2, 10)
    """Bounds of that limit per mobile atom, because the zero of E is a convention of the model."""
    drift_window_ps: PositiveFloat = 1
    """A slow drift by the integration is told by the report; a change against this mean is an instability."""
    temperature_factor: Limit = 10
    """Temperature of the mobile atoms, as a multiple of the target: at once."""
    temperature_sigmas: Limit = 3
    """Largest deviation of the temperature in a thermostatted production, in T √(2/(3N)), N the mobile atoms."""
    temperature_factor_elsewhere: Limit = 2
    """While equilibrating and for `nve`: largest temperature as a multiple of the target."""
    temperature_ps: PositiveFloat = 0.1
    """For how long the temperature must be outside of these two; at least twice `thermostat.damping_fs`."""
    force_eV_per_A: Limit = 50
    """Largest component of a force on a mobile atom."""
    distance_factor: Limit = 0.5
    """Smallest distance of two atoms, as a fraction of the sum of their covalent radii."""
    metal_layers: Limit = 1.5
    """How far a metal atom may move along the surface normal, in spacings of the layers."""
    water: Literal["auto", "on", "off"] = "auto"
    """Water molecules that break; auto: for potentials that cannot describe it."""
    lost: Switch = "on"
    """Atoms that leave the cell, or coordinates that are not finite."""
    frames: Annotated[int, Field(ge=1)] = 20
    """How many of the last frames are kept with all digits."""
    frames_every_fs: PositiveFloat = 10
    """Time between those frames."""
    tries: PositiveInt = 3
    """`restart-from-last-good`: how often."""
    timestep_divisor: Annotated[int, Field(ge=2)] = 2
    """`restart-from-last-good`: by what the timestep is divided for each try."""

    @model_validator(mode="before")
    @classmethod
    def _off_is_a_word(cls, value: Any) -> Any:
        """`guard: off` -> every rule off; YAML reads a bare `on` or `off` as a truth value."""
        if value in (False, "off"):
            return dict.fromkeys((n for n, f in cls.model_fields.items() if "'off'" in str(f.annotation)), "off")
        if not isinstance(value, dict):
            return value
        words = {True: "on", False: "off"}
        return {key: words[item] if isinstance(item, bool) else item for key, item in value.items()}
