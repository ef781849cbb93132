"""Inputs of situations that people met: `../shared/field-cases`, or where LMPDRIVE_FIELD_CASES points.

They are not part of the repository; tests of them are skipped where they are not there.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import ROOT

HOME = Path(os.environ.get("LMPDRIVE_FIELD_CASES", ROOT.parent / "shared" / "field-cases" / "analysis"))


def case(file: str) -> Path:
    """One of the files, as `folder/name`."""
    if not (path := HOME / file).is_file():
        pytest.skip(f"no {path}: the field cases are not beside this checkout")
    return path


def deck_case(name: str) -> Path:
    """The folder of one of the cases of decks, which has an `in.yaml`."""
    return case(f"../decks/{name}/in.yaml").parent
