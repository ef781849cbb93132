"""One way of doing molecular dynamics with a MACE model, kept alive and asked for steps: run.py starts it.

    python benchmarks/mace/route.py ROUTE FOLDER

ROUTE is `ase-DTYPE`, `callback-DTYPE-FORM` (FORM one of `FORMS`) or `mliap-DTYPE`; FOLDER was made by `lmpdrive
render`.  Answers one JSON line when ready, or with the reason why the model has no such form; then one for every number
of steps read from stdin: seconds in all and, for the callback, seconds within the model.  Constant energy, 0.5 fs, all
atoms mobile.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lmpdrive.architectures.mace.architecture import Mace
from lmpdrive.architectures.mace.evaluator import MaceEvaluator
from lmpdrive.architectures.mace.forms import Alternatives, alternatives
from lmpdrive.common.manifest import ModelForm
from lmpdrive.config import load as load_config

DYNAMICS = "# --- dynamics"
TIMESTEP_FS = 0.5
START_K = 300.0
SEED = 11
FORMS = {
    "uncompiled": "",
    "compiled": "compiled",
    "tables": "compiled with radial tables",
    "symmetrix": "natively (symmetrix)",
    "loops": "in loops for scalar messages",
}
"""Name here -> name of the form; the empty one is the model itself."""

Run = Callable[[int], float]
"""Number of steps -> seconds within the model (nan where that cannot be told)."""


class Clocked:
    """An evaluator that adds up its own time."""

    def __init__(self, evaluator: Any) -> None:
        self.evaluator, self.seconds = evaluator, 0.0

    def __call__(self, configuration: Any) -> Any:
        """As the evaluator."""
        started = time.perf_counter()
        answer = self.evaluator(configuration)
        self.seconds += time.perf_counter() - started
        return answer


def ase_md(potential: Mace) -> tuple[Run, np.ndarray]:
    """ASE's velocity Verlet with MACE's own calculator; forces of the first configuration [eV/Å]."""
    from ase import units
    from ase.io import read
    from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
    from ase.md.verlet import VelocityVerlet

    atoms = read("system.data", format="lammps-data", atom_style="atomic")
    atoms = atoms[np.argsort(atoms.arrays["id"])]
    atoms.calc = potential.make_calculator()
    MaxwellBoltzmannDistribution(atoms, temperature_K=START_K, rng=np.random.default_rng(SEED))
    forces = atoms.get_forces()
    md = VelocityVerlet(atoms, TIMESTEP_FS * units.fs)

    def run(steps: int) -> float:
        md.run(steps)
        return float("nan")

    return run, forces


class NoFormError(Exception):
    """The model has no such form."""


def evaluator_of(potential: Mace, form: str) -> MaceEvaluator:
    """The model in one form and no other.  Raises NoFormError, now or (ModelError) at the first step."""
    model, name = potential.load(Path(), "cpu"), FORMS[form]
    kinds = alternatives(model, "always", "auto", "always", "never")
    if form == "compiled":
        kinds = alternatives(model, "always", "never", "never", "never")
    forms = [f for kind in kinds for f in kind.forms if f.name == name]
    if name and not forms:
        raise NoFormError("; ".join(kind.missing for kind in kinds if kind.missing) or "not for this model")
    return MaceEvaluator(model, [Alternatives((f,), wanted=True) for f in forms], print, partial(_must_be, name))


def _must_be(name: str, form: ModelForm) -> None:
    if name and form.name != name:
        raise NoFormError("; ".join(form.left_out))


def lammps_md(potential: Mace, native: bool, form: str = "") -> tuple[Run, np.ndarray]:
    """LAMMPS with the deck's own potential block; forces of the first configuration [eV/Å], in order of the ids."""
    from lmpdrive.common.manifest import read_manifest
    from lmpdrive.engine.callback import Coupling
    from lmpdrive.engine.lammps_library import activate_mliap, load

    text = Path("in.lammps").read_text()
    commands = [
        f"timestep {TIMESTEP_FS / 1000}",
        f"velocity all create {START_K} {SEED} mom yes",
        "fix nve all nve",
        "thermo 100000",
        "run 0 post no",
    ]
    Path("bench.lammps").write_text("\n".join([text[: text.index(DYNAMICS)], *commands, ""]))
    lmp = load(plugins=False, beside_torch=True)(cmdargs=["-log", "none", "-screen", "none", "-nocite"])
    clock = None
    if native:
        activate_mliap(lmp, kokkos=False)
        lmp.file("bench.lammps")
    else:
        clock = Clocked(evaluator_of(potential, form))
        Coupling(lmp, clock, read_manifest(Path()).system.elements).run(Path("bench.lammps"))
    n = lmp.get_natoms()
    forces = lmp.numpy.extract_atom("f")[:n][np.argsort(lmp.numpy.extract_atom("id")[:n])].copy()

    def run(steps: int) -> float:
        before = clock.seconds if clock else 0.0
        lmp.command(f"run {steps} pre no post no")
        return clock.seconds - before if clock else float("nan")

    return run, forces


def main(route: str, folder: str) -> None:
    """Get ready, then step on request."""
    os.chdir(folder)
    answers, sys.stdout = sys.stdout, sys.stderr  # packages print what they like
    kind, dtype, *form = route.split("-")
    configured = load_config(Path("resolved.yaml")).potential
    assert isinstance(configured, Mace)
    potential = configured.model_copy(update={"dtype": dtype})
    try:
        run, forces = ase_md(potential) if kind == "ase" else lammps_md(potential, kind == "mliap", *form)
    except NoFormError as error:
        print(json.dumps({"missing": str(error)}), file=answers, flush=True)
        return
    run(3)  # the first steps of a process are slow
    print(json.dumps({"forces": forces.tolist()}), file=answers, flush=True)
    for line in sys.stdin:
        started = time.perf_counter()
        in_model = run(int(line))
        print(json.dumps({"seconds": time.perf_counter() - started, "model": in_model}), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
