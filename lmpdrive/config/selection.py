"""Some of the atoms: by height, group or ids.  Å."""

from __future__ import annotations

import re
from typing import Any

from pydantic import field_validator, model_validator

from lmpdrive.config.base import Section


class Selection(Section):
    """Exactly one of the three; a bare word is a group."""

    z_A: tuple[float, float] | None = None
    """Between these heights in the cell, at the start."""
    group: str | None = None
    """metal, layer_1 (bottom) ..., water, ions, ion_Na ..."""
    ids: str | None = None
    """LAMMPS ids (1-based): "1:24 40"."""

    @model_validator(mode="before")
    @classmethod
    def _words(cls, value: Any) -> Any:
        return {"group": value} if isinstance(value, str) else value

    @classmethod
    def with_short_forms(cls, own: dict[str, Any], made: dict[str, Any]) -> dict[str, Any]:
        """A bare word too."""
        return {"if": {"type": "object"}, "then": made, "else": {"type": "string"}}

    @field_validator("z_A")
    @classmethod
    def _lower_first(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and not value[0] < value[1]:
            raise ValueError(f"z_A: {list(value)}: the lower height comes first")
        return value

    @field_validator("ids")
    @classmethod
    def _ids_are_ranges(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"\s*\d+(:\d+)?([\s,]+\d+(:\d+)?)*\s*", value):
            raise ValueError(f'ids: {value!r}: write ids and ranges of LAMMPS (from 1), like "1:24 40"')
        return value

    @model_validator(mode="after")
    def _one_of_them(self) -> Selection:
        if sum(one is not None for one in (self.z_A, self.group, self.ids)) != 1:
            raise ValueError('give exactly one of z_A: [0, 4], group: layer_1 and ids: "1:24"')
        return self

    @property
    def words(self) -> str:
        """As it is written."""
        if self.z_A is not None:
            return f"z_A: [{self.z_A[0]:g}, {self.z_A[1]:g}]"
        return f"group: {self.group}" if self.group is not None else f'ids: "{self.ids}"'
