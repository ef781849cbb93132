"""Base of the sections of the YAML file: what pydantic would bend or let through is refused.

`temperature_K: yes` is no 1 K, `.inf` and `.nan` are no times, and a line break in a name would begin a command of the
deck.
"""

from __future__ import annotations

import types
import typing
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator


class Values(BaseModel):
    """Frozen; unknown keys are errors; attribute docstrings become the schema's descriptions."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True, allow_inf_nan=False
    )

    @field_validator("*", mode="before")
    @classmethod
    def _is_what_it_says(cls, value: Any, info: ValidationInfo) -> Any:
        field = cls.model_fields[info.field_name or ""]
        if _takes(field.annotation, Any):  # for a program of somebody else
            return value
        if any(isinstance(v, bool) for v in _leaves(value)) and not _takes(field.annotation, bool):
            raise ValueError(
                "yes, no, true and false are no numbers and no names; write a number, or put quotes around it"
            )
        if any(isinstance(v, str) and not v.isprintable() for v in _leaves(value)):
            raise ValueError("has a line break or another character that cannot be printed: take it out")
        return value


def _leaves(value: Any) -> typing.Iterator[Any]:
    """Keys and values in lists and mappings; sections below check their own."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _takes(annotation: Any, wanted: Any) -> bool:
    """Whether a field may hold such values somewhere, or holds sections, which check themselves."""
    if annotation is wanted:
        return True
    if (
        isinstance(annotation, type)
        and not isinstance(annotation, types.GenericAlias)
        and issubclass(annotation, BaseModel)
    ):
        return True
    return any(_takes(part, wanted) for part in typing.get_args(annotation))
