"""What a liquid consists of: waters, solvents, ions.  Densities in g/cm^3, charges in e."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, NonNegativeInt, PositiveFloat, model_validator

from lmpdrive.config.base import Section
from lmpdrive.config.substances import ION_CHARGES_E, SOLVENTS
from lmpdrive.errors import did_you_mean

Density = Annotated[float, Field(ge=0.01, le=25)]


def is_file(name: str) -> bool:
    """Whether a name in the YAML file means a structure file: it has a folder or an ending, or is VASP's."""
    return "/" in name or bool(Path(name).suffix) or name.startswith(("POSCAR", "CONTCAR"))


def absolute(name: str, folder: Path) -> str:
    """A name as it is, a file as an absolute path."""
    return str((folder / name).resolve()) if is_file(name) else name


def _known_ions(value: object) -> object:
    if not isinstance(value, dict):
        return value
    known = {_ion(str(name)): count for name, count in value.items()}
    if len(known) < len(value):
        raise ValueError(f"names one ion twice: {', '.join(map(str, value))}")
    return known


def _ion(name: str) -> str:
    """The name of an ion; a charge behind it (`Ca2+`, `ClO4-`) is left out if it is the usual one."""
    if name in ION_CHARGES_E or is_file(name):
        return name
    bare = name.rstrip("+-")
    for plain, number in ((bare, "1"), (bare[:-1], bare[-1:])):
        if bare != name and plain in ION_CHARGES_E and number.isdigit():
            charge = int(number) * (1 if name.endswith("+") else -1)
            if charge == ION_CHARGES_E[plain]:
                return plain
            raise ValueError(
                f"{name} is not the usual {plain} of {ION_CHARGES_E[plain]:+d} e: write `{plain}` here, and "
                f"`ion_charges_e: {{{plain}: {charge}}}`"
            )
    raise ValueError(
        f"no ion {name!r}{did_you_mean(name, ION_CHARGES_E) or '.'} "
        f"Choices: {', '.join(ION_CHARGES_E)}, or a structure file (my-ion.xyz)"
    )


class Solvent(Section):
    """Molecules of a liquid: by name, as SMILES, or from a file."""

    name: str | None = None
    """water, methanol, acetonitrile, ..., or any molecule of ASE's g2 collection (with a density)."""
    smiles: str | None = None
    """Structure as SMILES, for example `CO`; needs RDKit."""
    file: Path | None = None
    """One molecule, in any format that ASE reads."""
    density_g_per_cm3: Density | None = None
    """Of the pure liquid; default: the value at 298 K of those known by name."""
    molecules: NonNegativeInt | Literal["auto"] = "auto"
    """Number of molecules; auto fills the room that is left."""
    fraction: PositiveFloat = 1
    """Share of the molecules among the solvents that fill the room."""

    @model_validator(mode="after")
    def _one_molecule(self) -> Solvent:
        if sum(v is not None for v in (self.name, self.smiles, self.file)) != 1:
            raise ValueError("a solvent has exactly one of name:, smiles: and file:")
        if self.density_g_per_cm3 is None and self.name not in SOLVENTS:
            raise ValueError(
                f"density_g_per_cm3 of {self.label} is not known: give it. "
                f"Known by name: {', '.join(SOLVENTS)}{did_you_mean(self.label, SOLVENTS)}"
            )
        return self

    @property
    def label(self) -> str:
        """What it is called in reports and groups."""
        return self.name or self.smiles or Path(self.file or "").stem

    @property
    def pure_density_g_per_cm3(self) -> float:
        """Given, or of the table."""
        return self.density_g_per_cm3 or SOLVENTS[self.name or ""].density_g_per_cm3


def _a_list(value: object) -> object:
    """One solvent or several; a word is a name."""
    several = value if isinstance(value, list) else [value]
    return [{"name": one} if isinstance(one, str) else one for one in several]


class Electrolyte(Section):
    """Waters, other molecules and ions."""

    ions: Annotated[dict[str, NonNegativeInt], BeforeValidator(_known_ions)] = {}
    """Number of each ion, by name (`{Na: 3, ClO4: 1}`) or structure file (`{my-ion.xyz: 1}`); 0 is none."""
    ion_charges_e: dict[str, int] = {}
    """Charge of an ion that a file does not state, or that differs from the usual one: `{my-ion.xyz: -1, Cu: 1}`."""
    waters: NonNegativeInt | Literal["auto"] = "auto"
    """Number of water molecules; auto fills the room at 0.997 g/cm^3, or is 0 with a solvent that fills it."""
    solvent: Annotated[
        list[Solvent], BeforeValidator(_a_list, json_schema_input_type=list[Solvent | str] | Solvent | str)
    ] = []
    """Other molecules, one or a list."""

    @model_validator(mode="after")
    def _charges_of_ions_that_are_there(self) -> Electrolyte:
        for name in self.ion_charges_e:
            if name not in self.ions:
                raise ValueError(f"ion_charges_e names {name}, which ions does not: {', '.join(self.ions) or 'none'}")
        return self

    def with_files_from(self, folder: Path) -> Self:
        """The same with file names as absolute paths; those given count from `folder`."""
        ions = {absolute(name, folder): n for name, n in self.ions.items()}
        charges = {absolute(name, folder): charge for name, charge in self.ion_charges_e.items()}
        solvent = [s.model_copy(update={"file": (folder / s.file).resolve()}) if s.file else s for s in self.solvent]
        return self.model_copy(update={"ions": ions, "ion_charges_e": charges, "solvent": solvent})

    @property
    def waters_fill(self) -> bool:
        """Whether waters take the room that is left."""
        return self.waters == "auto" and not any(s.molecules == "auto" for s in self.solvent)
