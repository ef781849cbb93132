"""A text file with a row for some of the steps of a run, written by the worker."""

from __future__ import annotations

import os
from pathlib import Path


class StepTable:
    """Rows begin with their step; `header` begins with # and ends with a line break.

    A step that is evaluated again replaces its row: before a run LAMMPS is compared with the model.  A resumed run
    continues the file, without the rows of steps that it repeats.  A minimisation counts its own steps, first.
    """

    def __init__(self, file: Path, header: str) -> None:
        self.file, self.header = file.absolute(), header  # a process may change its folder
        self._step: int | None = None
        self._row = 0

    def write(self, step: int, row: str) -> None:
        """`row` is the whole line, without its end."""
        if self._step is None:
            self._continue_from(step)
        with self.file.open("r+") as stream:
            self._row = self._row if step == self._step else stream.seek(0, os.SEEK_END)
            stream.seek(self._row)
            stream.truncate()
            stream.write(f"{row}\n")
        self._step = step

    def _continue_from(self, step: int) -> None:
        rows = self.file.read_text().splitlines()[1:] if self.file.is_file() else []
        while rows and int(rows[-1].split()[0]) >= step:
            rows.pop()
        self.file.write_text(self.header + "".join(f"{row}\n" for row in rows))
