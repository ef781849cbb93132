"""The stages of a run, one after the other: `dynamics.stages`.  ps, fs, K.

    stages:
    - {ramp: [300, 400], ps: 5}
    - {nvt: 400, ps: 10}
    - {production: true, ps: 20}

`ramp: [300, 400]` is short for `ramp_K: [300, 400]`, `nvt: 400` for `ensemble: nvt, temperature_K: 400`, and
`nve: true` for `ensemble: nve`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveFloat, field_validator, model_validator

from lmpdrive.config.base import Section
from lmpdrive.config.thermostat import Thermostat

Ensemble = Literal["nvt", "npt", "nve"]
Temperature = Annotated[float, Field(gt=0, le=100_000)]
SHORT = ("nvt", "npt", "nve")
RESERVED = ("minimise", "start", "end", "traj", "guard")
"""Names that mean something else in logs and file names."""


def timestep_in_fs(value: float) -> float:
    """A timestep [fs] that can be meant.  Raises ValueError otherwise."""
    if value > 5:
        raise ValueError(
            f"{value:g} fs is ten times what water allows (0.5 fs with H, up to 2 fs without); the unit is fs"
        )
    if value < 0.02:
        raise ValueError(f"{value:g} fs looks like picoseconds; the unit is fs: write {value * 1e3:g}")
    return value


class Stage(Section):
    """One stage; what it leaves out is that of `dynamics`, and the temperature that of the stage before."""

    name: str | None = None
    """In the deck, the log and the report; default: ramp, nvt, npt, nve or production, numbered where repeated."""
    ps: PositiveFloat
    """Length."""
    ensemble: Ensemble | None = None
    """`nvt`, `npt` or `nve`; default: dynamics.ensemble."""
    temperature_K: Temperature | None = None
    """Target; default: where the stage before ended."""
    ramp_K: tuple[Temperature, Temperature] | None = None
    """Target at the beginning and at the end, linear in time between them."""
    timestep_fs: PositiveFloat | None = None
    """Another timestep than dynamics.timestep_fs; not in the production."""
    thermostat: Thermostat | None = None
    """Another thermostat than dynamics.thermostat."""
    frames_every_fs: PositiveFloat | None = None
    """Frames of a stage that is not analysed, in `NAME.dcd`; the production's are those of output.frames_every_fs."""
    production: bool = False
    """Whether its frames are analysed; such stages are the last."""

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:
        """`ramp`, `nvt`, `npt` and `nve` as keys."""
        if not isinstance(value, dict):
            return value
        value, short = dict(value), [key for key in SHORT if key in value]
        if len(short) + ("ensemble" in value) > 1:
            raise ValueError(f"one ensemble a stage, not {' and '.join([*short, *({'ensemble'} & set(value))])}")
        if "ramp" in value:
            value.setdefault("ramp_K", value.pop("ramp"))
        for key in short:
            target = value.pop(key)
            value["ensemble"] = key
            if target is not True:  # `nvt: true`: at the temperature of the stage before
                value.setdefault("temperature_K", target)
        return value

    @classmethod
    def with_short_forms(cls, own: dict[str, Any], made: dict[str, Any]) -> dict[str, Any]:
        """`ramp`, `nvt`, `npt` and `nve` too."""
        properties = own["properties"]
        properties["ramp"] = properties["ramp_K"] | {"description": "Short for ramp_K."}
        for key in SHORT:
            properties[key] = {
                "anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"const": True}],
                "description": f"Short for ensemble: {key} and temperature_K; true: that of the stage before.",
            }
        return made

    @field_validator("name")
    @classmethod
    def _name_is_a_word(cls, value: str | None) -> str | None:
        if value is not None and (not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,39}", value) or value in RESERVED):
            raise ValueError(
                "a stage's name begins with a letter, has letters, digits, - and _, at most 40, and is none of "
                + ", ".join(RESERVED)
            )
        return value

    @field_validator("timestep_fs")
    @classmethod
    def _timestep_is_in_fs(cls, value: float | None) -> float | None:
        return None if value is None else timestep_in_fs(value)

    @model_validator(mode="after")
    def _fits_together(self) -> Stage:
        if self.ramp_K is not None and self.temperature_K is not None:
            raise ValueError("give ramp_K (two temperatures) or temperature_K (one), not both")
        if self.ensemble == "nve" and self.ramp_K is not None:
            raise ValueError("ensemble: nve has no thermostat, so there is no ramp; use nvt")
        if self.name == "production" and not self.production:
            raise ValueError("a stage with the name production is one: add production: true, or take another name")
        if self.production and self.timestep_fs is not None:
            raise ValueError("the production's timestep is dynamics.timestep_fs; other stages may have their own")
        if self.production and self.frames_every_fs is not None:
            raise ValueError("the production's frames are those of output.frames_every_fs")
        return self


@dataclass(frozen=True)
class PlannedStage:
    """A stage with everything that was left to defaults.

    steps, timestep_fs : its length; begin_K, end_K : target of the thermostat; frames_every : steps between the frames
    of a stage that is not analysed, None: no frames.
    """

    name: str
    steps: int
    ps: float
    ensemble: str
    begin_K: float
    end_K: float
    thermostat: Thermostat
    timestep_fs: float
    production: bool
    frames_every: int | None = None
    listed: bool = True
    """Whether it is of `dynamics.stages`."""

    @property
    def ramped(self) -> bool:
        """Whether the target changes."""
        return self.begin_K != self.end_K

    @property
    def words(self) -> str:
        """What it is, for the deck and the report."""
        target = f"{self.begin_K:g} to {self.end_K:g} K" if self.ramped else f"{self.begin_K:g} K"
        about = [f"{self.ps} ps", *([self.ensemble, *([target] if self.ensemble != "nve" else [])] * self.listed)]
        return ", ".join([*about, *(["not analysed"] * (not self.production))])

    @property
    def timestep_ps(self) -> str:
        """As the deck has it."""
        return f"{self.timestep_fs * 1e-3:g}"

    def moves_like(self, other: PlannedStage | None) -> bool:
        """Whether the other's integrator is this one's."""
        if other is None or self.ensemble != other.ensemble:
            return False
        if self.ensemble == "nve":
            return True
        return self.thermostat == other.thermostat and self.begin_K == self.end_K == other.begin_K == other.end_K


def completed(stages: Sequence[Stage], ensemble: Ensemble, temperature_K: float) -> list[Stage]:
    """The stages with their names, ensembles and temperatures.

    Raises ValueError for a name that stands twice, and for a production before another stage.
    """
    found, target, counts = [], temperature_K, Counter[str]()
    for stage in stages:
        own = stage.ensemble or ensemble
        if own == "nve" and stage.ramp_K is not None:
            raise ValueError("dynamics.ensemble: nve has no thermostat; a stage with a ramp needs ensemble: nvt")
        base = "production" if stage.production else "ramp" if stage.ramp_K is not None else own
        counts[base] += stage.name is None
        name = stage.name or (base if counts[base] == 1 else f"{base}_{counts[base]}")
        begin, target = stage.ramp_K or (2 * (stage.temperature_K or target,))
        found.append(
            stage.model_copy(
                update={"name": name, "ensemble": own} | ({} if stage.ramp_K is not None else {"temperature_K": begin})
            )
        )
    _check_order(found)
    return found


def _check_order(stages: Sequence[Stage]) -> None:
    names = Counter(stage.name for stage in stages)
    for name, count in names.items():
        if count > 1:
            raise ValueError(f"{count} stages have the name {name}: give each its own")
    first = next((i for i, stage in enumerate(stages) if stage.production), len(stages))
    for stage in stages[first:]:
        if not stage.production:
            raise ValueError(
                f"stage {stage.name} follows the production: production stages are the last, because everything from "
                "the first of them on is analysed. For productions at several temperatures write a campaign with "
                "the axis dynamics.temperature_K"
            )
