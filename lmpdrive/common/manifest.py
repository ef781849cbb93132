"""Reading `manifest.json` of a run directory: what both the engine and an analysis need of it."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from lmpdrive.common.run_files import MANIFEST
from lmpdrive.errors import RunDirectoryError

FORMS = {
    "state": "text",
    "system": "section",
    "system.elements": "elements",
    "system.species": "elements",
    "system.groups": "texts",
    "system.two_sided": "yes or no",
    "system.charges_e": "numbers",
    "potential": "section",
    "potential.sha256": "texts",
    "potential.card": "section",
    "dynamics": "section",
    "dynamics.timestep_fs": "positive number",
    "dynamics.temperature_K": "positive number",
    "dynamics.stages": "sections",
    "output": "section",
    "output.frames_every_steps": "positive number",
    "files": "texts",
    "templates": "texts",
    "versions": "texts",
    "parts": "sections",
    **dict.fromkeys(("seeds", "host", "performance", "step0", "ran_with", "lammps", "guard"), "section"),
}
"""What an entry must be if it is there; null is nothing, as if it were not."""


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest, or `{}` if there is none.

    Raises RunDirectoryError if the file is there and is not a JSON object, or its entries are not what they should be.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return {}
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunDirectoryError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise RunDirectoryError(f"{path} is not valid JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise RunDirectoryError(f"{path} holds no JSON object")
    for name, form in FORMS.items():
        section, _, key = name.partition(".")
        value = manifest.get(section)
        value = (value or {}).get(key) if key else value
        if value is not None and not _is(value, form):
            raise RunDirectoryError(f"{path} is damaged: {name} is {str(value)[:60]!r}, not {form}")
    return {key: value for key, value in manifest.items() if value is not None or key not in FORMS}


def system_of(folder: Path) -> dict[str, Any]:
    """The section `system`, with elements, species and groups.  Raises RunDirectoryError without them."""
    system = read_manifest(folder).get("system") or {}
    missing = [key for key in ("elements", "species", "groups") if key not in system]
    if missing:
        raise RunDirectoryError(f"{folder / MANIFEST} has no system.{missing[0]}: it is damaged, or not there")
    return system


def _is(value: Any, form: str) -> bool:
    if form == "text":
        return isinstance(value, str)
    if form == "section":
        return isinstance(value, dict)
    if form == "sections":
        return isinstance(value, list) and all(isinstance(v, dict) for v in value)
    if form == "yes or no":
        return isinstance(value, bool)
    if form == "texts":
        return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
    if form == "elements":
        return isinstance(value, list) and all(isinstance(v, str) and _ELEMENT.fullmatch(v) for v in value)
    if form == "numbers":
        return isinstance(value, list) and all(map(_is_number, value))
    return _is_number(value) and value > 0


_ELEMENT = re.compile("[A-Z][a-z]?")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
