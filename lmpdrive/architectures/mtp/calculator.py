"""motep's ASE calculator for structures of different sizes.  Imported only where motep is."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ase.data import atomic_numbers
from motep.calculator import MTP
from motep.io.mlip.mtp import read_mtp

from lmpdrive.architectures.mtp.file import readable


class Calculator(MTP):
    """As motep's, which keeps the neighbour list and so must be told that there are more or fewer atoms."""

    _n_atoms = 0

    def calculate(self, atoms: Any = None, *arguments: Any, **keywords: Any) -> None:
        """Energy, forces and stress."""
        n_atoms = len(atoms if atoms is not None else self.atoms)
        if n_atoms != self._n_atoms:
            self.engine.neighbor_list = None
        self._n_atoms = n_atoms
        super().calculate(atoms, *arguments, **keywords)


def calculator(file: Path, elements: Sequence[str]) -> Calculator:
    """Of a file, with the elements of its types.  Raises what motep raises."""
    with tempfile.NamedTemporaryFile("w", suffix=".mtp") as copy:
        copy.write(readable(file.read_text()))
        copy.flush()
        data = read_mtp(copy.name)
    data.species = [atomic_numbers[e] for e in elements]
    return Calculator(data)
