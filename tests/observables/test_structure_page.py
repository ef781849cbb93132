"""Every example of docs/observables/structure.md is accepted and makes its tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from lmpdrive.config.sections import Observables
from lmpdrive.observables import analyse
from tests.observables.synthetic_frames import Frames, film

PAGE = Path(__file__).parents[2] / "docs" / "observables" / "structure.md"
EXAMPLES = [
    yaml.safe_load(part.partition("```")[0]) for part in PAGE.read_text(encoding="utf-8").split("```yaml\n")[1:]
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: "-".join(example["observables"]["options"]))
def test_example(example):
    options = Observables(**example["observables"]).options
    extra = [("Na", (1, 2, 14)), ("Na", (4, 5, 16))]
    elements, positions, cell = film([2.6, 3.1, 5.5, 8.2, 11.0], [0.3, -0.8, 0, 1, 0.5], extra=extra)
    frames = positions + np.random.default_rng(0).normal(scale=0.03, size=(12, *positions.shape))
    tables = analyse(Frames(elements, frames, cell), options=options)
    for family in options:
        found = [table for name, table in tables.items() if name.startswith(family)]
        assert found, family
        assert all(len(table.data) for table in found)
