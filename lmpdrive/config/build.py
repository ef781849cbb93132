"""`system.build`: a slab with an electrolyte, or a bulk liquid.  Lengths in Å, times in ps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from lmpdrive.config.electrolyte import Density, Electrolyte, absolute, is_file
from lmpdrive.config.miller import canonical
from lmpdrive.config.substances import CLOSEST_PACKED, SLABS, STRUCTURE
from lmpdrive.errors import did_you_mean

MOST_ATOMS = 10_000_000
Seed = Annotated[int, Field(gt=0, le=900_000_000)]
"""The range of LAMMPS' random number generators."""
Length = Annotated[float, Field(ge=1, le=10_000)]


def _metal(value: Any) -> Any:
    if isinstance(value, str) and value not in STRUCTURE:
        raise ValueError(
            f"no fcc, bcc or hcp metal {value!r}{did_you_mean(value, STRUCTURE) or '.'} "
            f"Choices: {', '.join(STRUCTURE)}; anything else from a file, `slab: my-slab.cif`"
        )
    return value


def _slab(value: Any) -> Any:
    if isinstance(value, str) and not (value in SLABS or is_file(value)):
        raise ValueError(
            f"no slab {value!r}{did_you_mean(value, SLABS) or '.'} Choices: {', '.join(SLABS)}, or a structure file "
            "(my-slab.cif); for a metal write `metal:` and `facet:`"
        )
    return value


def _facet(value: Any) -> Any:
    return None if value is None else canonical(value)


class Liquid(Electrolyte):
    """A bulk liquid or electrolyte that fills an orthogonal cell, without a slab."""

    density_g_per_cm3: Density | None = None
    """Mass density, ions included; default: the molecules' own densities."""
    cell_A: Length | tuple[Length, Length, Length] | None = None
    """Edge of a cube, or three; default: from the molecules and the density."""

    @model_validator(mode="after")
    def _amount(self) -> Liquid:
        filled = self.waters_fill or any(s.molecules == "auto" for s in self.solvent)
        numbered = bool(self.solvent) and all(s.molecules != "auto" for s in self.solvent)
        if self.cell_A is None and filled and not numbered:
            raise ValueError("give the number of waters (and molecules of a solvent), or cell_A, the edge of the cell")
        if self.cell_A is not None and not filled and self.density_g_per_cm3 is not None:
            raise ValueError("numbers of molecules, cell_A and density_g_per_cm3 are one too many: leave one out")
        return self


class Build(Electrolyte):
    """A slab with a liquid film and ions, or a bulk liquid."""

    metal: Annotated[str | None, BeforeValidator(_metal), Field(json_schema_extra={"enum": [*STRUCTURE, None]})] = "Au"
    """Metal of the slab: any that is fcc, bcc or hcp."""
    slab: Annotated[str | None, BeforeValidator(_slab)] = None
    """Instead of a metal: a slab known by name (graphite, TiO2(110), ...), or a structure file."""
    liquid: Liquid | None = None
    """Instead of a slab: a bulk liquid."""
    facet: Annotated[str | None, BeforeValidator(_facet, json_schema_input_type=str | int | None)] = "111"
    """Miller indices of the surface; default: the closest-packed one. With a file: cuts its crystal."""
    repeat: tuple[PositiveInt, PositiveInt] = (6, 4)
    """Surface cells along x and y; for low-index metals, surface atoms in the orthogonal cell."""
    layers: PositiveInt | None = 4
    """Layers of the slab."""
    lattice_constant_A: Annotated[float, Field(ge=2, le=10)] | None = None
    """Lattice constant a; default: the value of ASE for the metal (4.20 Å is the Au of de Kam, Zhu et al. 2026)."""
    c_over_a: Annotated[float, Field(ge=1, le=3)] | None = None
    """Of an hcp metal; default: ASE's."""
    electrodes: Literal[1, 2] = 1
    """2: a second slab, the first one's mirror image, faces it across the film."""
    ion_heights_A: list[PositiveFloat] | None = None
    """Height of each ion (its centre of mass) above the surface, in the order of `ions`; default: spread over the
    film."""
    water_thickness_A: Annotated[float, Field(gt=0, le=1000)] = 20
    """From the surface to the top of the film, or to the second electrode."""
    vacuum_A: Annotated[float, Field(ge=0, le=1000)] = 20
    """Vacuum above the film, or behind the two electrodes; 0 closes the cell with the slab's other face (two-sided)."""
    relax_ps: Annotated[NonNegativeFloat, Field(le=1000)] = 5
    """Classical run (frozen slab, SPC/Fw water) that turns packed molecules into a liquid before the
    potential sees them; 0 skips it. Not used for the classical potential itself."""
    seed: Seed = 1
    """Seed of the placement and of the classical run."""

    def with_files_from(self, folder: Path) -> Self:
        """The same with file names as absolute paths; those given count from `folder`."""
        slab = absolute(self.slab, folder) if self.slab and self.slab not in SLABS else self.slab
        liquid = self.liquid.with_files_from(folder) if self.liquid else None
        return super().with_files_from(folder).model_copy(update={"slab": slab, "liquid": liquid})

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_its_kind(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        own: dict[str, Any] = {}
        if data.get("liquid") is not None:
            own = {"metal": None, "facet": None, "layers": None}
        elif (slab := data.get("slab")) is not None:
            cut = data.get("facet") is not None
            repeat, layers = SLABS.get(str(slab), ((1, 1), 4 if cut else None))
            own = {"metal": None, "facet": None, "repeat": repeat, "layers": layers}
        elif (structure := STRUCTURE.get(str(data.get("metal", "Au")))) is not None:
            own = {"facet": CLOSEST_PACKED[structure]}
        return own | data

    @model_validator(mode="after")
    def _one_kind(self) -> Build:
        given = [key for key in ("metal", "slab", "liquid") if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of metal:, slab: and liquid:, not {' and '.join(given) or 'none'}")
        if self.metal and len(self.facet or "") == 0:
            raise ValueError("facet: null is for slabs from a file; a metal needs Miller indices")
        if self.metal and self.layers is None:
            raise ValueError("layers: null is for slabs from a file; a metal needs a number")
        if self.c_over_a is not None and STRUCTURE.get(self.metal or "") != "hcp":
            raise ValueError("c_over_a is for hcp metals only")
        if self.lattice_constant_A is not None and not self.metal:
            raise ValueError("lattice_constant_A is for metals only: a slab by name or from a file has its own cell")
        return self

    @model_validator(mode="after")
    def _electrolyte_of_a_liquid_is_in_it(self) -> Build:
        if self.liquid is not None:
            for key in (*Electrolyte.model_fields, "ion_heights_A", "electrodes"):
                if getattr(self, key) != type(self).model_fields[key].default:
                    where = "write it below liquid:" if key in Electrolyte.model_fields else "it needs a slab"
                    raise ValueError(f"{key} is given beside liquid: {where}")
        return self

    @model_validator(mode="after")
    def _slab_by_name(self) -> Build:
        if self.slab in SLABS and self.facet is not None:
            raise ValueError(f"facet is for metals and crystals from a file: {self.slab} has its surface already")
        if self.slab in SLABS and self.layers is None:
            raise ValueError(f"layers: null is for slabs from a file; {self.slab} needs a number")
        if self.slab and self.slab not in SLABS and (self.facet is None) != (self.layers is None):
            raise ValueError(
                "facet and layers cut a crystal from a file: give both, or neither to take the file's slab as it is"
            )
        return self

    @model_validator(mode="after")
    def _fits_into_memory(self) -> Build:
        cells = self.repeat[0] * self.repeat[1] * (self.layers or 1)
        if cells > MOST_ATOMS:
            raise ValueError(f"repeat and layers give {cells:.2g} atoms or more; at most {MOST_ATOMS:.0e} can be built")
        return self

    @model_validator(mode="after")
    def _one_height_per_ion(self) -> Build:
        n = sum(self.ions.values())
        if self.ion_heights_A is not None and len(self.ion_heights_A) != n:
            raise ValueError(f"ion_heights_A has {len(self.ion_heights_A)} values for {n} ions: give one per ion")
        return self
