"""GAP and other potentials of QUIP through `pair_style quip`.

    potential:
      architecture: quip
      model: ./gap.xml

Bartók, Payne, Kondor, Csányi, Phys. Rev. Lett. 104, 136403 (2010).  https://docs.lammps.org/pair_quip.html
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

from ase.data import atomic_numbers, chemical_symbols

from lmpdrive.architectures import Interface, Native, PairStyle, Problem, element_symbols, lammps_package, read_head
from lmpdrive.errors import ModelError


class Quip(PairStyle):
    """Gaussian approximation potentials; any other potential of QUIP by its init string."""

    template: ClassVar[str] = "quip.lmp.j2"
    couplings: ClassVar = (
        Native(
            "quip",
            needs=lammps_package(
                "ML-QUIP", "it needs the QUIP library: https://docs.lammps.org/Build_extras.html#ml-quip"
            ),
        ),
    )
    title: ClassVar[str] = "QUIP (GAP)"

    model: Path
    """`.xml` file; its `.xml.sparseX.*` files must lie beside it."""
    init: str = "auto"
    """QUIP's initialisation string; auto: `Potential xml_label=...` with the label in the file."""
    elements: list[str] | None = None
    """Elements the model knows, where the file does not list them."""

    def elements_of_file(self) -> tuple[str, ...] | None:
        """Those with an energy of the isolated atom, `<e0 Z="8" .../>`, or as given."""
        if self.elements:
            return element_symbols(self.elements, self.model)
        numbers = [int(z) for z in re.findall(r'<e0\s[^>]*\bZ="(\d+)"', read_head(self.model))]
        return tuple(chemical_symbols[z] for z in numbers) or None

    def file_problems(self) -> list[Problem]:
        """A file without a label, missing files of sparse points."""
        self.init_string()
        named = set(re.findall(r'sparseX_filename="([^"]+)"', read_head(self.model)))
        absent = sorted(name for name in named if not (self.model.parent / name).is_file())
        if absent:
            raise ModelError(f"{self.model.name} needs the files {', '.join(absent)} beside it")
        return []

    def init_string(self) -> str:
        """What `pair_coeff` passes to QUIP.  Raises ModelError for a file without a label."""
        if self.init != "auto":
            return self.init
        label = re.search(r'<(?:Potential|GAP_params)\s[^>]*\blabel="([^"]+)"', read_head(self.model))
        if label is None:
            raise ModelError(f'{self.model.name} has no label: give QUIP\'s string, init: "Potential xml_label=..."')
        return f"Potential xml_label={label[1]}"

    def files(self) -> dict[str, Path]:
        """`model.xml`, and the sparse points under the names that it refers to."""
        sparse = sorted(self.model.parent.glob(f"{self.model.name}.sparseX.*"))
        return {"model.xml": self.model} | {path.name: path for path in sparse}

    def context(self, interface: Interface) -> dict[str, Any]:
        """The init string, and the nuclear charges in the order of the types."""
        return super().context(interface) | {
            "init_string": self.init_string(),
            "numbers": [atomic_numbers[e] for e in interface.elements],
        }
