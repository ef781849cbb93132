"""A run without LAMMPS: ASE integrates with the model's own calculator (`coupling: ase`).

In the worker, in the run directory: the stages of the deck (minimise, equilibrate, production), the guard against
explosions, the files that LAMMPS would write (`files`), and `state.npz`, from which the run can be resumed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms, units
from ase.calculators.calculator import Calculator, all_changes

from lmpdrive.architectures import Architecture, Configuration, Evaluator
from lmpdrive.common.manifest import read_manifest, system_of
from lmpdrive.common.run_files import ASE_STATE, DATA, FINAL_DATA, LOG, MANIFEST
from lmpdrive.common.trust import require
from lmpdrive.common.units import K_B_EV_PER_K
from lmpdrive.config import Config
from lmpdrive.config.stages import PlannedStage
from lmpdrive.engine.ase.files import Dcd, Log, TextDump, write_final
from lmpdrive.engine.ase.guard import AseGuard
from lmpdrive.engine.ase.integrators import conserved_eV, integrator, restore, state_of
from lmpdrive.engine.callback import write_failed_frame
from lmpdrive.errors import EngineError, ModelError, NotFiniteError
from lmpdrive.stability import Limits


def calculator_of(potential: Architecture, device: str) -> Any:
    """The model's own ASE calculator, which is for CPUs; on a GPU the model as the callback coupling has it.

    Raises ModelError if there is none, UntrustedError for a model that was not accepted.
    """
    require(potential.programs(Path()))
    if type(potential).make_calculator is Architecture.make_calculator:
        raise ModelError(f"{potential.architecture} has no ASE calculator: coupling: ase is impossible")
    if device == "cuda" or (device == "auto" and Path("/proc/driver/nvidia").exists()):
        return EvaluatorCalculator(potential.evaluator(Path(), device))
    calculator = potential.make_calculator()
    if calculator is None:
        raise ModelError(f"{potential.architecture} has no ASE calculator for these options: use another coupling")
    return calculator


class EvaluatorCalculator(Calculator):
    """The model as the callback coupling evaluates it, as an ASE calculator."""

    implemented_properties = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, evaluator: Evaluator) -> None:
        super().__init__()
        self.evaluator = evaluator

    def calculate(self, atoms: Any = None, properties: Any = ("energy",), system_changes: Any = all_changes) -> None:
        """Energy [eV], forces [eV/Å], stress [eV/Å^3] (Voigt)."""
        super().calculate(atoms, properties, system_changes)
        a = self.atoms
        pbc = (bool(a.pbc[0]), bool(a.pbc[1]), bool(a.pbc[2]))
        answer = self.evaluator(Configuration(a.numbers, a.positions, a.cell.array, pbc))
        stress = -answer.virial / a.get_volume()
        self.results = {
            "energy": answer.energy_eV,
            "free_energy": answer.energy_eV,
            "forces": answer.forces,
            "stress": stress[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]],
        }


def run_here(config: Config, calculator: Any, stopped: Callable[[], bool], resume: bool = False) -> None:
    """Run all stages in the current folder; after `stopped()` the state and the last files are still written.

    Raises what the calculator raises, NotFiniteError for numbers that are not finite.
    """
    AseRun(config, calculator, stopped, resume).run()


class AseRun:
    """One run; `step` counts equilibration and production as LAMMPS does."""

    def __init__(self, config: Config, calculator: Any, stopped: Callable[[], bool], resume: bool) -> None:
        from ase.constraints import FixAtoms
        from ase.io import read

        self.config, self.stopped, self.step = config, stopped, 0
        about = system_of(Path())
        self.elements = about.elements
        atoms: Any = read(DATA, format="lammps-data", sort_by_id=True)
        self.atoms: Atoms = atoms
        self.has_velocities = "\nVelocities\n" in Path(DATA).read_text()
        atoms.pbc = True
        groups = {name: np.array(about.members(name), dtype=int) for name in about.groups}
        fixed = groups.get("fixed", np.array([], dtype=int))
        self.mobile = np.setdiff1d(np.arange(len(atoms)), fixed)
        if len(fixed):
            atoms.set_constraint(FixAtoms(indices=fixed))
        names = [n for n in groups if n in ("metal", "water") or n.startswith("ion_")]
        self.parts = {n: np.intersect1d(groups[n], self.mobile) for n in names}
        self.parts = {n: ids for n, ids in self.parts.items() if len(ids)}
        # the momentum of the whole is zero unless a frozen slab takes it up
        self.freedom = 3 * len(self.mobile) - (0 if len(fixed) else 3)
        atoms.calc = calculator
        self.state = dict(np.load(ASE_STATE)) if resume and Path(ASE_STATE).is_file() else None
        if resume and self.state is None:
            raise EngineError(f"there is no {ASE_STATE} to resume from; run it again without --resume")
        if self.state is not None:
            self.step = int(self.state["step"])
            atoms.positions[:] = self.state["positions"]
            atoms.set_momenta(self.state["momenta"], apply_constraint=False)
        elif not resume:
            for old in (ASE_STATE, *map(str, Path().glob("traj.*"))):
                Path(old).unlink(missing_ok=True)
        self.log = Log(Path(LOG), resume)
        self.pressure = True
        self.ended = False
        limits = Limits.of_manifest(read_manifest(Path()))
        if limits is None:
            raise EngineError(f"{MANIFEST} does not say timestep and temperature: it is damaged")
        start: Any = read(DATA, format="lammps-data", sort_by_id=True)
        self.guard = AseGuard(config.guard, limits, atoms, groups, start.positions, resume)

    def run(self) -> None:
        """Minimise, equilibrate, produce; then write the end."""
        dynamics, config = self.config.dynamics, self.config
        self.log.say("# ASE integrates with the model's own calculator (coupling: ase)")
        if self.state is None:
            if dynamics.minimise:
                self.minimise()
            if dynamics.ensemble != "minimise" and not (self.has_velocities and not dynamics.minimise):
                self.velocities()
        if dynamics.ensemble != "minimise":
            moving, before, end = None, None, 0
            for stage in config.plan:
                start, end = end, end + stage.steps
                goes_on = stage.moves_like(before)
                before = stage
                if self.step >= end or self.stopped() or self.ended:
                    continue
                if moving is None or not goes_on:
                    moving = self.integrator(stage, goes_on or self.step > start)
                self.stage(stage.name, moving, end)
                if not self.ended:  # the state that led there is not resumed from
                    self.save(moving)
        write_final(self.atoms, Path(DATA), Path(FINAL_DATA))

    def integrator(self, stage: PlannedStage, goes_on: bool) -> Any:
        """goes_on : with the thermostat's variables of the run that is resumed, if one is."""
        moving = integrator(self.atoms, stage, self.config.dynamics.seed, len(self.mobile))
        if self.state is not None and goes_on:
            restore(moving, self.state)
        self.state = None
        return moving

    def minimise(self) -> None:
        """ASE's LBFGS, at most 0.05 Å per move, until the largest force is below the limit."""
        from ase.optimize import LBFGS

        limits = self.config.dynamics.minimise
        assert limits is not None
        self.log.begin("minimise", ("Step", "PotEng", "Fmax"))
        search = LBFGS(self.atoms, logfile=os.devnull, maxstep=0.05)
        steps = 0
        while not self.stopped():
            forces = self.checked(lambda: self.atoms.get_forces(), steps)
            largest = float(np.abs(forces).max())
            self.log.row({"Step": steps, "PotEng": self.atoms.get_potential_energy(), "Fmax": largest})
            if largest < limits.force_eV_per_A or steps == limits.max_steps:
                break
            self.checked(search.step, steps)
            steps += 1
        self.log.end(0, len(self.atoms), self.config.dynamics.timestep_fs)

    def velocities(self) -> None:
        """Maxwell-Boltzmann for the mobile atoms, at rest as a whole, scaled to the temperature."""
        rng = np.random.default_rng(self.config.dynamics.seed)
        masses, mobile = self.atoms.get_masses()[:, None], self.mobile
        momenta = np.zeros((len(self.atoms), 3))
        momenta[mobile] = rng.normal(size=(len(mobile), 3)) * np.sqrt(masses[mobile])
        drift = momenta.sum(axis=0) / masses[mobile].sum()
        momenta[mobile] -= drift * masses[mobile]
        self.atoms.set_momenta(momenta)
        self.atoms.set_momenta(momenta * np.sqrt(self.config.dynamics.temperature_K / self.temperature_K()))

    def stage(self, name: str, moving: Any, end: int) -> None:
        """Steps up to `end`, with the output of the stage."""
        config, output, start = self.config, self.config.output, self.step
        thermo, frames = config.steps(output.thermo_every_fs), config.steps(output.frames_every_fs)
        sparse, save = config.steps(output.dump_every_fs), config.steps(output.restart_every_ps * 1e3)
        dcd = text = None
        if name == "production":
            first = -(-start // frames) * frames
            dcd = Dcd(unused("traj", ".dcd"), len(self.atoms), first, frames, config.dynamics.timestep_fs)
            text = TextDump(unused("traj", ".lammpstrj"), self.elements)
        row = self.checked(lambda: self.row(moving), self.step)
        self.log.begin(name, list(row))
        self.log.row(row)
        self.guard.begin(name)
        self.ended = self.guard.check(self.step, row)
        while True:
            if dcd and self.step % frames == 0:
                dcd.write(self.atoms)
            if text and self.step % sparse == 0:
                text.write(self.atoms, self.step)
            if self.step == end or self.stopped() or self.ended:
                break
            self.checked(moving.step, self.step + 1)
            self.step += 1
            self.ended = self.guard.check(self.step, self.energies(moving))
            if self.step % thermo == 0 or self.step == end or self.ended:
                self.log.row(self.row(moving))
            if self.step % save == 0 and not self.ended:
                self.save(moving)
        self.log.end(self.step - start, len(self.atoms), config.dynamics.timestep_fs)

    def checked(self, evaluate: Callable[[], Any], step: int) -> Any:
        """The answer of something that evaluates the model; what fails leaves `failed_frame.xyz`."""
        try:
            answer = evaluate()
            forces, energy = self.atoms.get_forces(apply_constraint=False), self.atoms.get_potential_energy()
            if not (np.isfinite(energy) and np.isfinite(forces).all()):
                raise NotFiniteError(step)
        except Exception as error:
            write_failed_frame(self.atoms, step, error)
            self.guard.write_frames()
            raise
        return answer

    def temperature_K(self) -> float:
        """Of the mobile atoms."""
        return 2 * self.atoms.get_kinetic_energy() / (self.freedom * K_B_EV_PER_K)

    def energies(self, moving: Any) -> dict[str, float]:
        """What the guard checks."""
        atoms = self.atoms
        potential, kinetic = atoms.get_potential_energy(), atoms.get_kinetic_energy()
        found = {
            "Step": float(self.step),
            "Time": self.step * self.config.dynamics.timestep_fs * 1e-3,
            "Temp": self.temperature_K(),
            "PotEng": potential,
            "KinEng": kinetic,
            "TotEng": potential + kinetic,
        }
        conserved = conserved_eV(moving, potential + kinetic)
        if conserved is not None:
            found["Econserve"] = conserved
        return found

    def row(self, moving: Any) -> dict[str, float]:
        """Thermo output at this step, columns as LAMMPS names them; no column for what the model or ASE has not."""
        atoms, found = self.atoms, self.energies(moving)
        kinetic = found["KinEng"]
        if self.pressure:
            try:
                stress = atoms.get_stress(voigt=False, apply_constraint=False)
                found["Press"] = (2 * kinetic / (3 * atoms.get_volume()) - np.trace(stress) / 3) / units.bar
            except NotImplementedError:
                self.pressure = False
        kinetic_of = 0.5 * (atoms.get_momenta() ** 2).sum(axis=1) / atoms.get_masses()
        for name, ids in self.parts.items():
            found[f"c_T_{name}"] = 2 * kinetic_of[ids].sum() / (3 * len(ids) * K_B_EV_PER_K)
        return found

    def save(self, moving: Any) -> None:
        """`state.npz`: all that resuming needs, complete or as it was before."""
        temporary = Path(f".{ASE_STATE}.{os.getpid()}.npz")
        arrays = {"positions": self.atoms.positions, "momenta": self.atoms.get_momenta(), **state_of(moving)}
        np.savez(temporary, step=self.step, **arrays)
        temporary.replace(ASE_STATE)


def unused(stem: str, suffix: str) -> Path:
    """`traj.dcd`, or for a resumed run `traj.1.dcd`, `traj.2.dcd`, ..., which analyses join."""
    path, number = Path(stem + suffix), 0
    while path.exists():
        number += 1
        path = Path(f"{stem}.{number}{suffix}")
    return path
