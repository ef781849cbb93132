"""How long a run will take, and how much memory: measured on a short run of it (`lmpdrive check --probe`).

The deck of the run, its potential, coupling, ranks, threads and device; a few steps to warm up (compiling, first
neighbour lists), then as many as fit into MEASURE_S.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from lmpdrive.architectures import Integrated
from lmpdrive.common.manifest import ModelForm, system_of
from lmpdrive.common.run_files import LOG
from lmpdrive.config import Config, dump_yaml
from lmpdrive.deck.commands import Deck, cut_minimisation, read_deck
from lmpdrive.engine.loops import loops
from lmpdrive.engine.memory import PeakMemory
from lmpdrive.engine.model_form import form_of
from lmpdrive.engine.run import Job, run
from lmpdrive.errors import EngineError

DECK = ".speed.lammps"
MEASURE_S = 4
WARM_UP_STEPS, MOST_STEPS = 3, 1_000
MINIMISE_STEPS = 20
ASE_STEPS = 30
BYTES_PER_DUMP_LINE = 55


@dataclass(frozen=True)
class Speed:
    """What was measured, and what it means for the run that was asked for; GB = 1e9 bytes."""

    how: str
    """Device, ranks and threads."""
    atoms: int
    steps: int
    """Measured."""
    ms_per_step: float
    start_s: float
    """From the start of the process to the first step: loading, compiling, first forces."""
    memory_GB: float
    """Highest sum over the processes of the run."""
    gpu_memory_GB: float | None
    timestep_fs: float
    run_steps: int
    """Of the run that was asked for: equilibration and production."""
    minimise_steps: int
    """At most."""
    files_GB: float
    """Trajectories of the run that was asked for."""
    model_form: ModelForm | None = None
    """Of models that have several: which one is fastest here."""

    @property
    def ns_per_day(self) -> float:
        """Nanoseconds that a day of computing gives."""
        return self.timestep_fs * 1e-6 / (self.ms_per_step * 1e-3) * 86_400

    @property
    def run_s(self) -> float:
        """Time of the run that was asked for, without minimisation and analysis."""
        return self.start_s + self.run_steps * self.ms_per_step * 1e-3

    def lines(self) -> list[str]:
        """For a person."""
        gpu = f", {self.gpu_memory_GB:.2g} GB on the GPU" if self.gpu_memory_GB is not None else ""
        ps = self.run_steps * self.timestep_fs * 1e-3
        lines = [
            f"speed: {self.ms_per_step:.3g} ms/step, {self.ns_per_day:.3g} ns/day "
            f"({self.atoms} atoms, {self.how}; {self.steps} steps measured)",
            f"memory: {self.memory_GB:.2g} GB{gpu}; starting takes {self.start_s:.0f} s",
        ]
        if self.model_form:
            lines.append(str(self.model_form))
        if self.run_steps:
            lines.append(f"this run: {self.run_steps} steps, {ps:g} ps: {_clock(self.run_s)}")
        if self.minimise_steps:
            most = self.minimise_steps * self.ms_per_step * 1e-3
            lines.append(f"minimisation before it: at most {self.minimise_steps} steps, about {_clock(most)}")
        if self.run_steps:
            lines.append(f"trajectories: {self.files_GB:.2g} GB")
        return lines


def measure(run_dir: Path, config: Config, seconds: int = MEASURE_S) -> Speed:
    """Run the deck of `run_dir`, a run directory made for this, for some `seconds`.

    Raises EngineError as `run` does, and if no step was made.
    """
    by_ase, deck = isinstance(config.potential.chosen, Integrated), "in.lammps"
    if by_ase:  # there is no deck to shorten
        (run_dir / "resolved.yaml").write_text(dump_yaml(_shortened(config)))
    else:
        (run_dir / DECK).write_text(short(read_deck(run_dir / deck), seconds))
        deck = DECK
    peak = PeakMemory(with_gpu=config.run.device != "cpu")
    began = time.monotonic()
    if run(run_dir, config, quiet=True, job=Job(deck), poll=peak.poll) == "interrupted":
        raise KeyboardInterrupt
    took = time.monotonic() - began
    done = loops(run_dir / LOG)
    loop_s, steps = done[-1] if done else (0.0, 0)
    if not steps:
        raise EngineError("the short run that measures the speed made no step")
    atoms, dynamics = len(system_of(run_dir).species), config.dynamics
    runs = dynamics.ensemble != "minimise"
    return Speed(
        how=_how(config),
        atoms=atoms,
        steps=steps,
        ms_per_step=1e3 * loop_s / steps,
        start_s=max(0.0, took - sum(s for s, _ in done)),
        memory_GB=peak.GB,
        gpu_memory_GB=peak.gpu_GB,
        timestep_fs=dynamics.timestep_fs,
        run_steps=config.equilibrate_steps + config.production_steps if runs else 0,
        minimise_steps=dynamics.minimise.max_steps if dynamics.minimise else 0,
        files_GB=_files_GB(config, atoms) if runs else 0.0,
        model_form=form_of(run_dir),
    )


def short(deck: Deck, seconds: int = MEASURE_S) -> str:
    """The deck up to its first run, which is replaced by a warm-up and a run that a timer ends; pure.

    A minimisation is cut to MINIMISE_STEPS, and nothing halts: the structure is not relaxed.
    """
    text = []
    for command in deck.commands:
        if command.name == "run":
            break
        if command.name == "fix" and command.words[3:4] == ("halt",):
            continue
        text.append(cut_minimisation(command, MINIMISE_STEPS))
    text += [f"run {WARM_UP_STEPS}\n", f"timer timeout 0:00:{seconds:02d} every 1\n", f"run {MOST_STEPS}\n"]
    return "".join(text)


def _shortened(config: Config) -> Config:
    """The same system for ASE_STEPS steps of production."""
    ps = ASE_STEPS * config.dynamics.timestep_fs * 1e-3
    changes = {"minimise": None, "equilibrate_ps": 0.0, "production_ps": ps, "stages": None}
    return config.model_copy(update={"dynamics": config.dynamics.model_copy(update=changes)})


def _how(config: Config) -> str:
    ranks, threads = config.run.mpi_ranks, config.run.threads
    return f"{ranks} rank{'s' * (ranks > 1)} x {threads} thread{'s' * (threads > 1)}, device {config.run.device}"


def _files_GB(config: Config, atoms: int) -> float:
    steps, output = config.production_steps, config.output
    dcd = steps // config.steps(output.frames_every_fs) * 12 * atoms
    text = steps // config.steps(output.dump_every_fs) * BYTES_PER_DUMP_LINE * atoms
    return (dcd + text) / 1e9


def _clock(seconds: float) -> str:
    """In the unit that a person would use."""
    for unit, name in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 1.5 * unit:
            return f"{seconds / unit:.2g} {name}" if seconds < 10 * unit else f"{seconds / unit:.0f} {name}"
    return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
