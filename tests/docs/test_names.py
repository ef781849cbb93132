"""Files and modules of this repository that the documentation names exist."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.docs.test_docs import PAGES, name

PATH = re.compile(r"(?<![\w./])(?:lmpdrive|tests|templates|potentials|inputs|benchmarks|docs)/[\w./-]*[\w/]")
MODULE = re.compile(r"(?<![\w./-])lmpdrive(?:\.[A-Za-z_]\w*)+(?!\.\w)")
ELSEWHERE = ("lmpdrive/envs", "lmpdrive/settings.yaml", "lmpdrive/trusted.jsonl", "lmpdrive/mace")
"""In the user's own directories for data, settings and caches."""
TO_WRITE = ("docs/architectures/toy.md", "potentials/mine", "potentials/three")
"""Files that the authors of a new architecture are asked to write, and the folders of trained models in examples."""
FILES = ("lmpdrive.schema.json",)


def exists(module: str) -> bool:
    """Whether a dotted name is a module, or a name in one."""
    parts = module.split(".")
    for n in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:n]))
        except ModuleNotFoundError:
            continue
        for part in parts[n:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


def of_the_page(page: Path, path: str) -> bool:
    """Whether a page tells its reader to make this file or folder."""
    return f'title="{path}' in page.read_text()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_paths_exist(page):
    paths = {path for path in PATH.findall(page.read_text()) if not path.startswith(ELSEWHERE)} - set(TO_WRITE)
    gone = sorted(path for path in paths if not (ROOT / path).exists() and not of_the_page(page, path))
    assert not gone, f"{name(page)}: {gone}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_modules_exist(page):
    modules = {module for module in MODULE.findall(page.read_text()) if module not in FILES}
    gone = sorted(module for module in modules if not exists(module))
    assert not gone, f"{name(page)}: {gone}"
