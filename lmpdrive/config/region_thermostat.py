"""A thermostat of its own for some of the atoms.  fs, K."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lmpdrive.config.selection import Selection
from lmpdrive.config.thermostat import Thermostat


class RegionThermostat(Thermostat):
    """The mobile atoms of a selection at a temperature of their own; `dynamics.thermostat` keeps the others."""

    where: Selection
    """Which atoms."""
    temperature_K: Annotated[float, Field(gt=0, le=100_000)]
    """Their target, in all stages with a thermostat."""
