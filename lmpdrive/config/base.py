"""Base of the sections of the YAML file."""

from __future__ import annotations

from lmpdrive.common.values import Values


class Section(Values):
    """One section."""
