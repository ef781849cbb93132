"""Reading `manifest.json` of a run directory: what both the engine and an analysis need of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lmpdrive.errors import RunDirectoryError

MANIFEST = "manifest.json"
LOG = "log.lammps"


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest, or `{}` if there is none.

    Raises RunDirectoryError if the file is there and is not a JSON object.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return {}
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RunDirectoryError(f"{path} is not valid JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise RunDirectoryError(f"{path} holds no JSON object")
    return manifest
