"""The model card: `card.yaml` beside a model file, with its elements, level of theory, training and limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from lmpdrive.common.hashing import sha256


def card_beside(model: Path) -> dict[str, Any] | None:
    """`card.yaml` beside a model, if it describes this very file (by its sha256)."""
    path = model.parent / "card.yaml"
    if not path.is_file() or not model.exists():
        return None
    card = yaml.safe_load(path.read_text())
    return card if isinstance(card, dict) and card.get("sha256") == sha256(model) else None
