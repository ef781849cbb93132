"""What MkDocs does not do: README.md and other pages outside docs/ on the site, and links that lead out of docs/.

In the repository a page links to files by their relative paths, also to README.md, CONTRIBUTING.md or a benchmark.  On
the site the pages of `OUTSIDE` have places of their own, and every other linked file is copied to repository/, so that
each link works in both, and offline.  mkdocs.yml names this file under `hooks`.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
DOCS = "docs/"
OUTSIDE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changes.md",
    "VISION.md": "vision.md",
}
"""Path in the repository -> path on the site, both with respect to their roots."""
COPIES = "repository/"
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)\s#]+)(?=[)#])")
"""The file of a Markdown link, without its anchor."""
CODE = re.compile(r"(^```.*?^```$|`[^`\n]*`)", re.M | re.S)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages outside docs/, and the files that pages link to there."""
    for path, place in OUTSIDE.items():
        files.append(File.generated(config, place, abs_src_path=str(ROOT / path)))
    pages = [file for file in files if file.is_documentation_page()]
    for page in pages:  # grows: a page that is copied may link to others
        for path in sorted(_linked(page.content_string, _in_repository(page.src_uri))):
            place = _copied(path)
            if place and (ROOT / path).is_file() and files.get_file_from_path(place) is None:
                copy = File.generated(config, place, abs_src_path=str(ROOT / path))
                files.append(copy)
                pages += [copy] * copy.is_documentation_page()
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The page with its links as paths on the site."""
    source = _in_repository(page.file.src_uri)
    parts = CODE.split(markdown)
    parts[::2] = [LINK.sub(lambda found: _on_site(found[1], source, page.file.src_uri), part) for part in parts[::2]]
    # GitHub wants | escaped in the code of a table, and Python-Markdown would show the backslash
    parts[1::2] = [part if part.startswith("```") else part.replace("\\|", "|") for part in parts[1::2]]
    return "".join(parts)


def _in_repository(src_uri: str) -> str:
    """Path in the repository of a page of the site."""
    for path, place in OUTSIDE.items():
        if place == src_uri:
            return path
    return src_uri.removeprefix(COPIES) if src_uri.startswith(COPIES) else DOCS + src_uri


def _linked(markdown: str, source: str) -> set[str]:
    """Paths in the repository of the files that the page `source` links to."""
    prose = "".join(CODE.split(markdown)[::2])
    return {_resolved(target, source) for target in LINK.findall(prose)}


def _resolved(target: str, source: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), target))


def _copied(path: str) -> str | None:
    """Place on the site of a file that is copied to it; None for the pages."""
    return None if path.startswith(DOCS) or path in OUTSIDE else COPIES + path


def _on_site(target: str, source: str, src_uri: str) -> str:
    """The link `target` of the page `source`, seen from its place on the site."""
    path = _resolved(target, source)
    place = OUTSIDE.get(path) or _copied(path) or path.removeprefix(DOCS)
    return posixpath.relpath(place, posixpath.dirname(src_uri) or ".")
