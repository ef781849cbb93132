"""Run pieces of rendered decks and return the state of LAMMPS after each.

    python -m lmpdrive.testing.lammps_jobs IN.json OUT.json

A job is {"folder", "start": "data" or a restart file, "commands": [...]}: the deck of the folder up to its dynamics,
the structure perhaps from a restart, then the commands.  All jobs share one process and one loaded model.  Per job the
answer has energy and total energy [eV], forces [eV/Å] and positions [Å] in order of the ids, virial [eV], cell and
origin [Å].
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lmpdrive.architectures import Callback, Evaluator, Native
from lmpdrive.common.manifest import read_manifest
from lmpdrive.common.run_files import CONFIG, DECK
from lmpdrive.config import load as load_config
from lmpdrive.deck.commands import formatted, read_deck
from lmpdrive.engine.callback import Coupling
from lmpdrive.engine.lammps_library import activate_mliap, load


def main(jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Run all jobs."""
    evaluators: dict[str, Evaluator] = {}
    return [run(job, evaluators) for job in jobs]


def _before_dynamics(start: str) -> Iterator[str]:
    """The deck up to its dynamics, which begin with the timestep; `start`: "data", or a restart file."""
    for command in read_deck(Path(DECK)).commands:
        if command.name == "timestep":
            return
        yield formatted("read_restart", start) if command.name == "read_data" and start != "data" else command.text


def run(job: dict[str, Any], evaluators: dict[str, Evaluator]) -> dict[str, Any]:
    """One job in a LAMMPS of its own."""
    os.chdir(job["folder"])
    config = load_config(Path(CONFIG))
    potential = config.potential
    Path("job.lammps").write_text("".join([*_before_dynamics(job["start"]), *(f"{c}\n" for c in job["commands"])]))
    arguments = potential.lammps_arguments(1, config.run.threads)
    coupling = potential.chosen
    in_python = not isinstance(coupling, Native) or coupling.runs_python
    lammps = load(potential.plugins, beside_torch=in_python)
    lmp = lammps(cmdargs=["-log", "job.log", "-screen", "none", "-nocite", *arguments])
    try:
        if isinstance(coupling, Native) and coupling.runs_python:
            activate_mliap(lmp, kokkos=bool(arguments))
        if isinstance(coupling, Callback):
            key = potential.model_dump_json()
            if key not in evaluators:
                evaluators[key] = potential.evaluator(Path(), "cpu")
            elements = read_manifest(Path()).system.elements
            Coupling(lmp, evaluators[key], elements).run(Path("job.lammps"))
        else:
            lmp.file("job.lammps")
        return state_of(lmp)
    finally:
        lmp.close()


def state_of(lmp: Any) -> dict[str, Any]:
    """Energies, forces, positions, virial (without its kinetic part) and cell."""
    n = lmp.get_natoms()
    low, high, xy, yz, xz, _, _ = lmp.extract_box()
    lengths = np.array(high) - np.array(low)
    lmp.command("compute only_virial all pressure NULL virial")
    lmp.command("thermo_style custom step pe etotal " + " ".join(f"c_only_virial[{k}]" for k in range(1, 7)))
    lmp.command("run 0 post no")
    order = np.argsort(lmp.numpy.extract_atom("id")[:n])  # after the run, which may sort atoms
    pressure = lmp.numpy.extract_compute("only_virial", 0, 1)
    bar = 1.0 / lmp.extract_global("nktv2p")  # eV/Å^3
    return {
        "energy": lmp.get_thermo("pe"),
        "total": lmp.get_thermo("etotal"),
        "forces": lmp.numpy.extract_atom("f")[:n][order].tolist(),
        "positions": lmp.numpy.extract_atom("x")[:n][order].tolist(),
        "virial": (np.array(pressure) * bar * float(np.prod(lengths))).tolist(),
        "cell": [[lengths[0], 0, 0], [xy, lengths[1], 0], [xz, yz, lengths[2]]],
        "origin": list(low),
    }


if __name__ == "__main__":
    answers = main(json.loads(Path(sys.argv[1]).read_text()))
    Path(sys.argv[2]).write_text(json.dumps(answers))
