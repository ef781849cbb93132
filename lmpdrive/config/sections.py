"""The sections of the YAML file, as frozen models.  Times in fs and ps, K, Å, bar, e.

Field names are the YAML keys and the template variables; each default lives here once.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    SerializeAsAny,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from lmpdrive.architectures import Architecture
from lmpdrive.common import walltime
from lmpdrive.config.base import Section
from lmpdrive.config.bias import Bias
from lmpdrive.config.build import Build, Seed
from lmpdrive.config.external import ElectricField, Wall
from lmpdrive.config.guard import Guard
from lmpdrive.config.region_thermostat import RegionThermostat
from lmpdrive.config.selection import Selection
from lmpdrive.config.stages import Ensemble, PlannedStage, Stage, Temperature, completed, timestep_in_fs
from lmpdrive.config.thermostat import Thermostat

MOST_STEPS = 2**31 - 1
"""LAMMPS' limit for the steps of one run, and between two outputs."""


DEFAULT_K = 300.0


class System(Section):
    """What is simulated: built here or read from a file."""

    build: Build | None = None
    """Build a slab with an electrolyte, or a bulk liquid."""
    read: Path | None = None
    """Read a structure: anything that ASE can read, a LAMMPS data file (`.data`), or a restart file (`.restart`)."""
    elements: list[str] | None = None
    """Elements in the order of the LAMMPS types; needed for data files from which they cannot be inferred."""
    slab: str | dict[str, Any] | None = None
    """Atoms of the slab of a structure that is read, where they are not as found: "Ti O bonded to Ti", ids "1:144",
    {indices: [0, 1]} (0-based), or none."""
    two_sided: bool | None = None
    """Whether both faces of the slab are wet; default: true when there is no vacuum."""

    @model_validator(mode="after")
    def _one_source(self) -> System:
        if (self.build is None) == (self.read is None):
            raise ValueError("give exactly one of 'build:' (make the structure) and 'read:' (a file)")
        return self


class Barostat(Section):
    """Pressure control, for `ensemble: npt`."""

    pressure_bar: Annotated[float, Field(ge=-1e7, le=1e7)] = 1.0
    """Target pressure."""
    damping_fs: PositiveFloat = 500
    """Relaxation time."""
    coupling: Literal["iso", "aniso", "tri", "z", "xy"] = "iso"
    """Which cell lengths vary; `z` keeps a slab's area, `xy` its height: a and b together, for cells with vacuum."""


class Minimise(Section):
    """Relaxation before the dynamics."""

    force_eV_per_A: Annotated[float, Field(gt=0, le=1000)] = 0.05
    """Stop when every force component is below this."""
    max_steps: Annotated[int, Field(gt=0, le=100_000_000)] = 500
    """Largest number of iterations."""


def _as_list(value: Any) -> Any:
    """One entry without the brackets of a list."""
    return value if isinstance(value, list) else [value]


class Dynamics(Section):
    """Ensemble, thermostat and the stages minimise -> equilibrate -> production."""

    ensemble: Literal["nvt", "npt", "nve", "minimise"] = "nvt"
    """Ensemble of the production; `minimise` stops after the relaxation."""
    temperature_K: Temperature = DEFAULT_K
    """Target of the thermostat, and temperature of the initial velocities."""
    timestep_fs: PositiveFloat = 0.5
    """0.5 fs resolves the O-H stretch (period 9 fs) with 18 steps."""
    thermostat: Thermostat = Thermostat()
    """Temperature control."""
    barostat: Barostat = Barostat()
    """Pressure control."""
    fixed_layers: NonNegativeInt = 2
    """Number of frozen layers of the slab, from the bottom (of two electrodes: the outermost); they are not
    thermostatted."""
    freeze: Annotated[
        list[Selection], BeforeValidator(_as_list, json_schema_input_type=list[Selection] | Selection)
    ] = []
    """Further atoms that are frozen: a selection or a list of them, by height, group or ids."""
    thermostats: Annotated[
        list[RegionThermostat],
        BeforeValidator(_as_list, json_schema_input_type=list[RegionThermostat] | RegionThermostat),
    ] = []
    """Thermostats of their own for some of the mobile atoms; `thermostat` is that of the others."""
    walls: Annotated[list[Wall], BeforeValidator(_as_list, json_schema_input_type=list[Wall] | Wall)] = []
    """Spring walls along z."""
    electric_field: ElectricField | None = None
    """A homogeneous field, for potentials with charges."""
    bias: Bias | None = None
    """A bias or restraint through Colvars or PLUMED, from the end of the minimisation on."""
    minimise: Minimise | None = Minimise()
    """Minimisation before the dynamics; `null` skips it."""
    equilibrate_ps: NonNegativeFloat = 5
    """Discarded run (NVT) before the production."""
    equilibrate_thermostat: Thermostat | None = None
    """Another thermostat than `thermostat` for the equilibration: Langevin (damping_fs: 100) brings metal and water to
    one temperature, which exchange heat slowly."""
    production_ps: NonNegativeFloat = 20
    """Length of the production run."""
    stages: list[Stage] | None = None
    """Stages of your own in place of the last two, one after the other; they give the lengths."""
    seed: Seed = 1
    """Seed of the initial velocities and of the Langevin noise."""

    @field_validator("timestep_fs")
    @classmethod
    def _timestep_is_in_fs(cls, value: float) -> float:
        return timestep_in_fs(value)

    @model_validator(mode="before")
    @classmethod
    def _stages_give_the_lengths(cls, value: Any) -> Any:
        """Ensemble, temperature and lengths are those of the stages, so that there is one place to read them from."""
        if not isinstance(value, dict) or not value.get("stages") or value.get("ensemble") == "minimise":
            return value
        try:
            given = TypeAdapter(list[Stage]).validate_python(value["stages"])
            ensemble = TypeAdapter(Ensemble).validate_python(value.get("ensemble", "nvt"))
            temperature_K = TypeAdapter(Temperature).validate_python(value.get("temperature_K", DEFAULT_K))
        except ValidationError:
            return value  # the fields' own validation names the line
        stages = completed(given, ensemble, temperature_K)
        lengths = {
            "equilibrate_ps": math.fsum(stage.ps for stage in stages if not stage.production),
            "production_ps": math.fsum(stage.ps for stage in stages if stage.production),
        }
        for key, ps in lengths.items():
            own = value.get(key, ps)
            if isinstance(own, int | float) and not math.isclose(own, ps, abs_tol=1e-9):
                raise ValueError(f"{key}: {own:g} ps, but dynamics.stages has {ps:g} ps: take {key} out")
        last = stages[-1]
        target_K = last.temperature_K if last.ramp_K is None else last.ramp_K[1]
        return value | lengths | {"stages": stages, "ensemble": last.ensemble, "temperature_K": target_K}

    @model_validator(mode="after")
    def _regions_keep_the_cell(self) -> Dynamics:
        ensembles = {self.ensemble, *(stage.ensemble for stage in self.stages or ())}
        if self.thermostats and "npt" in ensembles:
            raise ValueError("thermostats with ensemble: npt: one barostat cannot follow two thermostats; use nvt")
        return self

    @model_validator(mode="after")
    def _windows_overlap(self) -> Dynamics:
        if self.bias is not None and self.bias.umbrella is not None:
            self.bias.umbrella.check_overlap(self.temperature_K)
        return self

    @field_validator("stages")
    @classmethod
    def _stages_are_some(cls, value: list[Stage] | None) -> list[Stage] | None:
        if value is not None and not value:
            raise ValueError("is empty: name stages, or leave it out for equilibrate_ps and production_ps")
        return value

    @model_validator(mode="after")
    def _damping_is_in_fs(self) -> Dynamics:
        if self.ensemble == "minimise":
            return self
        if self.stages is None or any(stage.thermostat is None for stage in self.stages):
            self.thermostat.check_damping(self.timestep_fs)
        for region in self.thermostats:
            region.check_damping(self.timestep_fs)
        if self.equilibrate_thermostat is not None:
            if self.stages is not None:
                raise ValueError("equilibrate_thermostat with stages: give the stage its own thermostat instead")
            try:
                self.equilibrate_thermostat.check_damping(self.timestep_fs)
            except ValueError as error:
                raise ValueError(f"equilibrate_{error}") from None
        for stage in self.stages or ():
            try:
                (stage.thermostat or self.thermostat).check_damping(stage.timestep_fs or self.timestep_fs)
            except ValueError as error:
                raise ValueError(f"stage {stage.name}: {error}") from None
        return self


class Output(Section):
    """What is written, and how often."""

    frames_every_fs: PositiveFloat = 10
    """Frames for the analysis (`traj.dcd`)."""
    dump_every_fs: PositiveFloat = 500
    """Frames for OVITO, ASE, VMD with elements and images (`traj.lammpstrj`)."""
    thermo_every_fs: PositiveFloat = 10
    """Lines of the thermo table."""
    restart_every_ps: PositiveFloat = 5
    """Two alternating restart files."""
    report: bool = True
    """Figures and `report.html` after the run; they take longer than the tables of a short one."""
    png: bool = False
    """Each figure as PNG (300 dpi) too; later: `lmpdrive report RUN --png`."""


class Observables(Section):
    """Settings of the analysis."""

    bin_width_A: Annotated[float, Field(ge=1e-3)] = 0.1
    """Width of the bins along the surface normal; edges are multiples of it."""
    blocks: Annotated[int, Field(ge=2, le=10_000)] = 10
    """Contiguous blocks for the error bars."""
    names: list[str] | None = None
    """Only these tables, or all of an observable's; default: all that the system has atoms for."""
    options: dict[str, dict[str, Any]] = {}
    """Options of individual observables, by the name of their file, e.g. `rdf: {max_A: 8}`."""
    extra: list[Path] = []
    """Python files with observables of your own; `observables: [./mine.py]` is short for it."""
    discard_ps: NonNegativeFloat | Literal["auto"] = 0
    """Time to discard at the start of the production; `auto` determines it."""
    slab: str | dict[str, Any] | None = None
    """Atoms of the slab where they are not as found: "Ti O bonded to Ti", ids "1:144", a group, an MDAnalysis
    selection, {indices: [0, 1]}, or none."""
    surface: Literal["auto", "lower", "upper", "both", "each"] = "auto"
    """Face that distances are measured from; both: the mean of the two, each: apart, as with two electrodes anyway."""
    normal: Literal["x", "y", "z"] | None = None
    """Cell vector that leaves the slab; default: found."""
    target_error: PositiveFloat = 0.05
    """A profile is converged when its 95 % band is below this fraction of its largest value."""
    target_errors: dict[str, PositiveFloat] = {}
    """The same for individual tables, as a 95 % band in the unit of the values, e.g. `{water_density: 0.05}`."""


def _files_only(value: Any) -> Any:
    """`observables: [./mine.py]` -> `{extra: [./mine.py]}`."""
    if not isinstance(value, list):
        return value
    for entry in value:
        if not str(entry).endswith(".py"):
            raise ValueError(
                f"a list holds Python files of your own (./mine.py), and {entry!r} is none; "
                "to choose observables write names: [...] under observables:"
            )
    return {"extra": value}


class Run(Section):
    """Resources of a run, and what is done around it."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """`auto` uses a GPU if the potential's package finds one."""
    threads: Annotated[int, Field(gt=0, le=1024)] = 1
    """Threads per rank; 1 is best on a busy machine."""
    mpi_ranks: Annotated[int, Field(gt=0, le=100_000)] = 1
    """More than one starts `lmp` under mpiexec."""
    compare: Literal["auto", "always", "never"] = "auto"
    """Compare the first frame with the model's own ASE calculator before the run; auto: where that is cheap, and where
    the deck is not the shipped template's."""
    walltime: str | None = None
    """Stop with a restart file before this time limit of the job: 24h, 90min, 24:00:00; see `lmpdrive resume`."""

    @field_validator("walltime")
    @classmethod
    def _walltime_is_a_time(cls, value: str | None) -> str | None:
        if value is not None:
            walltime.seconds(value)
        return value


class Config(Section):
    """One YAML file."""

    system: System
    potential: SerializeAsAny[Architecture]
    dynamics: Dynamics = Dynamics()
    output: Output = Output()
    observables: Annotated[
        Observables, BeforeValidator(_files_only, json_schema_input_type=Observables | list[str])
    ] = Observables()
    run: Run = Run()
    guard: Guard = Guard()
    templates: Path | None = None
    """Folder of your own deck templates; they shadow or extend the shipped ones."""

    @model_validator(mode="after")
    def _every_is_a_multiple(self) -> Config:
        dt = self.dynamics.timestep_fs
        for key in ("frames_every_fs", "dump_every_fs", "thermo_every_fs"):
            every = getattr(self.output, key)
            if every < dt * (1 - 1e-9) or abs(every / dt - round(every / dt)) > 1e-6:
                raise ValueError(
                    f"output.{key}: {every:g} fs is not a multiple of the timestep {dt:g} fs; "
                    f"take {max(1, round(every / dt)) * dt:g}"
                )
        return self

    @model_validator(mode="after")
    def _steps_can_be_counted(self) -> Config:
        times_ps = {f"dynamics.{key}": getattr(self.dynamics, key) for key in ("equilibrate_ps", "production_ps")}
        times_ps["output.restart_every_ps"] = self.output.restart_every_ps
        times_ps |= {
            f"output.{key}": getattr(self.output, key) * 1e-3
            for key in ("frames_every_fs", "dump_every_fs", "thermo_every_fs")
        }
        most_ps = MOST_STEPS * self.dynamics.timestep_fs * 1e-3
        for key, time_ps in times_ps.items():
            if time_ps > most_ps:
                raise ValueError(f"{key}: {time_ps:.3g} ps; LAMMPS counts to 2^31 timesteps, {most_ps:.3g} ps")
        return self

    @model_validator(mode="after")
    def _stages_fit_their_timesteps(self) -> Config:
        for stage in self.dynamics.stages or ():
            dt, every = stage.timestep_fs or self.dynamics.timestep_fs, stage.frames_every_fs
            if every is not None and (every < dt or abs(every / dt - round(every / dt)) > 1e-6):
                raise ValueError(
                    f"stage {stage.name}: frames_every_fs: {every:g} fs is not a multiple of its timestep {dt:g} fs"
                )
            if round(stage.ps * 1e3 / dt) < 1:
                raise ValueError(f"stage {stage.name}: {stage.ps:g} ps are shorter than a timestep of {dt:g} fs")
        return self

    @property
    def plan(self) -> tuple[PlannedStage, ...]:
        """The stages of the dynamics in order; those of `equilibrate_ps` and `production_ps` may have no steps."""
        dynamics = self.dynamics
        if dynamics.stages is None:
            # the cell must not change before the production: NPT equilibrates as NPT
            return (
                self._usual("equilibrate", dynamics.equilibrate_ps, "npt" if dynamics.ensemble == "npt" else "nvt"),
                self._usual("production", dynamics.production_ps, dynamics.ensemble),
            )
        return tuple(self._planned(stage) for stage in dynamics.stages)

    def _usual(self, name: str, ps: float, ensemble: str) -> PlannedStage:
        dynamics, target, production = self.dynamics, self.dynamics.temperature_K, name == "production"
        return PlannedStage(
            name=name,
            steps=self.steps(ps * 1e3),
            ps=ps,
            ensemble=ensemble,
            begin_K=target,
            end_K=target,
            thermostat=dynamics.thermostat if production else dynamics.equilibrate_thermostat or dynamics.thermostat,
            timestep_fs=dynamics.timestep_fs,
            production=production,
            listed=False,
        )

    def _planned(self, stage: Stage) -> PlannedStage:
        dynamics, target = self.dynamics, stage.temperature_K or self.dynamics.temperature_K
        timestep_fs = stage.timestep_fs or dynamics.timestep_fs
        begin_K, end_K = stage.ramp_K or (target, target)
        return PlannedStage(
            name=stage.name or "stage",
            steps=round(stage.ps * 1e3 / timestep_fs),
            ps=stage.ps,
            ensemble=stage.ensemble or dynamics.ensemble,
            begin_K=begin_K,
            end_K=end_K,
            thermostat=stage.thermostat or dynamics.thermostat,
            timestep_fs=timestep_fs,
            production=stage.production,
            frames_every=None if stage.frames_every_fs is None else round(stage.frames_every_fs / timestep_fs),
        )

    @property
    def equilibrate_steps(self) -> int:
        """Steps before the production."""
        return sum(stage.steps for stage in self.plan if not stage.production)

    @property
    def production_steps(self) -> int:
        """Steps of the production."""
        return sum(stage.steps for stage in self.plan if stage.production)

    def steps(self, time_fs: float) -> int:
        """Number of timesteps in `time_fs`."""
        return round(time_fs / self.dynamics.timestep_fs)
