"""A bias or restraint through Colvars or PLUMED: a file of the user's, or an umbrella on an ion."""

from __future__ import annotations

from pathlib import Path

from pydantic import model_validator

from lmpdrive.config.base import Section
from lmpdrive.config.umbrella import Umbrella


class Bias(Section):
    """Exactly one of the three."""

    colvars: Path | None = None
    """File in the language of Colvars, which is put into the deck as it is; energies in eV, lengths in Å."""
    plumed: Path | None = None
    """File in the language of PLUMED, which is copied into the run directory, for a LAMMPS with PLUMED."""
    umbrella: Umbrella | None = None
    """A spring on the height of an ion: a window of umbrella sampling, or all of them."""

    @model_validator(mode="after")
    def _one_of_them(self) -> Bias:
        given = [key for key in ("colvars", "plumed", "umbrella") if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError(
                "give exactly one of colvars: FILE, plumed: FILE and umbrella: {ion: Na, at_A: 4}, "
                f"not {' and '.join(given) or 'none'}"
            )
        return self
