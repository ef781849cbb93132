"""The documentation site builds without a warning: all pages in it, no dead link or anchor, nothing from the net."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.conftest import ROOT

pytest.importorskip("mkdocs", reason='the site is built with mkdocs: pip install -e ".[docs]" (.ci/run does)')
pytest.importorskip("material", reason='the theme is mkdocs-material: pip install -e ".[docs]" (.ci/run does)')

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort


class Tags(HTMLParser):
    """Attributes of the tags of a page: what it loads, where it leads, what it can be asked for."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loads, self.leads, self.anchors = set(), set(), set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.anchors.add(given.get("id"))
        if tag in ("script", "img", "iframe") and given.get("src"):
            self.loads.add(given["src"])
        if tag == "link" and given.get("rel") in ("stylesheet", "preconnect"):
            self.loads.add(given["href"])
        if tag == "a" and given.get("href"):
            self.leads.add(given["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The site, built with warnings as errors."""
    folder = tmp_path_factory.mktemp("site")
    config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder))
    config.plugins.on_startup(command="build", dirty=False)
    try:
        build(config)
    except Abort as error:
        pytest.fail(f"mkdocs build --strict: {error}; the warnings are above")
    finally:
        config.plugins.on_shutdown()
    return folder


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, Tags]:
    return {page: Tags(page) for page in site.rglob("*.html") if page.name != "404.html"}


def test_every_page_of_the_documentation_is_there(site):
    names = [page.relative_to(ROOT / "docs").with_suffix(".html") for page in (ROOT / "docs").rglob("*.md")]
    places = [name.with_name("index.html") if name.stem == "README" else name for name in names]
    assert len(places) > 40 and not [place for place in places if not (site / place).is_file()]
    assert "and one HTML page that opens offline" in " ".join((site / "index.html").read_text().split())


def test_every_link_leads_to_a_file_of_the_site_and_its_anchor(site, pages):
    dead = []
    for page, tags in pages.items():
        for link in tags.leads | tags.loads:
            path, _, anchor = unquote(link).partition("#")
            if re.match(r"[a-z]+:", path):
                continue
            target = (page.parent / path).resolve() if path else page
            target = target / "index.html" if target.is_dir() else target
            known = pages.get(target)
            if not target.is_file() or (anchor and known and anchor not in known.anchors):
                dead.append(f"{page.relative_to(site)}: {link}")
    assert not dead


def test_a_page_loads_nothing_from_elsewhere(site, pages):
    foreign = {source for tags in pages.values() for source in tags.loads if re.match(r"(https?:)?//", source)}
    assert len(pages) > 40 and not foreign


def test_a_link_that_leaves_docs_leads_to_a_copy(site):
    linked = [page for page in (ROOT / "docs").rglob("*.md") if "](../../benchmarks/" in page.read_text()]
    assert linked and list((site / "repository" / "benchmarks").rglob("*.html"))
    assert (site / "repository" / "LICENSE").is_file() or (site / "repository" / "CITATION.cff").is_file()


def test_no_code_shows_the_backslash_of_a_table(site):
    shown = {page.name: re.findall(r"<code>[^<]*\\\|[^<]*</code>", page.read_text()) for page in site.rglob("*.html")}
    assert not {name: found for name, found in shown.items() if found}
    assert "<code>metal|real</code>" in (site / "cli.html").read_text()
