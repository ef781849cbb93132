"""The `guard:` section: what ends the stable part of a trajectory, and how a run reacts.

Every limit can be `off`; `guard: off` disables all of them.  YAML reads a bare `off` as false, so both are accepted.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from lmpdrive.config.base import Section

Limit = PositiveFloat | Literal["off"]
Switch = Literal["on", "off"]
GATES = ("model_deviation", "extrapolation_grade")


class _Gate(Section):
    """Two levels of an uncertainty that the run records."""

    on_high: Literal["stop", "keep", "slow"] = "stop"
    """Above `high`: end the run; keep the frame and go on; or go back to a good restart with a smaller timestep."""
    most_frames: PositiveInt = 200
    """Of `candidates.xyz`; further ones are counted only."""

    @property
    def levels(self) -> tuple[float, float]:
        """Low and high."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        low, high = self.levels
        if low >= high:
            raise ValueError(f"the low level ({low:g}) must be below the high one ({high:g})")
        return self


class ModelDeviation(_Gate):
    """Largest deviation σ_F of the force on an atom among the members of a committee (docs/uncertainty.md)."""

    low_eV_per_A: PositiveFloat
    """Frames above it are kept as candidates for labelling."""
    high_eV_per_A: PositiveFloat
    """What happens above it: `on_high`."""

    @property
    def levels(self) -> tuple[float, float]:
        """Low and high [eV/Å]."""
        return self.low_eV_per_A, self.high_eV_per_A


class ExtrapolationGrade(_Gate):
    """Largest extrapolation grade γ of an atom, for GRACE and ACE models that have one."""

    low: PositiveFloat
    """Frames above it are kept as candidates for labelling."""
    high: PositiveFloat
    """What happens above it: `on_high`."""

    @property
    def levels(self) -> tuple[float, float]:
        """Low and high."""
        return self.low, self.high


class Guard(Section):
    """When a trajectory counts as unstable, and how a run reacts."""

    on_instability: Literal["stop", "continue", "restart-from-last-good"] = "stop"
    """`stop` at that step; `continue` and record it; or go back to a good restart file with a smaller timestep."""
    check_every_fs: PositiveFloat = 5
    """Interval at which the limits are checked, rounded to timesteps."""
    energy: Switch = "on"
    """Non-finite energies or forces."""
    drift_fraction: Limit = 1e-3
    """Deviation of the conserved quantity from its mean over the last `drift_window_ps`, as a fraction of |E|."""
    drift_meV_per_atom: tuple[PositiveFloat, PositiveFloat] = (2, 10)
    """Bounds of that limit per mobile atom, because the zero of E is a convention of the model."""
    drift_window_ps: PositiveFloat = 1
    """Averaging time of that mean.  Slow drift is left to the report; a sudden deviation is an instability."""
    temperature_factor: Limit = 10
    """Temperature of the mobile atoms, as a multiple of the target, that counts immediately."""
    temperature_sigmas: Limit = 3
    """Largest deviation of the temperature in a thermostatted production, in T √(2/(3N)), N the mobile atoms."""
    temperature_factor_elsewhere: Limit = 2
    """While equilibrating and for `nve`: largest temperature as a multiple of the target."""
    temperature_ps: PositiveFloat = 0.1
    """How long the temperature must exceed these two limits; at least twice `thermostat.damping_fs`."""
    force_eV_per_A: Limit = 50
    """Largest component of a force on a mobile atom."""
    distance_factor: Limit = 0.5
    """Smallest distance between two atoms, as a fraction of the sum of their covalent radii."""
    metal_layers: Limit = 1.5
    """How far a metal atom may move along the surface normal, in spacings of the layers."""
    water: Literal["auto", "on", "off"] = "auto"
    """Water molecules that break; auto: for potentials that cannot describe it."""
    lost: Switch = "on"
    """Atoms that leave the cell, or coordinates that are not finite."""
    frames: Annotated[int, Field(ge=1)] = 20
    """Number of last frames kept in full precision."""
    frames_every_fs: PositiveFloat = 10
    """Time between those frames."""
    tries: PositiveInt = 3
    """`restart-from-last-good`: largest number of attempts."""
    timestep_divisor: Annotated[int, Field(ge=2)] = 2
    """`restart-from-last-good`: factor by which each attempt divides the timestep."""

    model_deviation: ModelDeviation | None = None
    """What a committee's disagreement leads to during the run; off without it."""
    extrapolation_grade: ExtrapolationGrade | None = None
    """The same for the extrapolation grade γ of GRACE and ACE."""

    @property
    def gates(self) -> dict[str, ModelDeviation | ExtrapolationGrade]:
        """Name of the rule -> its levels, of the gates that are on."""
        found = {"model_deviation": self.model_deviation, "extrapolation_grade": self.extrapolation_grade}
        return {rule: gate for rule, gate in found.items() if gate is not None}

    @classmethod
    def with_short_forms(cls, own: dict[str, Any], made: dict[str, Any]) -> dict[str, Any]:
        """`guard: off`, and on and off as YAML reads them: as truth values."""
        for name, field in own["properties"].items():
            if "'off'" in str(field) or name in GATES:
                said = field.pop("anyOf", None) or [{key: field.pop(key) for key in ("type", "enum") if key in field}]
                field["anyOf"] = [*said, {"type": "boolean"}]
        return {"if": {"type": "object"}, "then": made, "else": {"enum": ["off", False]}}

    @model_validator(mode="before")
    @classmethod
    def _off_is_a_word(cls, value: Any) -> Any:
        """`guard: off` -> every rule off; YAML reads a bare `on` or `off` as a truth value."""
        if value in (False, "off"):
            return dict.fromkeys((n for n, f in cls.model_fields.items() if "'off'" in str(f.annotation)), "off")
        if not isinstance(value, dict):
            return value
        words = {True: "on", False: "off"}
        said = {key: words[item] if isinstance(item, bool) else item for key, item in value.items()}
        return {key: None if key in GATES and item == "off" else item for key, item in said.items()}
