"""Follow a growing log.lammps: stage, step, T, E, drift, ns/day and time left, on the terminal or in a notebook, and in
a file."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

from lmpdrive.common.notebook import NotebookLine, in_notebook
from lmpdrive.common.progress_file import RunProgress

FILE_EVERY_S = 2.0
"""The file is written no more often."""
WAIT_S = 5.0
"""A log that is silent for longer after the start is explained: packages and models take their time to load."""


@dataclass
class LogFollower:
    """Reads what was appended to the log since the last call."""

    path: Path
    stage: str = "start"
    values: dict[str, float] = field(default_factory=dict)
    """Of the last line of the thermo table, maybe that of the stage before."""
    begins: bool = True
    """Whether the stage has no line yet."""
    _offset: int = 0
    _columns: list[str] = field(default_factory=list)
    _first_conserved: float | None = None

    def read(self) -> bool:
        """True when a new thermo line or stage was found."""
        try:
            with self.path.open("rb") as stream:
                stream.seek(self._offset)
                text = stream.read()
        except FileNotFoundError:
            return False
        whole = text[: text.rfind(b"\n") + 1]
        self._offset += len(whole)
        return sum(self._line(line) for line in whole.decode(errors="replace").splitlines()) > 0

    def _line(self, line: str) -> bool:
        if line.startswith("# stage: "):
            self.stage = line.removeprefix("# stage: ").split()[0]
            self.begins = True
            self._first_conserved = None
            return True
        words = line.split()
        if words[:1] == ["Step"]:
            self._columns = words
        elif line.startswith("Loop time"):
            self._columns = []
        elif self._columns and len(words) == len(self._columns):
            try:
                self.values = dict(zip(self._columns, map(float, words), strict=True))
            except ValueError:
                return False
            self.begins = False
            if self._first_conserved is None:
                self._first_conserved = self.values.get("Econserve")
            return True
        return False

    @property
    def drift_eV(self) -> float:
        """Change of the conserved quantity since the stage began."""
        if self._first_conserved is None:
            return 0.0
        return self.values.get("Econserve", 0.0) - self._first_conserved


class Progress:
    """Shows a run: a live line on a terminal or in a notebook, a line now and then elsewhere, nothing when quiet;
    always `progress.json` beside the log."""

    def __init__(self, log: Path, stages: Mapping[str, int], timestep_fs: float, quiet: bool = False):
        self._log = LogFollower(log)
        self._stages, self._timestep_fs, self._quiet = dict(stages), timestep_fs, quiet
        ends = list(accumulate(stages.values(), initial=0))
        self._starts = dict(zip(stages, ends, strict=False))
        self._stage, self._stage_started = "start", time.monotonic()
        self._stage_first: float | None = None
        self._last_line = self._last_file = 0.0
        self._begun, self._waits = time.monotonic(), not quiet
        self._live: Any = None
        self._shown = ""
        if not quiet:
            from rich.console import Console
            from rich.live import Live

            self._console = Console(stderr=True)
            if in_notebook():
                self._live = NotebookLine()
            elif self._console.is_terminal:
                self._live = Live(console=self._console, transient=True, refresh_per_second=4)

    def __enter__(self) -> Progress:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._log.read() or self._log.values:
            self._follow(time.monotonic())
            self.record().write(self._log.path.parent)
        if self._live:
            self._live.stop()

    def poll(self) -> None:
        """Read the log and show what is new."""
        now = time.monotonic()
        if not self._log.read():
            if self._waits and now - self._begun > WAIT_S:
                self._waits = False
                self._console.print("starting LAMMPS and loading the model", highlight=False)
            return
        self._waits = False
        changed = self._follow(now)
        if changed or now - self._last_file > FILE_EVERY_S:
            self._last_file = now
            self.record().write(self._log.path.parent)
        if self._quiet:
            return
        if self._live:
            if changed and self._shown:
                self._console.print(self._shown, highlight=False, soft_wrap=True)  # the stage that has ended stays
            self._shown = self.line(self._console.width if self._console.is_terminal else None)
            self._live.update(self._shown)
        elif changed or now - self._last_line > 30:
            self._last_line = now
            self._console.print(self.line(), highlight=False, soft_wrap=True)

    def _follow(self, now: float) -> bool:
        """Note when the stage began; whether it is another one than before."""
        changed = self._log.stage != self._stage
        if changed:
            self._stage, self._stage_started = self._log.stage, now
            self._stage_first = None
        if self._stage_first is None and not self._log.begins:
            self._stage_first = self._log.values["Step"]
        return changed

    def record(self) -> RunProgress:
        """What the file says."""
        end = sum(self._stages.values())
        step = 0
        if self._stage in self._stages:
            step = self._starts[self._stage] if self._log.begins else int(self._log.values["Step"])
        seconds = self._seconds_per_step()
        return RunProgress(
            stage=self._stage,
            step=step,
            end_step=end,
            ns_per_day=self._timestep_fs * 1e-6 / seconds * 86400 if seconds else None,
            left_s=(end - step) * seconds if seconds else None,
            updated_s=time.time(),
        )

    def _seconds_per_step(self) -> float | None:
        """Of this stage so far; None in a minimisation, and in the first second."""
        elapsed = time.monotonic() - self._stage_started
        done = self._log.values.get("Step", 0.0) - (self._stage_first or 0.0)
        return elapsed / done if self._stage != "minimise" and done > 0 and elapsed > 1 else None

    def line(self, width: int | None = None) -> str:
        """One line: stage, step, ps, ns/day, time left, T, E, drift; without numbers before the stage has any.

        On a narrow terminal E, ps and ns/day are left out, in this order: a live line of two rows leaves rows behind.
        """
        values, total = self._log.values, self._stages.get(self._stage, 0)
        if self._log.begins:
            length = f"{total} steps, {total * self._timestep_fs * 1e-3:g} ps" if total else ""
            return f"{self._stage:<12}  {length}".rstrip()
        step = values.get("Step", 0.0)
        seconds = self._seconds_per_step()
        parts = [f"{self._stage:<12}"]
        # a stage that is resumed began in another log
        of_stage = max(0.0, step - self._starts.get(self._stage, 0))
        parts.append(f"step {of_stage:.0f}/{total}" if total else f"step {step:.0f}")
        if seconds:
            parts.append(f"{(step - (self._stage_first or 0.0)) * self._timestep_fs * 1e-3:.2f} ps")
            parts.append(f"{self._timestep_fs * 1e-6 / seconds * 86400:.3g} ns/day")
            parts += self._time_left(of_stage, total, seconds)
        parts.append(f"T {values.get('Temp', float('nan')):.0f} K")
        parts.append(f"E {values.get('PotEng', float('nan')):.2f} eV")
        if self._stage != "minimise":
            parts.append(f"drift {self._log.drift_eV:+.3f} eV")
        for needless in (r"E .* eV", r".* ps", r".* ns/day"):
            if width is not None and len("  ".join(parts)) >= width:
                parts = [part for part in parts if not re.fullmatch(needless, part)]
        return "  ".join(parts)

    def _time_left(self, of_stage: float, total: int, seconds: float) -> list[str]:
        """In this stage, and in all if others follow."""
        if not total:
            return []
        in_stage = total - of_stage
        following = sum(self._stages.values()) - self._starts[self._stage] - total
        if not following:
            return [f"{_clock(in_stage * seconds)} left"]
        return [f"{_clock(in_stage * seconds)} left in stage, {_clock((in_stage + following) * seconds)} in all"]


def _clock(seconds: float) -> str:
    minutes, s = divmod(round(max(0.0, seconds)), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02d}:{s:02d}"
