"""Base of architectures that are one pair style of LAMMPS with its model files.

A child has its keys, names its style, and reads the elements from its files.  Which element a LAMMPS type is, is
written by name in the deck; where a style takes names in another way (SNAP with `chemflag`, POD), the child refuses
what the style would silently confuse.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pydantic import model_validator

from lmpdrive.architectures.base.architecture import Architecture, Interface, Problem, card_beside, element_problems
from lmpdrive.errors import ModelError

HEAD_BYTES = 1_000_000
"""Elements stand at the beginning of a model file, which may have gigabytes."""

BUILD = "https://docs.lammps.org/Build_package.html"


def needs(package: str, more: str = "") -> tuple[str, ...]:
    """For `Native(needs=...)`: the cure where a style is absent."""
    how = more or f"build LAMMPS with -D PKG_{package}=yes, {BUILD}"
    return (f"{package} ({how}; then name the Python that has it: docs/environments.md)",)


class PairStyle(Architecture):
    """A pair style with one model file; no Python package, only a LAMMPS that has the style."""

    plugins: ClassVar[bool] = False

    model: Path

    def resolve(self, folder: Path) -> PairStyle:
        """A copy with absolute file names."""
        paths = {name: value for name in type(self).model_fields if isinstance(value := getattr(self, name), Path)}
        return self.model_copy(update={name: (folder / path).resolve() for name, path in paths.items()})

    def runs_code(self, file: Path) -> bool:
        """No: these files are text, which LAMMPS parses."""
        return False

    def elements_of_file(self) -> tuple[str, ...] | None:
        """Elements in the order of the model's file, None if it does not tell them.  Raises ModelError."""
        raise NotImplementedError

    def model_elements(self) -> Sequence[str] | None:
        """From the model's own files.  Raises ModelError if they cannot be read."""
        return self.elements_of_file()

    def problems(self, interface: Interface | None) -> list[Problem]:
        """Files that are not there or cannot be read, unknown elements, an order that the style would confuse."""
        missing = [path for path in self.files().values() if not path.exists()]
        if missing:
            return [Problem("error", f"potential: there is no file {path}") for path in missing]
        try:
            known = self.model_elements()
            found = self.own_problems()
        except ModelError as error:
            return [Problem("error", f"potential.model: {error}")]
        if known is None:
            text = f"{self.model.name} does not tell its elements: they cannot be compared with the system's."
            found.append(Problem("warning", text))
        elif interface is not None:
            strange = element_problems(interface.elements, known, self.model.name)
            found += strange or self.order_problems(interface.elements, known)
        return found

    def own_problems(self) -> list[Problem]:
        """What is wrong with the files and keys, whatever the system.  May raise ModelError."""
        return []

    def order_problems(self, elements: Sequence[str], known: Sequence[str]) -> list[Problem]:
        """What is wrong with the order of the types; nothing for styles that go by name."""
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

    def lammps_arguments(self, ranks: int) -> list[str]:
        """KOKKOS on GPUs: the suffix `kk` chooses the variant of the deck's style."""
        if not self.kokkos:
            return []
        return ["-k", "on", "g", str(ranks), "-sf", "kk", "-pk", "kokkos", "newton", "on", "neigh", "half"]


class ZblMixin(Architecture):
    """Keys of potentials that were fitted on top of a ZBL repulsion."""

    zbl_inner_A: float | None = None
    """Inner cutoff of the ZBL repulsion that the model was fitted with; default: none."""
    zbl_outer_A: float | None = None
    """Outer cutoff of that repulsion."""

    @model_validator(mode="after")
    def _both_or_none(self) -> ZblMixin:
        if (self.zbl_inner_A is None) != (self.zbl_outer_A is None):
            raise ValueError("zbl_inner_A and zbl_outer_A belong together: give both or none")
        return self

    @property
    def zbl(self) -> bool:
        """Whether the repulsion is on."""
        return self.zbl_inner_A is not None

    def with_zbl(self, styles: dict[str, list[str]]) -> dict[str, list[str]]:
        """The styles of the deck with those of the repulsion."""
        return {"pair": [*styles["pair"], *(["zbl", "hybrid/overlay"] if self.zbl else [])]}

    def zbl_pairs(self, elements: Sequence[str]) -> list[dict[str, int]]:
        """Types and nuclear charges of all pairs."""
        from ase.data import atomic_numbers

        return [
            {"i": i, "j": j, "zi": atomic_numbers[a], "zj": atomic_numbers[b]}
            for i, a in enumerate(elements, start=1)
            for j, b in enumerate(elements, start=1)
            if i <= j and self.zbl
        ]

    def forgotten_zbl(self, beside: Path) -> list[Problem]:
        """An error when the commands that came with the model (`X.snap`) have a ZBL and the YAML has none."""
        commands = uncommented(head(beside)) if beside.is_file() else []
        if self.zbl or not any(re.search(r"\bzbl\b", line) for line in commands):
            return []
        text = (
            f"{beside.name} beside the model adds a ZBL repulsion, without which the model is not the published one: "
            "set potential.zbl_inner_A and zbl_outer_A to its two cutoffs."
        )
        return [Problem("error", text)]


def head(path: Path) -> str:
    """The beginning of a text file."""
    with path.open("rb") as stream:
        return stream.read(HEAD_BYTES).decode("utf-8", errors="replace")


def uncommented(text: str) -> list[str]:
    """Lines with words, without their comments."""
    return [bare for line in text.splitlines() if (bare := line.split("#")[0].strip())]


def keyword(path: Path, name: str) -> list[str] | None:
    """Words after `name` in a file of `keyword value` lines, None if it has no such line."""
    lines = (line.split() for line in uncommented(head(path)))
    return next((words[1:] for words in lines if words[0] == name), None)


def symbols(words: Iterable[str], path: Path) -> tuple[str, ...]:
    """The words, if all are elements.  Raises ModelError."""
    from ase.data import atomic_numbers

    found = tuple(words)
    strange = [word for word in found if word not in atomic_numbers]
    if strange or not found:
        raise ModelError(
            f"{path.name} has no list of elements where one belongs; found: {' '.join(found) or 'nothing'}"
        )
    return found
