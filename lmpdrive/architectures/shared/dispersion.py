"""D3 dispersion as an option of any architecture whose model is evaluated from Python.

    potential:
      dispersion: {functional: rpbe, damping: zero}

Grimme et al., J. Chem. Phys. 132, 154104 (2010); Becke-Johnson damping: J. Comput. Chem. 32, 1456 (2011).  The sums are
those of the simple-dftd3 library, over images in the periodic directions only.  https://dftd3.readthedocs.io
"""

from __future__ import annotations

import importlib.resources
import importlib.util
import tomllib
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from ase.data import atomic_numbers
from ase.geometry import complete_cell
from ase.units import Bohr, Hartree
from pydantic import BaseModel, ConfigDict, PositiveFloat

from lmpdrive.architectures.base.evaluator import Configuration, Evaluation, Evaluator
from lmpdrive.architectures.base.interface import Interface
from lmpdrive.architectures.base.problem import Problem
from lmpdrive.architectures.shared.sum import Sum
from lmpdrive.errors import ModelError, did_you_mean

INSTALL = 'pip install "dftd3>=1.7"'
HEAVIEST = 103
"""Lawrencium; for heavier elements the library silently gives zero."""
BOHR_40_A = 21.1671
"""Cutoff of coordination numbers, as in the original program."""
TRIPLES_A = 15.0
SMOOTH_A = 2.0
CLASSES = {
    "bj": "RationalDampingParam",
    "zero": "ZeroDampingParam",
    "bjm": "ModifiedRationalDampingParam",
    "zerom": "ModifiedZeroDampingParam",
}


class Dispersion(BaseModel):
    """Keys of `dispersion:`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True)

    modules: ClassVar[tuple[str, ...]] = ("dftd3",)

    functional: str
    """Functional that the model was trained on, e.g. pbe, rpbe, revpbe, r2scan."""
    damping: Literal["bj", "zero", "bjm", "zerom"] = "bj"
    """Becke-Johnson, zero, or the modified form of either."""
    cutoff_A: PositiveFloat = BOHR_40_A
    """Of the pairs; the energy goes to zero smoothly over its last 2 Å."""
    three_body: bool = False
    """Add the Axilrod-Teller-Muto term (cutoff 15 Å): slow."""

    def problems(self, interface: Interface | None, card: Mapping[str, Any] | None = None) -> list[Problem]:
        """A functional without parameters (if dftd3 is installed), elements without coefficients, D3 counted twice.

        card : of the model, which says whether its labels include D3.
        """
        if importlib.util.find_spec("dftd3") is not None:
            try:
                self.parameters()
            except ModelError as error:
                return [Problem("error", str(error))]
        found = [
            Problem("error", f"potential.dispersion: D3 has no coefficients for {e}; leave it out.")
            for e in (interface.elements if interface else ())
            if atomic_numbers[e] > HEAVIEST
        ]
        labels = str((card or {}).get("level_of_theory", ""))
        if "D3" in labels:
            found.append(
                Problem(
                    "warning", f"potential.dispersion: the model was trained on {labels}: dispersion would count twice."
                )
            )
        return found

    def parameters(self) -> Any:
        """The library's damping parameters.

        Raises ModelError for a functional that has none, and where the library is missing.
        """
        dftd3 = _library()
        try:
            return getattr(dftd3, CLASSES[self.damping])(method=self.functional, atm=self.three_body)
        except RuntimeError:
            known = _functionals(self.damping)
            raise ModelError(
                f"potential.dispersion: no D3 parameters for functional '{self.functional}' with damping "
                f"{self.damping}{did_you_mean(self.functional, known) or '.'} Known: {', '.join(known)}"
            ) from None

    def added_to(self, evaluator: Evaluator) -> Evaluator:
        """The sum of a model and D3."""
        return Sum((evaluator, D3(self)))

    def calculator(self, other: Any) -> Any:
        """An ASE calculator with dftd3's own added."""
        from ase.calculators.mixing import SumCalculator

        self.parameters()
        from dftd3.ase import DFTD3

        d3 = DFTD3(
            damping=f"d3{self.damping}",
            params_tweaks={"method": self.functional, "atm": self.three_body},
            realspace_cutoff=_cutoffs_A(self),
        )
        return SumCalculator([other, d3])


class D3:
    """D3 as an evaluator.

    cutoffs_A : of pairs, triples and coordination numbers, and widths of the shells below the first two in which the
        energy goes to zero; default: those of the section.
    """

    def __init__(self, section: Dispersion, cutoffs_A: dict[str, float] | None = None) -> None:
        self._damping = section.parameters()
        self._cutoffs_A = cutoffs_A or _cutoffs_A(section)

    def __call__(self, configuration: Configuration) -> Evaluation:
        """Energy, forces and virial; no per-atom energies.

        Raises ModelError for an element without coefficients.
        """
        if configuration.numbers.max() > HEAVIEST:
            raise ModelError("D3 has no coefficients for elements heavier than Lr: leave potential.dispersion out")
        positions, cell = _enclosed(configuration)
        model = _library().DispersionModel(
            configuration.numbers, positions / Bohr, cell / Bohr, np.array(configuration.pbc)
        )
        model.set_realspace_cutoff(**{name: length / Bohr for name, length in self._cutoffs_A.items()})
        answer = model.get_dispersion(self._damping, grad=True)
        return Evaluation(
            float(answer["energy"]) * Hartree, answer["gradient"] * (-Hartree / Bohr), answer["virial"] * -Hartree
        )


def _functionals(damping: str) -> list[str]:
    """Names that the library has parameters for, from its own table."""
    path = importlib.resources.files("dftd3") / "parameters.toml"
    table = tomllib.loads(path.read_text()) if path.is_file() else {"parameter": {}}
    return sorted(name for name, entry in table["parameter"].items() if damping in entry.get("d3", {}))


def _cutoffs_A(section: Dispersion) -> dict[str, float]:
    """Without the smooth end the energy would jump at the cutoff, and the virial not be its derivative."""
    pairs, triples = section.cutoff_A, min(TRIPLES_A, section.cutoff_A)
    return {
        "disp2": pairs,
        "disp3": triples,
        "cn": BOHR_40_A,
        "width2": min(SMOOTH_A, pairs),
        "width3": min(SMOOTH_A, triples),
    }


def _enclosed(configuration: Configuration) -> tuple[Any, Any]:
    """Positions and cell, the vectors of non-periodic directions replaced by perpendicular ones around all atoms.

    They have no meaning, but dftd3 1.7 folds atoms along them, loses images if they are tilted, and gives nan if
    they are zero.
    """
    periodic, positions = np.array(configuration.pbc), configuration.positions
    if periodic.all():
        return positions, configuration.cell
    cell = complete_cell(np.where(periodic[:, None], configuration.cell, 0.0))
    for axis in np.flatnonzero(~periodic):
        along = cell[axis] / np.linalg.norm(cell[axis])
        heights = positions @ along
        positions = positions + (1.0 - heights.min()) * along
        cell[axis] = (np.ptp(heights) + 2.0) * along
    return positions, cell


def _library() -> Any:
    try:
        import dftd3.interface
    except ImportError as error:
        raise ModelError(f"potential.dispersion needs the Python package dftd3 ({error}). {INSTALL}") from None
    return dftd3.interface
