"""PACE (performant atomic cluster expansion) through `pair_style pace`.

    potential:
      architecture: pace
      model: ./Cu.yace

Lysogorskiy et al., npj Comp. Mat. 7, 97 (2021); extrapolation grade: Phys. Rev. Mater. 7, 043801 (2023).
https://docs.lammps.org/pair_pace.html
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import PositiveInt

from lmpdrive.architectures import (
    Interface,
    KokkosPairStyle,
    Native,
    Problem,
    element_symbols,
    lammps_package,
    read_head,
)
from lmpdrive.errors import ModelError


class Pace(KokkosPairStyle):
    """ACE models of pacemaker and others, in `.yace`, `.yaml` or `.ace` files."""

    template: ClassVar[str] = "pace.lmp.j2"
    couplings: ClassVar = (Native("pace", needs=lammps_package("ML-PACE")),)
    title: ClassVar[str] = "PACE"

    model: Path
    """`.yace`, `.yaml` or `.ace`."""
    algorithm: Literal["recursive", "product"] = "recursive"
    """How basis functions are evaluated on CPUs; KOKKOS always uses `product`."""
    chunksize: PositiveInt = 4096
    """Atoms evaluated at once with KOKKOS; fewer need less memory."""
    active_set: Path | None = None
    """`.asi` file of the model, for the extrapolation grade γ; the model must then be a `.yaml`."""
    uncertainty_every: PositiveInt = 100
    """Steps between lines of `uncertainty.dat`, with `active_set`."""

    def elements_of_file(self) -> tuple[str, ...]:
        """From the line `elements:`."""
        return elements_of_ace(self.model)

    def styles(self) -> dict[str, list[str]]:
        """`pace/extrapolation` with an active set."""
        styles = ["pace/extrapolation" if self.active_set else "pace"]
        return {"pair": [*styles, *(f"{s}/kk" for s in styles if self.kokkos)]}

    def file_problems(self) -> list[Problem]:
        """An active set needs the model in its B basis."""
        if self.active_set and self.model.suffix not in (".yaml", ".yml"):
            raise ModelError(f"with active_set the model must be the .yaml of the same fit, not {self.model.name}")
        return []

    def files(self) -> dict[str, Path]:
        """`model.yace` (or the like) and `model.asi`."""
        return super().files() | ({"model.asi": self.active_set} if self.active_set else {})

    def context(self, interface: Interface) -> dict[str, Any]:
        """The style's keywords."""
        keywords = f"product chunksize {self.chunksize}" if self.kokkos else self.algorithm
        return super().context(interface) | {"keywords": "" if self.active_set else keywords}


def elements_of_ace(path: Path) -> tuple[str, ...]:
    """From `elements: [Cu, O]` of YAML, on one line or several, or `elements: Cu O` of the older format.

    Raises ModelError.
    """
    found = re.search(r"^elements:[ \t]*(.*?)(?=^[^\s-]|\Z)", read_head(path), re.M | re.S)
    if found is None:
        raise ModelError(f"{path.name} is not an ACE model: it has no line `elements:`")
    inside = found[1].split("]")[0] if found[1].startswith("[") else found[1]
    # in the older format other text may follow on the next line
    text = inside if "-" in inside or "[" in inside else inside.split("\n")[0]
    return element_symbols(re.findall(r"\b[A-Z][a-z]?\b", text), path)
