"""Base of architectures that are one pair style of LAMMPS with its model files.

A subclass has its keys, names its style, and reads the elements from its files.  The deck maps LAMMPS types to elements
by name; where a style ignores the names (SNAP with `chemflag`, POD), the subclass refuses an order that the style would
silently confuse.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from lmpdrive.architectures.base.architecture import Architecture
from lmpdrive.architectures.base.card import card_beside
from lmpdrive.architectures.base.deck import kokkos_arguments
from lmpdrive.architectures.base.interface import Interface
from lmpdrive.architectures.base.problem import Problem, element_problems
from lmpdrive.errors import ModelError

BUILD = "https://docs.lammps.org/Build_package.html"


def lammps_package(name: str, how: str = "") -> tuple[str, ...]:
    """For `Native(needs=...)`: the LAMMPS package that has the style, and how to get it.

    how : default: build LAMMPS with the package.
    """
    how = how or f"build LAMMPS with -D PKG_{name}=yes, {BUILD}"
    return (f"{name} ({how}; then name the Python that has it: docs/environments.md)",)


class PairStyle(Architecture):
    """A pair style with one model file; no Python package, only a LAMMPS that has the style."""

    plugins: ClassVar[bool] = False

    model: Path

    def resolve(self, folder: Path) -> Self:
        """A copy with absolute file names."""
        paths = {name: value for name in type(self).model_fields if isinstance(value := getattr(self, name), Path)}
        return self.model_copy(update={name: (folder / path).resolve() for name, path in paths.items()})

    def runs_code(self, file: Path) -> bool:
        """No: these files are text, which LAMMPS parses."""
        return False

    def elements_of_file(self) -> tuple[str, ...] | None:
        """Elements in the order of the model's file, None if it does not list them.  Raises ModelError."""
        raise NotImplementedError

    def model_elements(self) -> Sequence[str] | None:
        """From the model's own files.  Raises ModelError if they cannot be read."""
        return self.elements_of_file()

    def problems(self, interface: Interface | None) -> list[Problem]:
        """Missing or unreadable files, unknown elements, an order that the style would confuse."""
        missing = [path for path in self.files().values() if not path.exists()]
        if missing:
            return [Problem("error", f"potential: there is no file {path}") for path in missing]
        try:
            known = self.model_elements()
            found = self.file_problems()
        except ModelError as error:
            return [Problem("error", f"potential.model: {error}")]
        if known is None:
            text = f"{self.model.name} does not list its elements: they cannot be compared with the system's."
            found.append(Problem("warning", text))
        elif interface is not None:
            unknown = element_problems(interface.elements, known, self.model.name)
            found += unknown or self.order_problems(interface.elements, known)
        return found

    def file_problems(self) -> list[Problem]:
        """What is wrong with the files and keys, whatever the system.  May raise ModelError."""
        return []

    def order_problems(self, elements: Sequence[str], known: Sequence[str]) -> list[Problem]:
        """What is wrong with the order of the types; nothing for styles that map them by name."""
        return []

    def files(self) -> dict[str, Path]:
        """`model` with the suffixes that the style may look at."""
        return {f"model{self.model.suffix}": self.model}

    def context(self, interface: Interface) -> dict[str, Any]:
        """The model files' names in the run directory, and the style."""
        return {"style": self.styles()["pair"][0], "model_files": list(self.files())}

    def card(self) -> dict[str, Any] | None:
        """`card.yaml` beside the model, if it describes this very file."""
        return card_beside(self.model)


class KokkosPairStyle(PairStyle):
    """A pair style that LAMMPS' KOKKOS package has as well."""

    kokkos: bool = False
    """Run with LAMMPS' KOKKOS package, one GPU for each MPI rank."""

    def styles(self) -> dict[str, list[str]]:
        """With KOKKOS also its variant, so that a LAMMPS without it is refused before the run."""
        (style,) = super().styles()["pair"]
        return {"pair": [style, *([f"{style}/kk"] if self.kokkos else [])]}

    def lammps_arguments(self, ranks: int, threads: int = 1) -> list[str]:
        """KOKKOS on GPUs: the suffix `kk` chooses the variant of the deck's style."""
        return kokkos_arguments("g", ranks) if self.kokkos else []
