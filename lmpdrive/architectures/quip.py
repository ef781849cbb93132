"""GAP and other potentials of QUIP: `pair_style quip` where LAMMPS has it, else quippy in LAMMPS' process.

    potential:
      architecture: quip
      model: ./gap.xml

Bartók, Payne, Kondor, Csányi, Phys. Rev. Lett. 104, 136403 (2010).  https://docs.lammps.org/pair_quip.html
quippy-ase 0.10.3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from ase.data import atomic_numbers, chemical_symbols

from lmpdrive.architectures import (
    CALLBACK_TEMPLATE,
    Callback,
    Interface,
    Native,
    Problem,
    ReceptiveField,
    StyleOrCallback,
    element_symbols,
)
from lmpdrive.environments import Recipe
from lmpdrive.errors import ModelError

DESCRIPTOR = re.compile(r"<descriptor>\s*(\w+)\s*(.*?)</descriptor>", re.S)
WITHIN_CUTOFF = ("soap", "distance_2b", "distance_Nb", "angle_3b", "coordination", "bispectrum_so4")
"""Descriptors that see no atom beyond their `cutoff` from the central one; for others the reach is not known."""


class Quip(StyleOrCallback):
    """Gaussian approximation potentials; any other potential of QUIP by its init string."""

    template: ClassVar[str] = "quip.lmp.j2"
    couplings: ClassVar = (
        Native("quip", needs=("ML-QUIP",)),
        Callback(template=CALLBACK_TEMPLATE, title="QUIP (GAP) through fix external"),
    )
    title: ClassVar[str] = "QUIP (GAP)"
    build: ClassVar[str] = (
        "a LAMMPS with ML-QUIP and the QUIP library: https://docs.lammps.org/Build_extras.html#ml-quip; then name the "
        "Python that has it: docs/environments.md"
    )
    precision: ClassVar[str] = "float64"
    python_module: ClassVar[str | None] = "quippy"
    environment: ClassVar[Recipe | None] = Recipe(
        family="quip", requirements=("quippy-ase==0.10.3",), size_GB=1.0, imports=("quippy.potential",)
    )

    model: Path
    """`.xml` file; its `.xml.sparseX.*` files must lie beside it."""
    init: str = "auto"
    """QUIP's initialisation string; auto: `Potential xml_label=...` with the label in the file."""
    elements: list[str] | None = None
    """Elements the model knows, where the file does not list them."""

    def elements_of_file(self) -> tuple[str, ...] | None:
        """As given; else those of the descriptors, or without such those with an energy of the isolated atom.

        `gap_fit` lists all 118 isolated atoms, unknown ones with zero, so `<e0 Z=...>` alone says nothing.
        """
        if self.elements:
            return element_symbols(self.elements, self.model)
        text = self._text()
        numbers = {int(z) for _, keys in DESCRIPTOR.findall(text) for z in _charges(keys)} - {0}
        if not numbers:
            isolated = re.findall(r'<e0\s[^>]*\bZ="(\d+)"[^>]*\bvalue="([^"]+)"', text)
            numbers = {int(z) for z, value in isolated if float(value) != 0}
        return tuple(chemical_symbols[z] for z in sorted(numbers)) or None

    def receptive_field(self) -> ReceptiveField | None:
        """Largest cutoff of the descriptors, where each sees only what lies within its own."""
        text = self._text()
        found = [(kind, re.search(r"\bcutoff=(\S+)", keys)) for kind, keys in DESCRIPTOR.findall(text)]
        known = all(kind in WITHIN_CUTOFF and cutoff for kind, cutoff in found)
        if not found or not known or 'do_core="T"' in text or self.init != "auto":
            return None
        return ReceptiveField.of(max(float(cutoff[1]) for _, cutoff in found if cutoff))

    def file_problems(self) -> list[Problem]:
        """A file without a label, missing files of sparse points."""
        self.init_string()
        named = set(re.findall(r'sparseX_filename="([^"]+)"', self._text()))
        absent = sorted(name for name in named if not (self.model.parent / name).is_file())
        if absent:
            raise ModelError(f"{self.model.name} needs the files {', '.join(absent)} beside it")
        return []

    def init_string(self) -> str:
        """What `pair_coeff` passes to QUIP.  Raises ModelError for a file without a label."""
        if self.init != "auto":
            return self.init
        label = re.search(r'<(?:Potential|GAP_params)\s[^>]*\blabel="([^"]+)"', self._text())
        if label is None:
            raise ModelError(f'{self.model.name} has no label: give QUIP\'s string, init: "Potential xml_label=..."')
        return f"Potential xml_label={label[1]}"

    def model_files(self) -> dict[str, Path]:
        """`model.xml`, and the sparse points under the names that it refers to."""
        sparse = sorted(self.model.parent.glob(f"{self.model.name}.sparseX.*"))
        return {"model.xml": self.model} | {path.name: path for path in sparse}

    def context(self, interface: Interface) -> dict[str, Any]:
        """The init string, and the nuclear charges in the order of the types."""
        return super().context(interface) | {
            "init_string": self.init_string(),
            "numbers": [atomic_numbers[e] for e in interface.elements],
        }

    def calculator(self, files: Mapping[str, Path]) -> Any:
        """quippy's Potential, which looks for the sparse points beside the file."""
        from quippy.potential import Potential

        return Potential(self.init_string(), param_filename=str(files["model.xml"]))

    def _text(self) -> str:
        """The whole file without the frames of the fit, which may be most of it: descriptors stand anywhere."""
        return self.model.read_text(errors="replace").partition("<XYZ_data")[0]


def _charges(keys: str) -> list[str]:
    """Nuclear charges in the keys of a descriptor: `Z=8 species_Z={1 8}`, `Z1=1 Z2=8`."""
    lists = re.findall(r"\b(?:Z\d*|Zs|species_Z|Z_center)=(\{[^}]*\}|\d+)", keys)
    return [z for words in lists for z in re.findall(r"\d+", words)]
