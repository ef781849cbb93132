"""Base of the sections of the YAML file."""

from __future__ import annotations

from typing import Any

from pydantic import GetJsonSchemaHandler

from lmpdrive.common.values import Values


class Section(Values):
    """One section."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """With the short forms that a validator of the class understands."""
        made = handler(core)
        return cls.with_short_forms(handler.resolve_ref_schema(made), made)

    @classmethod
    def with_short_forms(cls, own: dict[str, Any], made: dict[str, Any]) -> dict[str, Any]:
        """`made`, the schema or the reference to it, after changes of `own`, the schema itself."""
        return made
