"""What an architecture is: a section of the YAML, a template, and what it can say before a run.

Its members are divided by what they are about: the model (`ModelFacts`), the deck (`DeckNeeds`), the run (`RunSteps`).
Only `template` and `couplings` are required.  Example, the whole of a new one:

    class Toy(Architecture):
        \"\"\"Lennard-Jones for everything.\"\"\"
        template = "toy.lmp.j2"
        couplings = (Native("lj/cut"),)
        epsilon_eV: float = 0.01

An architecture knows its own model files and nothing of LAMMPS' inner life: the deck comes from its template, the
coupling from the engine.
"""

from __future__ import annotations

from pathlib import Path

from lmpdrive.architectures.base.deck import DeckNeeds
from lmpdrive.architectures.base.model import ModelFacts
from lmpdrive.architectures.base.run import RunSteps


class Architecture(ModelFacts, DeckNeeds, RunSteps):
    """Base of all architectures: a frozen section of the YAML (`potential:`) with its template."""

    def programs(self, run_dir: Path | None = None) -> list[Path]:
        """The model files there are that can run code; in a run directory also what lies there under their names."""
        local = [run_dir / name for name in (*self.files(), *self.made)] if run_dir else []
        return [file for file in (*self.files().values(), *local) if file.exists() and self.runs_code(file)]
