"""docs/observables/dynamics.md: its examples are valid, no option or table of its observables is missing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from lmpdrive.observables import observable_classes
from lmpdrive.observables.base import Settings

PAGE = (Path(__file__).parents[2] / "docs/observables/dynamics.md").read_text()
FAMILIES = {name for heading in re.findall(r"^## (\w+(?:, \w+)*)$", PAGE, re.M) for name in heading.split(", ")}
CLASSES = {cls.family(): cls for cls in observable_classes() if cls.family() in FAMILIES}


def test_every_heading_is_an_observable():
    assert set(CLASSES) == {name for name in FAMILIES if name.islower()}
    assert len(CLASSES) == 10


def test_examples_are_valid():
    examples = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.M | re.S)
    given = {}
    for example in examples:
        given |= yaml.safe_load(example)["observables"]["options"]
    assert {"dipole_correlation", "survival", "mean_square_displacement"} <= set(given)
    for family, options in given.items():
        CLASSES[family].read_options(Settings(options=given))
        assert options


@pytest.mark.parametrize("family", sorted(CLASSES))
def test_every_option_is_documented(family):
    missing = [name for name in CLASSES[family].Options.model_fields if f"`{name}`" not in PAGE]
    assert not missing


@pytest.mark.parametrize("family", sorted(CLASSES))
def test_documented_window_and_samples_are_the_code_s(family):
    section = next(part for part in re.split(r"^## ", PAGE, flags=re.M) if family in part.split("\n")[0].split(", "))
    row = re.search(r"^\| `window_ps`, `sample_ps` \| ([\d.]+), ([\d.]+) \|", section, re.M)
    fields = CLASSES[family].Options.model_fields
    if "window_ps" in fields:
        assert row
        assert [float(row[1]), float(row[2])] == [fields["window_ps"].default, fields["sample_ps"].default]
