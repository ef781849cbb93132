"""The layout of lmpdrive/: no circles, few layers, folders named in CONTRIBUTING, functions that fit on a screen."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT

PACKAGE = ROOT / "lmpdrive"
MOST_LAYERS = 11
MOST_LINES = 50
TOP = {"__init__.py", "__main__.py", "_version.py", "errors.py", "pipeline.py"}
"""Files at the top; everything else is in folders."""
LONGER: dict[str, str] = {}
"""Functions that may be longer, as `lmpdrive.folder.file.function`, each with the reason."""


def modules(root: Path) -> dict[str, Path]:
    """Dotted names of the files of the package `root`; a folder's `__init__` has the folder's name."""
    found = {}
    for file in root.rglob("*.py"):
        parts = file.relative_to(root.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imports(file: Path, known: dict[str, Path]) -> set[str]:
    """The modules of `known` that a file imports, anywhere in it: at the top, in functions, under TYPE_CHECKING."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: write absolute imports"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in known else str(node.module))
    return found & set(known)


def circles(root: Path) -> list[tuple[str, str]]:
    """Pairs of files that import each other."""
    known = modules(root)
    arrows = {name: imports(file, known) for name, file in known.items()}
    return sorted((a, b) for a, targets in arrows.items() for b in targets if a < b and a in arrows[b])


def functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, int]]:
    """Dotted name and number of lines of each function."""
    for child in ast.iter_child_nodes(node):
        name = f"{prefix}.{child.name}" if hasattr(child, "name") else prefix
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield name, child.end_lineno - child.lineno + 1
        yield from functions(child, name)


def tree_of_contributing() -> list[str]:
    """The entries of the tree in CONTRIBUTING.md as paths, folders with a slash at the end."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    entries, folder = [], ""
    for line in re.search(r"^## The tree\n.*?^```text\n(.*?)^```", text, re.M | re.S)[1].splitlines():
        name, sentence = line.split(maxsplit=1)
        assert sentence, line
        if line.startswith(" "):
            entries.append(folder + name)
        else:
            folder = name
            entries.append(name)
    return entries


def test_no_two_files_import_each_other():
    assert not circles(PACKAGE)


def test_a_circle_is_found(tmp_path):
    root = tmp_path / "toy"
    root.mkdir()
    (root / "__init__.py").write_text("from toy.one import f\n")
    (root / "one.py").write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from toy.two import g\n")
    (root / "two.py").write_text("def g():\n    from toy import one\n")
    (root / "three.py").write_text("import toy.two\nfrom toy import f\n")
    assert circles(root) == [("toy.one", "toy.two")]


def test_import_linter_has_few_layers():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    assert len(layers) <= MOST_LAYERS
    named = {name.strip() for layer in layers for name in re.split("[|:]", layer)}
    top = {p.stem for p in PACKAGE.iterdir() if p.is_dir() or not p.name.startswith("_")} - {"__pycache__", "_shared"}
    assert named == {f"lmpdrive.{name}" for name in top}, "every folder has a layer"
    (free,) = (contract for contract in contracts if contract["type"] == "forbidden")
    assert {"lmpdrive.trajectory", "lmpdrive.observables", "lmpdrive.report"} <= set(free["source_modules"])
    assert "lmpdrive.engine" in free["forbidden_modules"]


def test_the_top_holds_folders():
    assert {p.name for p in PACKAGE.glob("*") if p.is_file()} == TOP


def test_contributing_names_every_folder():
    entries = tree_of_contributing()
    missing = [entry for entry in entries if not (PACKAGE / entry).exists()]
    assert not missing, missing
    folders = {f"{p.parent.name}/" for p in PACKAGE.glob("*/__init__.py")}
    assert {entry for entry in entries if entry.count("/") == 1 and entry.endswith("/")} == folders
    # a large architecture has a folder of its own, which needs no line
    inner = {f"{p.parent.relative_to(PACKAGE)}/" for p in PACKAGE.glob("*/*/__init__.py")}
    listed = {entry for entry in entries if entry.count("/") == 2}
    assert {name for name in inner if not name.startswith("architectures/")} <= listed <= inner


def test_functions_fit_on_a_screen():
    long = {
        name: lines
        for module, file in modules(PACKAGE).items()
        for name, lines in functions(ast.parse(file.read_text()), module)
        if lines > MOST_LINES
    }
    assert set(long) <= set(LONGER), {name: lines for name, lines in long.items() if name not in LONGER}
    assert set(LONGER) <= set(long), "short again: no exception needed"


def test_what_messages_and_docs_tell_to_install_is_there():
    """`pip install "lmpdrive[campaign]"` installs nothing more if there is no such extra, and says so nowhere."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    files = [*ROOT.glob("lmpdrive/**/*.py"), *ROOT.glob("docs/**/*.md"), ROOT / "README.md"]
    found = {name for file in files for name in re.findall(r"lmpdrive\[([\w,]+)\]|\"\.\[([\w,]+)\]", file.read_text())}
    named = {extra for pair in found for word in pair for extra in word.split(",") if extra}
    assert "campaign" in named and named <= set(extras)
