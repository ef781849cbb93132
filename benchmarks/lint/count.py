"""How often each rule of `lmpdrive lint` fires on decks of other people, and how often it is right.

    apt-get download lammps-examples && dpkg -x lammps-examples_*.deb debian
    PYTHONPATH=. python benchmarks/lint/count.py debian/usr/share/lammps/examples n2p2 sevennet ai2-kit deepmd-kit

Reads all LAMMPS inputs under the folders.  Errors are compared with `judged.json`, in which a person wrote of each one
why it is true; one that is not there counts as false until it is judged, and is printed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from lmpdrive.errors import DeckError
from lmpdrive.lint import Report, lint

JUDGED = Path(__file__).with_name("judged.json")
NAMES = re.compile(r"in\.[^/]+|[^/]*(?<!log)\.(lammps|lmp)|lammps\.(in|input)|input\.[^/]+\.lammps")
STARTS = re.compile(r"^\s*(pair_style|run|minimize|fix|read_data|units)\s", re.MULTILINE)
ORDER = ("error", "warning", "note")


@dataclass
class Count:
    """Findings of one code and level: how many, in which decks, how many of them not judged true."""

    findings: int = 0
    decks: set[str] = field(default_factory=set)
    not_true: list[str] = field(default_factory=list)


def decks(folder: Path) -> list[Path]:
    """The LAMMPS inputs under a folder, by their names; `.lmp` and `.lammps` only if there are commands in them."""
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.name.removesuffix(".gz")
        if NAMES.fullmatch(name) and (name.startswith("in.") or STARTS.search(_text(path))):
            found.append(path)
    return found


def _text(path: Path) -> str:
    content = path.read_bytes()
    return (gzip.decompress(content) if path.suffix == ".gz" else content).decode(errors="replace")


def linted(path: Path) -> Report:
    """A deck, decompressed beside nothing where it is compressed."""
    if path.suffix != ".gz":
        return lint(path)
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / path.stem
        plain.write_text(_text(path))
        return lint(plain)


def count(folders: list[Path], judged: dict[str, str]) -> tuple[int, dict[tuple[str, str], Count]]:
    """Number of decks, and what was found by level and code."""
    number, found = 0, defaultdict(Count)
    for folder in folders:
        for path in decks(folder):
            number += 1
            try:
                report = linted(path)
            except DeckError as error:
                print(f"not read: {path}: {error}", file=sys.stderr)
                continue
            for finding in report.findings:
                entry = found[finding.level, finding.code]
                entry.findings += 1
                entry.decks.add(str(path))
                known = f"{'/'.join(path.parts[-2:])} {finding.code}"
                if finding.level == "error" and known not in judged:
                    entry.not_true.append(f"{path}:{finding.line}: {finding.code}: {finding.what}")
    return number, found


def table(found: dict[tuple[str, str], Count]) -> str:
    """The table of docs/lint.md."""
    lines = ["| code | level | findings | decks | true | false |", "|---|---|---|---|---|---|"]
    for level, code in sorted(found, key=lambda key: (ORDER.index(key[0]), key[1])):
        one = found[level, code]
        right = (len(one.not_true), one.findings - len(one.not_true)) if level == "error" else ("", "")
        lines.append(f"| `{code}` | {level} | {one.findings} | {len(one.decks)} | {right[1]} | {right[0]} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--json", type=Path, help="write the counts to this file")
    given = parser.parse_args()
    number, found = count(given.folders, json.loads(JUDGED.read_text()))
    total = Counter(level for (level, _), one in found.items() for _ in range(one.findings))
    print(f"{number} decks: " + ", ".join(f"{total[level]} {level}s" for level in ORDER), end="\n\n")
    print(table(found))
    for one in found.values():
        print(*one.not_true, sep="\n", end="\n" if one.not_true else "")
    if given.json:
        rows = {f"{level} {code}": [one.findings, len(one.decks)] for (level, code), one in sorted(found.items())}
        given.json.write_text(json.dumps({"decks": number, "findings, decks": rows}, indent=1) + "\n")
    raise SystemExit(any(one.not_true for one in found.values()))


if __name__ == "__main__":
    main()
