"""The page in a real browser, headless Chromium, where there is one: nothing sticks out at 500 px, dark is dark, it
prints on few pages."""

from __future__ import annotations

import re
import shutil
import subprocess

import numpy as np
import pytest
from matplotlib.image import imread

from lmpdrive.common.manifest import Manifest
from lmpdrive.observables import analyse
from lmpdrive.report import write_report
from lmpdrive.report.picture.snapshot import Snapshot
from tests.report.test_first_screen import frames
from tests.report.test_report import MANIFEST, thermo

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MOST_PAGES = 12
MEASURE = """<script>
const wide = [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1
  && !e.closest('svg') && !e.closest('.scroll') && !e.closest('.wide') && !e.closest('details'));
document.title = `width ${document.documentElement.scrollWidth} of ${innerWidth}: ${wide.map(e => e.tagName)}`;
</script>"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here to open the page with")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    trajectory = frames()
    tables = analyse(trajectory, thermo=thermo())
    folder = tmp_path_factory.mktemp("run")
    return write_report(folder, tables, thermo(), Manifest.of(MANIFEST), snapshot=Snapshot.last_of(trajectory))


def chromium(page, *options):
    base = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--user-data-dir={page}.user",
    ]
    return subprocess.run([*base, *options, page.as_uri()], capture_output=True, text=True, timeout=120, check=True)


def test_nothing_is_wider_than_a_narrow_window(page, tmp_path):
    measured = tmp_path / "measured.html"
    measured.write_text(page.read_text().replace("</body>", f"{MEASURE}</body>"))
    title = re.search(r"<title>(width .*?)</title>", chromium(measured, "--window-size=500,900", "--dump-dom").stdout)
    assert title and title[1] == "width 500 of 500: ", title


def test_it_is_dark_where_that_is_preferred(page, tmp_path):
    shades = {}
    for name, more in (("light", ()), ("dark", ("--blink-settings=preferredColorScheme=0",))):
        picture = tmp_path / f"{name}.png"
        chromium(page, "--window-size=1000,1200", f"--screenshot={picture}", *more)
        shades[name] = float(np.median(imread(picture)[..., :3]))
    assert shades["light"] > 0.95 and shades["dark"] < 0.15


def test_it_prints_on_few_pages(page, tmp_path):
    chromium(page, "--no-pdf-header-footer", f"--print-to-pdf={tmp_path / 'page.pdf'}")
    pages = len(re.findall(rb"/Type\s*/Page[^s]", (tmp_path / "page.pdf").read_bytes()))
    assert 2 <= pages <= MOST_PAGES
