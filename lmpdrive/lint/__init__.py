"""`lmpdrive lint`: what is wrong with a LAMMPS deck although LAMMPS would run it.  Nothing is run; docs/lint.md.

Left to LAMMPS: whatever it refuses itself before the first step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from lmpdrive.lint.deck import Deck
from lmpdrive.lint.registry import Found, Level, Rule, all_rules
from lmpdrive.lint.walk import Command, Walker

__all__ = ["Finding", "Report", "all_rules", "lint"]

ORDER = ("error", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One problem: where, how bad, its code, what is wrong, what to do."""

    file: str
    line: int
    level: Level
    code: str
    what: str
    fix: str


@dataclass(frozen=True)
class Report:
    """All findings of a deck in the order of its lines, and how many were accepted by comments in it."""

    deck: str
    findings: tuple[Finding, ...]
    allowed: int

    def count(self, level: Level) -> int:
        """How many findings are of this level."""
        return sum(f.level == level for f in self.findings)

    def passes(self, strict: bool = False) -> bool:
        """Whether there are no errors; with `strict` no warnings either."""
        return not self.count("error") and not (strict and self.count("warning"))

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        counts = {f"{level}s": self.count(level) for level in ORDER}  # type: ignore[arg-type]
        return {"deck": self.deck, **counts, "allowed": self.allowed, "findings": [asdict(f) for f in self.findings]}


def lint(deck: Path, data: Path | None = None, variables: Mapping[str, str] | None = None) -> Report:
    """Check a deck; its folder is the run directory.

    `data` stands for the data file that the deck names, `variables` are those of `lmp -var`.  Raises DeckError if the
    deck cannot be read as text.
    """
    walker = Walker(deck, variables or {})
    folder = walker.folder
    found: dict[Finding, bool] = {}
    for number, part in enumerate(_simulations(walker.commands)):
        remarks = tuple(walker.remarks) if number == 0 else ()
        one = Deck(folder, tuple(part), remarks, data)
        for each in all_rules():
            for item in each.check(one):
                finding = _finding(each, item, deck.name)
                found[finding] = item.place is not None and each.code in item.place.allowed
    shown = [f for f, allowed in found.items() if not allowed]
    shown.sort(key=lambda f: (f.file != deck.name, f.file, f.line, ORDER.index(f.level), f.code))
    return Report(str(deck), tuple(shown), sum(found.values()))


def _simulations(commands: list[Command]) -> list[list[Command]]:
    """`clear` begins a new simulation."""
    parts: list[list[Command]] = [[]]
    for command in commands:
        if command.name == "clear" and not command.conditional:
            parts.append([])
        else:
            parts[-1].append(command)
    return [p for p in parts if p] or [[]]


def _finding(rule: Rule, item: Found, deck: str) -> Finding:
    file, line = (item.place.file, item.place.line) if item.place else (deck, 1)
    return Finding(file, line, item.level or rule.level, rule.code, item.what, item.fix)
