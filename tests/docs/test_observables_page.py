"""docs/observables.md lists every observable as it is: the page is written by docs/make_observables.py."""

from __future__ import annotations

import re

import pytest

from lmpdrive.config import load
from lmpdrive.observables import observable_classes
from lmpdrive.observables.listing import entries
from lmpdrive.stages.observable_settings import check_observables
from tests.conftest import ROOT
from tests.docs.generated import script
from tests.shipped import shipped

make_observables = script("make_observables")
PAGE = (ROOT / "docs" / "observables.md").read_text(encoding="utf-8")
LISTED = set(re.findall(r"^### (\w+)$", PAGE, re.M))
SHIPPED = {cls.family() for cls in observable_classes()} & shipped("lmpdrive/observables")
FAMILIES = sorted(SHIPPED | set(make_observables.FROM_THE_LOG))


def test_the_pages_are_up_to_date():
    assert LISTED >= SHIPPED, "run: python docs/make_observables.py"
    assert make_observables.page(LISTED) == PAGE, "run: python docs/make_observables.py"
    gallery = make_observables.GALLERY.read_text(encoding="utf-8")
    assert make_observables.gallery(LISTED) == gallery, "run: python docs/make_observables.py"


@pytest.mark.parametrize("family", FAMILIES)
def test_every_observable_has_equation_units_options_and_figure(family):
    section = re.search(rf"^### {family}\n(.*?)(?=^##|\Z)", PAGE, re.M | re.S)
    assert section, family
    text = section[1]
    assert re.search(r"^\*\*.+\.\*\* `.+`$", text, re.M), "no equation"
    assert re.search(r"^\| `[\w.+-]+` \| \w+ \| `.+ \[.+\]`", text, re.M), "no columns with units"
    figure = re.search(r"!\[.*\]\((figures/observables/.*\.png)\)", text)
    assert figure and (ROOT / "docs" / figure[1]).stat().st_size > 2000


def test_every_option_says_what_it_means():
    silent = [f"{entry.family}.{option.name}" for entry in entries() for option in entry.options if not option.meaning]
    assert not silent, f"a string below the field says it: {silent}"


def test_the_yaml_of_the_gallery_asks_for_what_there_is(tmp_path):
    sections = re.findall(r"^```yaml\n(.*?)^```$", make_observables.GALLERY.read_text(encoding="utf-8"), re.M | re.S)
    asked = set()
    for section in sections:
        file = tmp_path / "system.yaml"
        file.write_text(f"system: {{build: {{metal: Au}}}}\npotential: {{architecture: classical}}\n{section}")
        config = load(file)
        check_observables(config)
        asked |= set(config.observables.names)
    assert asked >= set(FAMILIES)
