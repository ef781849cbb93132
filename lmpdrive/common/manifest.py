"""`manifest.json`: what a run directory says of itself, as a frozen model.  Read and written here and nowhere else.

A run directory of another version may lack entries or have more: what is absent is None or empty, what is unknown is
kept when the manifest is written again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError, model_validator

from lmpdrive.common.atomic import write_atomically
from lmpdrive.common.run_files import DECK, LOG, MANIFEST
from lmpdrive.errors import RunDirectoryError

Text = Annotated[str, Strict()]
Element = Annotated[str, Field(strict=True, pattern="^[A-Z][a-z]?$")]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
PositiveNumber = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
PositiveInteger = Annotated[int, Field(strict=True, gt=0)]


def members(ranges: str) -> list[int]:
    """0-based indices of ranges of ids: `"1:3,8"` -> `[0, 1, 2, 7]`."""
    ends = [[int(x) for x in word.split(":")] for word in ranges.replace(",", " ").split()]
    return [i for end in ends for i in range(end[0] - 1, end[-1])]


class Section(BaseModel):
    """A part of the manifest; `null` for an entry that is not optional is the same as no entry."""

    model_config = ConfigDict(frozen=True, extra="allow", protected_namespaces=())

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, content: Any) -> Any:
        if not isinstance(content, dict):
            return content
        optional = {name for name, field in cls.model_fields.items() if field.default is None}
        return {name: value for name, value in content.items() if value is not None or name in optional}


class SystemSection(Section):
    """The atoms."""

    elements: tuple[Element, ...] = ()
    """In the order of the LAMMPS types."""
    species: tuple[Element, ...] = ()
    """Of each atom, in the order of the ids."""
    groups: dict[str, Text] = {}
    """Group -> ranges of ids, `1:48,60`."""
    two_sided: Annotated[bool, Strict()] | None = None
    """Whether both faces of the slab are wet."""
    charges_e: tuple[Number, ...] | None = None
    """Fixed charges [e], where the potential has them."""
    surface_charge_e_per_A2: Number | None = None
    report: tuple[Text, ...] = ()
    """Lines reported when the system was made."""

    def members(self, group: str) -> list[int]:
        """0-based indices of the atoms of a group; empty if there is none.  Raises ValueError for damaged ranges."""
        return members(self.groups.get(group, ""))


class PotentialSection(Section):
    """The model."""

    architecture: Text | None = None
    title: Text | None = None
    package: Text | None = None
    """The package that evaluates it, if it is one, by its name on PyPI."""
    coupling: Text | None = None
    precision: Text | None = None
    card: dict[str, Any] | None = None
    """The model card beside the model."""
    sha256: dict[str, Text] = {}
    """Model file in the run directory -> its sha256."""


class Stage(Section):
    """A stage of the deck; a minimisation has no fixed number of steps."""

    name: Text | None = None
    steps: int | None = None
    what: Text | None = None
    """Length, ensemble and temperature of one of `dynamics.stages`."""
    production: bool | None = None
    """Whether it is analysed; None in older manifests, where the name says it."""


class DynamicsSection(Section):
    """How the atoms move."""

    timestep_fs: PositiveNumber | None = None
    temperature_K: PositiveNumber | None = None
    """Target of the production; None where it is ramped."""
    ramp_K: tuple[PositiveNumber, PositiveNumber] | None = None
    """Target at the beginning and the end of a production that is ramped."""
    ensemble: Text | None = None
    thermostats: tuple[Text, ...] = ()
    """What has a thermostat of its own, and its target; `temperature_K` is the mean of all mobile atoms then."""
    friction_fs: PositiveNumber | None = None
    """Relaxation time of the production's Langevin thermostat, which acts on each atom; None for others."""
    stages: tuple[Stage, ...] = ()

    @property
    def steps(self) -> int:
        """Of all stages."""
        return sum(stage.steps or 0 for stage in self.stages)


class OutputSection(Section):
    """What is written how often."""

    frames_every_steps: PositiveInteger | None = None


class Part(Section):
    """One start of the run: the first, and each time that it was resumed."""

    deck: Text = DECK
    log: Text = LOG
    from_step: int | None = None
    restart: Text | None = None
    """The restart file that it was resumed from."""
    host: Text | None = None
    started: Text | None = None
    state: Text | None = None
    output_closed: Text | None = None
    """Since when nobody read what was printed (a `tee` that ended); the run went on."""
    deck_files: dict[str, Text] = {}
    """The deck that the run began with, and the files that it includes -> sha256 when this part began."""
    deck_accepted: bool | None = None
    """Whether they had been edited since the part before, and were accepted."""


class Performance(Section):
    """Times of the last part."""

    wall_s: Number | None = None
    ns_per_day: Number | None = None
    production_loop_s: Number | None = None


class RanWith(Section):
    """Machine, threads and environment of a run."""

    command_line: tuple[Text, ...] = ()
    mpi_ranks: int | None = None
    threads: int | None = None
    device: Text | None = None
    cpu: Text | None = None
    cores: int | None = None
    environment: dict[str, Text] = {}
    """The variables that can change numbers or speed."""
    packages: tuple[Text, ...] = ()
    """`name==version` of everything in the interpreter of the run."""


class LammpsSection(Section):
    """The LAMMPS that ran."""

    version: int | None = None
    """yyyymmdd"""
    packages: tuple[Text, ...] = ()
    mpi: bool | None = None


class ModelForm(Section):
    """Which of its forms a model was evaluated in."""

    name: Text = ""
    deviation_eV_per_A: Number | None = None
    """Largest difference of a force from the unchanged model, at the first step."""
    ms: dict[str, Number] = {}
    """Form -> time of an evaluation, where several were compared."""
    left_out: tuple[Text, ...] = ()
    """Why other forms do not run."""

    @property
    def summary(self) -> str:
        """The form, and how far it is from the model."""
        if self.deviation_eV_per_A is None:
            return self.name
        return f"{self.name}, forces within {self.deviation_eV_per_A:.1e} eV/Å of the unchanged model's"

    @property
    def timings(self) -> list[str]:
        """One line where several forms were measured, else none."""
        each = ", ".join(f"{name} {ms:.3g}" for name, ms in self.ms.items())
        return [f"ms per evaluation: {each}"] if len(self.ms) > 1 else []

    def __str__(self) -> str:
        reasons = [f"not tried or not used: {reason}" for reason in self.left_out]
        return "; ".join([f"the model runs {self.summary}", *self.timings, *reasons])


RunState = Literal["rendered", "running", "finished", "interrupted", "walltime", "unstable", "failed"]


class Manifest(Section):
    """The whole of `manifest.json`."""

    state: Text | None = None
    """A `RunState`, or a word of another version."""
    system: SystemSection = SystemSection()
    potential: PotentialSection = PotentialSection()
    dynamics: DynamicsSection = DynamicsSection()
    guard: dict[str, Any] | None = None
    """The limits of the guard; `lmpdrive.stability.Limits` reads them."""
    output: OutputSection = OutputSection()
    seeds: dict[str, Any] = {}
    versions: dict[str, Text] = {}
    interpreter: Text | None = None
    """The Python of the run, where it is not lmpdrive's own."""
    host: dict[str, Any] = {}
    device: Text | None = None
    deck_sha256: Text | None = None
    """Of the deck as it was rendered."""
    files: dict[str, Text] = {}
    """Input of the run directory -> its sha256."""
    templates: dict[str, Text] = {}
    """Template -> its sha256; `shipped`: of all shipped ones together."""
    code_sha256: Text | None = None
    """Of the lmpdrive that wrote the deck."""
    command_line: tuple[Text, ...] = ()
    ran_with: RanWith | None = None
    lammps: LammpsSection | None = None
    parts: tuple[Part, ...] = ()
    frames_missing: Text | None = None
    """Which frames were missing when the run was resumed, and could not be made again."""
    performance: Performance = Performance()
    model_note: Text | None = None
    """What was done to prepare the model, e.g. that it was compressed."""
    model_form: ModelForm | None = None
    step0: dict[str, Any] | None = None
    """The comparison of LAMMPS with the model's own calculator; `Equality` reads it."""

    @property
    def absent(self) -> bool:
        """Whether there is no manifest, or one without any entry."""
        return not self.model_fields_set

    @property
    def first_part(self) -> Part:
        """How the run began."""
        return self.parts[0] if self.parts else Part()

    @property
    def last_part(self) -> Part:
        """How it was run last."""
        return self.parts[-1] if self.parts else Part()

    @classmethod
    def of(cls, content: Any, path: Path = Path(MANIFEST)) -> Manifest:
        """The model of a JSON value.  Raises RunDirectoryError naming the entry of `path` that is wrong."""
        if not isinstance(content, dict):
            raise RunDirectoryError(f"{path} holds no JSON object")
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            entry, value = ".".join(map(str, first["loc"])), str(first["input"])[:60]
            wanted = _WANTED.get(first["type"], first["msg"])
            raise RunDirectoryError(f"{path} is damaged: {entry} is {value!r}, not {wanted}") from None


_WANTED = {
    "string_type": "text",
    "string_pattern_mismatch": "the symbol of an element",
    "bool_type": "yes or no",
    "dict_type": "a section",
    "model_type": "a section",
    "tuple_type": "a list",
    "float_type": "a number",
    "int_type": "an integer",
    "int_parsing": "an integer",
    "int_from_float": "an integer",
    "finite_number": "a finite number",
    "greater_than": "a positive number",
}
"""What pydantic's error types ask for, in words."""


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a run directory; without entries (`absent`) if there is none.

    Raises RunDirectoryError if the file is there and is not a JSON object, or if an entry is not what it should be.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return Manifest()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunDirectoryError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise RunDirectoryError(f"{path} is not valid JSON: {error}") from error
    return Manifest.of(content, path)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `manifest.json`, whole or not at all; entries that were never set are left out."""
    content = manifest.model_dump(exclude_unset=True)
    write_atomically(folder / MANIFEST, json.dumps(content, indent=1) + "\n")


def update_manifest(folder: Path, **changes: Any) -> Manifest:
    """Replace top-level entries, and write; returns what is now there."""
    manifest = read_manifest(folder).model_copy(update=changes)
    write_manifest(folder, manifest)
    return manifest


def system_of(folder: Path) -> SystemSection:
    """The section `system`.  Raises RunDirectoryError if elements, species or groups are not in it."""
    system = read_manifest(folder).system
    for key in ("elements", "species", "groups"):
        if key not in system.model_fields_set:
            raise RunDirectoryError(f"{folder / MANIFEST} has no system.{key}: it is damaged, or not there")
    return system
