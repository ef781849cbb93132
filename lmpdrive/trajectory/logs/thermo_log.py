"""The thermo tables in the text of a LAMMPS log, in every style in which LAMMPS writes them.

`one` and `custom`: a line of names with `Step` anywhere among them, then lines of numbers.  `multi`: blocks under a
line `---- Step 100 ---- CPU = 1.2 (sec) ----`.  `yaml`: `keywords: [...]` and lines `- [...]`.  A table ends at
`Loop time of`; warnings may stand between its lines.  Units: as in the log.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

STEP = "Step"
_STEP_NAMES = {"step", "timestep"}
_BEFORE_TABLE = ("Per MPI rank memory allocation", "Memory usage per processor")
_END = "Loop time of"
_BLOCK = re.compile(r"^-+ Step\s+(\d+) -+ CPU =")
_PAIR = re.compile(r"(\S+)\s*=\s*(\S+)")
_KEYWORDS = re.compile(r"^\s*keywords:\s*\[(.*)\]")
_YAML_ROW = re.compile(r"^\s*-\s*\[(.*)\]")
_YAML_NUMBERS = {".nan": "nan", ".inf": "inf", "-.inf": "-inf"}


@dataclass
class LogTable:
    """Rows of one `run` (or of one stretch of it in one style)."""

    columns: list[str]
    rows: list[list[float]] = field(default_factory=list)


@dataclass
class LogTables:
    """What a log has.

    not_understood : tables that began (or runs that ended) without a row that could be read.
    cut : whether the last line is incomplete and was left out.
    """

    tables: list[LogTable]
    not_understood: int
    cut: bool


def tables_of(text: str) -> LogTables:
    """All tables of a log that have rows."""
    return _Reader().read(text)


class _Reader:
    """Takes a log line by line."""

    def __init__(self) -> None:
        self.tables: list[LogTable] = []
        self.open: LogTable | None = None
        self.block: dict[str, float] | None = None
        """The block of style `multi` that is being read."""
        self.may_be_header: list[str] | None = None
        self.expected = self.not_understood = 0

    def read(self, text: str) -> LogTables:
        lines = text.splitlines()
        ended = not lines or text.endswith("\n")
        for line in lines if ended else lines[:-1]:
            self._line(line)
        cut = not ended and self._last_line(lines[-1])
        self._close_block()  # a run that wrote no row yet is not one that could not be understood
        return LogTables([table for table in self.tables if table.rows], self.not_understood, cut)

    def _line(self, line: str) -> None:
        if self.block is None and self._row(line.split()):  # by far the most lines of a long log
            return
        if line.startswith(_END):
            self._close_block()
            self._close_table()
        elif line.startswith(_BEFORE_TABLE):
            self._close_block()
            self._close_table()
            self.expected = 1
        elif match := _BLOCK.match(line):
            self._close_block()
            self.block = {STEP: float(match[1])}
        elif self.block is not None:
            self._pairs(line)
        elif match := _KEYWORDS.match(line):
            names = [name.strip().strip("'\"") for name in match[1].split(",")]
            self._begin(_named([name for name in names if name]))
        elif match := _YAML_ROW.match(line):
            self._row([_YAML_NUMBERS.get(word.strip(), word.strip()) for word in match[1].split(",") if word.strip()])
        else:
            self._words(line.split())

    def _words(self, words: list[str]) -> None:
        """A line of style `one`: names, numbers, or something else."""
        if _is_header(words):
            if words[0] == STEP:
                self._begin(words)
            else:
                self.may_be_header = words
            return
        if self.may_be_header is not None and len(words) == len(self.may_be_header) and _numbers(words):
            self._begin(_named(self.may_be_header))
            self._row(words)
        elif words[:1] != ["WARNING:"]:
            self.may_be_header = None

    def _begin(self, columns: list[str]) -> None:
        self.may_be_header = None
        if STEP in columns:
            self.open = LogTable(columns)
            self.tables.append(self.open)

    def _row(self, words: list[str]) -> bool:
        """Take the words as a row of the table, if they are one."""
        if self.open is None or len(words) != len(self.open.columns) or not (numbers := _numbers(words)):
            return False
        self.open.rows.append(numbers)
        self.expected = 0
        return True

    def _pairs(self, line: str) -> None:
        """A line of a block: `Name = value`, several times; any other line is a warning between the lines."""
        assert self.block is not None
        pairs = _PAIR.findall(line)
        values = _numbers([value for _, value in pairs])
        if pairs and values and not _PAIR.sub("", line).strip():
            self.block |= dict(zip((name for name, _ in pairs), values, strict=True))

    def _close_block(self) -> None:
        """Put a block into its table, unless it lacks values, because the run was killed."""
        block, self.block = self.block, None
        if block is None or (self.open is not None and set(block) < set(self.open.columns)):
            return
        if self.open is None or self.open.columns != list(block):
            self._begin(list(block))
        self._row([repr(value) for value in block.values()])

    def _close_table(self) -> None:
        self.not_understood += self.expected
        self.expected = 0
        self.open = self.may_be_header = None

    def _last_line(self, line: str) -> bool:
        """Take a line without its end, or leave it out and return True: its last number may lack digits."""
        words = line.split()
        if self.block is not None and _PAIR.search(line):
            self.block = None
            return True
        if self.open is not None and len(words) == len(self.open.columns) and _numbers(words):
            return True
        self._line(line)
        return False


def _is_header(words: Sequence[str]) -> bool:
    """Whether a line may be the names of columns: more than one word, no number, the step among them."""
    return len(words) > 1 and any(word.lower() in _STEP_NAMES for word in words) and not any(map(_number_in, words))


def _number_in(word: str) -> bool:
    return _numbers([word]) is not None


def _named(columns: Sequence[str]) -> list[str]:
    """The column of the step is named `Step`, however the run named it."""
    return [STEP if name.lower() in _STEP_NAMES and STEP not in columns else name for name in columns]


def _numbers(words: Sequence[str]) -> list[float] | None:
    """The numbers that words are; None if one is none (a warning with as many words as columns)."""
    try:
        return [float(word) for word in words]
    except ValueError:
        return None
