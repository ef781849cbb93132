"""First part of an architecture: what the model knows and can say before a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from lmpdrive.architectures.base.interface import Interface
from lmpdrive.architectures.base.limits import SINGLE, Limits
from lmpdrive.architectures.base.problem import Problem
from lmpdrive.architectures.base.receptive_field import ReceptiveField
from lmpdrive.common.values import Values

DATA_FORMATS = (".yaml", ".yml", ".json", ".npz", ".safetensors")
"""Formats of text and numbers: reading them runs nothing (NumPy refuses pickles unless told otherwise)."""


class ModelFacts(Values):
    """What is true of the model itself, whatever deck is written for it."""

    title: ClassVar[str] = ""
    """Name for reports."""
    precision: ClassVar[str] = ""
    """Of the model's numbers, for reports, where the section has no `dtype`."""
    forces_only: ClassVar[bool] = False
    """Whether the model has neither energy nor pressure: no minimisation, no NPT, no conserved quantity."""
    reactive: ClassVar[bool] = True
    """Whether water can break in it as in nature; where it cannot, a broken molecule is an instability."""

    def resolve(self, folder: Path) -> Self:
        """A copy with file names made absolute, relative ones counting from `folder` (the YAML's)."""
        return self

    def model_elements(self) -> Sequence[str] | None:
        """Elements the model knows, in its own order; None where they are unknown."""
        return None

    def receptive_field(self) -> ReceptiveField | None:
        """How far the model sees from an atom, read from its own files; None where it is unknown.

        May load the model, and raise ModelError if it cannot be read.
        """
        return None

    @property
    def total_charge_e(self) -> int | None:
        """Charge of the whole cell [e] that is passed to the model; None for models that take none."""
        return None

    def charges_e(self, interface: Interface) -> Sequence[float] | None:
        """Fixed charges [e] per atom, where the potential has them."""
        return None

    @property
    def conserves(self) -> bool:
        """Whether LAMMPS' conserved quantity counts all work that is done on the atoms."""
        return True

    def problems(self, interface: Interface | None) -> list[Problem]:
        """Everything wrong that can be known before running; `interface` is None if not built."""
        return []

    def files(self) -> dict[str, Path]:
        """Model files that the run reads: name in the run directory -> source."""
        return {}

    def runs_code(self, file: Path) -> bool:
        """Whether loading a model file can run code that is in it, as with pickles; the user must accept it first.

        All but `DATA_FORMATS`; a class whose loader reads only text and numbers from its files returns False.
        """
        return file.suffix not in DATA_FORMATS

    def card(self) -> dict[str, Any] | None:
        """The model card that lies beside the model (`card.yaml`), if any."""
        return None

    def make_calculator(self) -> Any:
        """The model's own ASE calculator (energy, forces, stress), to compare LAMMPS with; None if there is none."""
        return None

    def limits(self) -> Limits:
        """What counts as equal to that calculator; the default suits single precision."""
        return SINGLE
