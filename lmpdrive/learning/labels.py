"""Energies and forces of chosen frames: by a potential, or by a command of the user's in a folder for each frame.

Labels are `REF_energy` [eV] in `info` and `REF_forces` [eV/Å] in `arrays`, as the trainers read them; a potential with
charges that LAMMPS evaluates leaves them in `charges_e`.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from ase import Atoms
from ase.io import read, write

from lmpdrive.common.manifest import system_of
from lmpdrive.common.run_files import CONFIG
from lmpdrive.common.say import Say
from lmpdrive.config import load
from lmpdrive.engine.agreement import labelled, through_lammps
from lmpdrive.engine.agreement.own_calculator import can_make
from lmpdrive.errors import EngineError, LmpdriveError, TrajectoryError
from lmpdrive.learning.candidates import given_structure
from lmpdrive.learning.file import Label
from lmpdrive.pipeline import render
from lmpdrive.trajectory.labelled import CHARGES, ENERGY, FORCES, without_labels
from lmpdrive.trajectory.room import with_room

STRUCTURE = "frame.xyz"
"""The frame in the folder of its job, in the order of the run."""
FAILED = "failed.txt"


def label(frames: Sequence[Atoms], runs: Path, by: Label, folder: Path, say: Say) -> list[Atoms]:
    """Labelled copies of those frames that could be labelled; `runs` has the exploring run directories.

    Raises EngineError if none could.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found: list[Atoms] = []
    if by.command is not None:
        found = _by_command(frames, by, folder, say)
    else:
        for name in sorted({atoms.info["run"] for atoms in frames}):
            own = [atoms for atoms in frames if atoms.info["run"] == name]
            say(f"labelling {len(own)} frames of {name}")
            found += _by_potential(own, runs / name, by, folder / name)
    if frames and not found:
        raise EngineError(f"none of {len(frames)} frames could be labelled: see {folder}")
    return found


def labelled_copy(atoms: Atoms, energy_eV: float, forces: Any, charges_e: Any = None) -> Atoms:
    """The frame with labels; `info` stays."""
    copy = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=atoms.pbc, info=dict(atoms.info))
    copy.info[ENERGY] = float(energy_eV)
    copy.arrays[FORCES] = np.asarray(forces, float)
    if charges_e is not None:
        copy.arrays[CHARGES] = np.asarray(charges_e, float)
    return copy


def _by_potential(frames: Sequence[Atoms], run: Path, by: Label, folder: Path) -> list[Atoms]:
    """Through the potential's own calculator, else through LAMMPS, with the bonds that the run began with."""
    if not (folder / CONFIG).is_file():
        shutil.rmtree(folder, ignore_errors=True)
        _render(run, by.potential or {}, folder)
    config, ran = load(folder / CONFIG), through_lammps.as_it_ran(without_labels(frames), run)
    ends, charges = np.cumsum(ran.counts)[:-1], None
    if can_make(config.potential):
        energies, forces = labelled.evaluate(folder, ran)
    else:
        answer = through_lammps.evaluate(folder, config, ran)
        energies, forces, charges = answer.energies_eV, answer.forces, answer.charges_e
    of_frame = [None] * len(frames) if charges is None else np.split(charges, ends)
    found = [labelled_copy(*one) for one in zip(frames, energies, np.split(forces, ends), of_frame, strict=True)]
    for atoms, cell in zip(found, with_room(ran).cells, strict=True):
        atoms.set_cell(cell)  # trainers repeat it
    return found


def _render(run: Path, potential: dict[str, Any], folder: Path) -> None:
    """A run directory with the labelling potential for the atoms of `run`, none of them frozen."""
    start = given_structure(run)
    folder.parent.mkdir(parents=True, exist_ok=True)
    write(folder.with_name(f"{folder.name}.xyz"), start, format="extxyz")
    content = {
        "system": {"read": f"{folder.name}.xyz"},
        "potential": potential,
        "dynamics": {"fixed_layers": 0},
    }
    file = folder.with_name(f"{folder.name}.yaml")
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    render(file, folder)
    there = system_of(folder).species
    if there != tuple(start.get_chemical_symbols()):
        raise TrajectoryError(f"{folder}: the atoms are not in the order of {run}")


def _by_command(frames: Sequence[Atoms], by: Label, folder: Path, say: Say) -> list[Atoms]:
    found = []
    for number, atoms in enumerate(frames, start=1):
        job = folder / f"{number:03d}-{atoms.info['run']}-{atoms.info['step']}"
        say(f"labelling {number} of {len(frames)}: {job.name}")
        try:
            found.append(_job(atoms, by, job))
        except (LmpdriveError, OSError) as error:
            (job / FAILED).write_text(f"{error}\n")
            say(f"{job.name} is left out: {error}")
    return found


def _job(atoms: Atoms, by: Label, job: Path) -> Atoms:
    """One frame; a job whose output can be read is not run again."""
    order = np.argsort(atoms.numbers, kind="stable")  # VASP wants each element in one block
    output = job / by.output
    if not output.is_file():
        job.mkdir(parents=True, exist_ok=True)
        write(job / STRUCTURE, atoms, format="extxyz")
        write(job / by.structure, atoms[order])
        if by.inputs is not None:
            _inputs(by.inputs, atoms[order], job)
        done = subprocess.run(by.command or "", shell=True, cwd=job, capture_output=True, text=True, check=False)
        (job / "stdout").write_text(done.stdout)
        (job / "stderr").write_text(done.stderr)
        if done.returncode:
            last = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
            raise EngineError(f"`{by.command}` ended with {done.returncode}: {last[-1]}")
    try:
        said: Any = read(output)
        energy, forces = said.get_potential_energy(), said.get_forces(apply_constraint=False)
    except Exception as error:  # ASE's readers raise whatever they meet
        raise EngineError(f"ASE cannot read energy and forces from {output}: {error}") from None
    if (said.numbers != atoms.numbers[order]).any():
        raise EngineError(f"{output} has other atoms than {job / by.structure}")
    back = np.empty_like(forces)
    back[order] = forces
    return labelled_copy(atoms, energy, back)


def _inputs(inputs: Path, atoms: Atoms, job: Path) -> None:
    """The user's files; a template sees `atoms` (ASE), `cell` [Å] and `counts` {element: number}, in order."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    symbols = atoms.get_chemical_symbols()
    counts = {element: symbols.count(element) for element in dict.fromkeys(symbols)}
    seen = {"cell": atoms.cell.array.tolist(), "counts": counts}
    for file in sorted(inputs.iterdir()):
        if file.name.endswith(".j2"):
            template = SandboxedEnvironment(undefined=StrictUndefined).from_string(file.read_text())
            (job / file.stem).write_text(template.render(atoms=atoms, **seen))
        elif file.is_file():
            shutil.copy(file, job)
