"""Find shipped templates and demonstration potentials, from a checkout and from an installed wheel.

A wheel carries the top-level `templates/` and `potentials/` inside the package, under `_shared/`.
"""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def _folder(name: str) -> Path:
    installed = _PACKAGE / "_shared" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def templates() -> Path:
    """Folder of the shipped Jinja2 templates."""
    return _folder("templates")


def potentials() -> Path:
    """Folder of the shipped demonstration potentials, one folder each with a card."""
    return _folder("potentials")
