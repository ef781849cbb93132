"""`error.json`: what a worker that failed leaves for the process that started it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

FILE = "error.json"


@dataclass(frozen=True)
class WorkerError:
    """What went wrong, and whose error it is.

    not_finite_at : the step at which the model gave a number that is not finite.
    """

    message: str
    source: Literal["LAMMPS", "model", "ASE"] = "LAMMPS"
    not_finite_at: int | None = None

    def write(self, folder: Path) -> None:
        """Into the run directory."""
        (folder / FILE).write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, folder: Path) -> WorkerError | None:
        """From the run directory; None if no worker failed there."""
        path = folder / FILE
        if not path.is_file():
            return None
        content = json.loads(path.read_text())
        return cls(**{name: content[name] for name in cls.__dataclass_fields__ if name in content})
