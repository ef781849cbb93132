"""One run of a campaign, before it is made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PlannedRun:
    """One run of the matrix.

    points : axis -> name of the point; `settings`: dotted key -> value; `resources`: stage -> its resources' name.
    checked_by : name of the run whose check stands for this one's.
    """

    name: str
    points: Mapping[str, str]
    settings: Mapping[str, Any]
    resources: Mapping[str, str]
    checked_by: str

    @property
    def overrides(self) -> list[str]:
        """For `--set`; JSON is YAML."""
        return [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in self.settings.items()]


def over(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Later settings over earlier ones: a section that is set whole removes what was set inside of it."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            merged = {k: v for k, v in merged.items() if not k.startswith(f"{key}.")}
            merged[key] = value
    return dict(sorted(merged.items(), key=lambda item: item[0].count(".")))
