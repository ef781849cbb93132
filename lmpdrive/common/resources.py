"""Find shipped templates and demonstration potentials, from a checkout and from an installed wheel.

A wheel carries the top-level `templates/` and `potentials/` inside the package, under `_shared/`.
"""

from pathlib import Path

import yaml

_PACKAGE = Path(__file__).parents[1]


def _folder(name: str) -> Path:
    installed = _PACKAGE / "_shared" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def templates() -> Path:
    """Folder of the shipped Jinja2 templates."""
    return _folder("templates")


def potentials() -> Path:
    """Folder of the shipped demonstration potentials, one folder each with a card."""
    return _folder("potentials")


def shipped_models() -> dict[str, Path]:
    """Name of each shipped demonstration potential -> its model file or folder, as its card has it."""
    cards = sorted(potentials().glob("*/card.yaml"))
    return {card.parent.name: card.parent / yaml.safe_load(card.read_text())["file"] for card in cards}


def shipped_frames() -> dict[str, Path]:
    """Name of each folder of shipped labelled frames -> its file."""
    return {file.parent.name: file for file in sorted(potentials().glob("*/*.xyz.gz"))}


def find_model(model: Path, folder: Path) -> Path:
    """A path relative to `folder`, or the model of a shipped potential by its name."""
    path = folder / model
    named = None if path.exists() or len(model.parts) > 1 else shipped_models().get(model.name)
    return named or path.resolve()
