"""JSON schema of the YAML file, for editors: what the program takes is valid in it, short forms too.

The `potential` section follows its architecture by `if` and `then`, so that an editor marks the key that is wrong
instead of the whole section.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from lmpdrive.architectures import available, find
from lmpdrive.config.load import EXTENDS
from lmpdrive.config.sections import Config

UNITS = {
    "kcal_per_mol": "kcal/mol", "eV_per_A2": "eV/Å²", "eV_per_A": "eV/Å", "g_per_cm3": "g/cm³", "per_A": "1/Å",
    "uC_per_cm2": "µC/cm²", "V_per_A": "V/Å", "A": "Å", "K": "K", "fs": "fs", "ps": "ps", "bar": "bar", "eV": "eV",
    "e": "e", "V": "V", "deg": "degrees", "GB": "GB",
}  # fmt: skip
"""Ends of keys, longest first -> units."""


def schema() -> str:
    """JSON schema (draft 2020-12), `potential` being any of the architectures found here, or a file of one's own."""
    result = Config.model_json_schema()
    names = list(available())
    rules = []
    for name in names:
        part = find(name).model_json_schema(ref_template="#/$defs/{model}")
        result["$defs"].update(part.pop("$defs", {}))
        part["properties"]["architecture"]["const"] = name
        result["$defs"][f"potential-{name}"] = part
        rules.append(
            {
                "if": {"properties": {"architecture": {"const": name}}, "required": ["architecture"]},
                "then": {"$ref": f"#/$defs/potential-{name}"},
            }
        )
    result["$defs"].pop("Architecture", None)
    result["properties"]["potential"] = {
        "type": "object",
        "description": "Architecture and its model.",
        "required": ["architecture"],
        "properties": {
            "architecture": {
                "description": "Name of a shipped or installed architecture, or a file of one's own, `./file.py`.",
                "anyOf": [{"enum": names}, {"type": "string", "pattern": r"\.py$"}],
            }
        },
        "allOf": rules,
    }
    result["properties"][EXTENDS] = {
        "type": "string",
        "description": "YAML file of this folder; the sections here go over its.",
    }
    result["anyOf"] = [{"required": result.pop("required")}, {"required": [EXTENDS]}]
    for key, field in _fields(result):
        _say_unit(key, field)
    return json.dumps(
        {"$schema": "https://json-schema.org/draft/2020-12/schema"} | result, indent=2, ensure_ascii=False
    )


def _fields(node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key with its schema."""
    if isinstance(node, list):
        for item in node:
            yield from _fields(item)
    if isinstance(node, dict):
        for key, item in node.get("properties", {}).items():
            yield key, item
        for item in node.values():
            yield from _fields(item)


def _say_unit(key: str, field: dict[str, Any]) -> None:
    unit = next((unit for end, unit in UNITS.items() if key.endswith(f"_{end}")), None)
    field.pop("title", None)  # the key in capital letters
    if unit and f"[{unit}]" not in field.get("description", ""):
        field["description"] = f"{field.get('description', '').rstrip()} [{unit}]".lstrip()
