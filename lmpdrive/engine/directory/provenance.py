"""What a manifest says so that a run can be repeated: files, programs, machine; docs/resume.md.

Written in two steps: what the deck was made from, when a run directory is written; what ran it, when it is run.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lmpdrive.common import resources
from lmpdrive.common.hashing import sha256
from lmpdrive.common.manifest import LammpsSection, RanWith, read_manifest
from lmpdrive.common.run_files import CONFIG, CONFIG_GIVEN, DATA, DECK
from lmpdrive.config import Config
from lmpdrive.deck.commands import read_deck
from lmpdrive.engine.lammps_library import environment
from lmpdrive.engine.loops import loops
from lmpdrive.engine.probe import probe
from lmpdrive.environments.facts import digest
from lmpdrive.errors import EngineError, ModelError

FILES = (DECK, DATA, CONFIG_GIVEN, CONFIG)
"""Inputs in a run directory, besides the model and what the deck includes."""
LAMMPS = ".lammps.json"
"""Where the worker leaves what LAMMPS says of itself."""
VARIABLES = (
    *(
        "OMP_",
        "GOMP_",
        "KMP_AFFINITY",
        "KMP_BLOCKTIME",
        "KMP_SETTINGS",
        "MKL_",
        "OPENBLAS_",
        "NUMBA_",
        "MALLOC_",
        "THP_",
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
    ),
    *(
        "CUDA_",
        "CUBLAS_",
        "NVIDIA_",
        "KOKKOS_",
        "LAMMPS_",
        "LMPDRIVE_",
        "DP_",
        "TF_",
        "XLA_",
        "JAX_",
        "TORCH",
        "PYTORCH_",
    ),
    *("PYTHONHASHSEED", "SLURM_NTASKS", "SLURM_CPUS_PER_TASK"),
)
"""Beginnings of the environment variables that can change numbers or speed."""


def of_the_inputs(folder: Path, config: Config, auxiliary: Iterable[str] = ()) -> dict[str, Any]:
    """Entries of the manifest: sha256 of the deck and of everything that it was made from, and the command line.

    auxiliary : files that the deck reads, copied from beside a template.
    """
    names = (*FILES, *read_deck(folder / DECK).included, *auxiliary)
    return {
        "deck_sha256": sha256(folder / DECK),
        "files": {name: sha256(folder / name) for name in names if (folder / name).is_file()},
        "templates": templates(config),
        "code_sha256": digest(),
        "command_line": tuple(sys.argv),
    }


def templates(config: Config) -> dict[str, str]:
    """File -> sha256 of the user's own templates and Python files, and of all shipped templates together."""
    found = {"shipped": sha256(resources.templates())}
    own = [] if config.templates is None else sorted(config.templates.rglob("*.j2"))
    architecture = Path(config.potential.architecture)
    if architecture.suffix == ".py":
        own += [architecture, *sorted(architecture.parent.glob("*.j2"))]
    return found | {str(path): sha256(path) for path in own if path.is_file()}


def changed_models(run_dir: Path, config: Config) -> Iterator[str]:
    """What became of the model files since the run directory was written, in words."""
    now = config.potential.files()
    for name, then in read_manifest(run_dir).potential.sha256.items():
        path = now.get(name, run_dir / name)
        path = path if path.exists() else run_dir / name
        if not path.exists():
            yield f"the model file {name} is not there any more ({now.get(name, path)})"
        elif sha256(path) != then:
            yield f"the model file {name} has changed: {path} is not the file that the deck was rendered with"


def deck_was_edited(run_dir: Path, deck: str = DECK) -> bool:
    """Whether a deck, or a file that it includes or reads, is not what was rendered."""
    manifest = read_manifest(run_dir)
    if sha256(run_dir / deck) != manifest.deck_sha256:
        return True
    then = manifest.files
    names = {*read_deck(run_dir / deck).included, *then} - set(FILES)
    return any(not (run_dir / name).is_file() or sha256(run_dir / name) != then.get(name) for name in names)


def deck_files(run_dir: Path, deck: str) -> dict[str, str]:
    """sha256 of a deck, of the files that it includes, and of those beside a template that it reads; {} without it."""
    if not (run_dir / deck).is_file():
        return {}  # ASE integrates without it
    others = [name for name in read_manifest(run_dir).files if name not in FILES]
    names = dict.fromkeys((deck, *read_deck(run_dir / deck).included, *others))
    return {name: sha256(run_dir / name) for name in names if (run_dir / name).is_file()}


def must_be_as_rendered(run_dir: Path, config: Config) -> Iterator[str]:
    """What of the structure has changed; raises ModelError for a model that has: the manifest would lie about it."""
    if changed := list(changed_models(run_dir, config)):
        raise ModelError("\n".join([*changed, "Put it back, or render a new run directory with this one."]))
    then, data = read_manifest(run_dir).files.get(DATA), run_dir / DATA
    if then is not None and data.is_file() and sha256(data) != then:
        yield f"{DATA} is not the structure that was rendered"


def of_the_run(config: Config) -> RanWith:
    """Machine, threads and environment variables of a run that begins now."""
    run = config.run
    return RanWith(
        command_line=tuple(sys.argv),
        mpi_ranks=run.mpi_ranks,
        threads=run.threads,
        device=run.device,
        cpu=cpu(),
        cores=os.cpu_count(),
        environment=chosen(environment(run.device, run.threads)),
        packages=tuple(packages(config)),
    )


def chosen(variables: Mapping[str, str]) -> dict[str, str]:
    """Those variables that can change numbers or speed."""
    return {name: variables[name] for name in sorted(variables) if name.startswith(VARIABLES)}


def packages(config: Config) -> list[str]:
    """`name==version` of everything in the interpreter of the run, as pip takes it."""
    return sorted(f"{name}=={version}" for name, version in config.potential.interpreter().versions.items())


def cpu() -> str:
    """The processor's name: instruction sets decide how sums are ordered."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def about_lammps(lmp: Any) -> dict[str, Any]:
    """Of a LAMMPS in this process: version (yyyymmdd), packages, threads."""
    return {"version": lmp.version(), "packages": list(lmp.installed_packages), "mpi": bool(lmp.has_mpi_support)}


def leave_lammps(lmp: Any, folder: Path = Path()) -> None:
    """Write LAMMPS' own words for the parent of a worker."""
    (folder / LAMMPS).write_text(json.dumps(about_lammps(lmp)))


def steps_missing(log: Path, config: Config) -> Iterator[str]:
    """What a deck that LAMMPS ran to its end did not run.  Raises EngineError if that is everything."""
    done = loops(log)
    if not done:
        raise EngineError(f"the deck of {log.parent} came to its end without a run or minimize: nothing was computed")
    wanted = config.equilibrate_steps + config.production_steps if config.dynamics.ensemble != "minimise" else 0
    made = sum(steps for _, steps in done)
    if made < wanted:
        yield f"the deck ran {made} steps, resolved.yaml has {wanted}"


def of_lammps(folder: Path, config: Config) -> LammpsSection | None:
    """The LAMMPS of a run that has ended; asked anew where `lmp` itself ran, None where ASE did."""
    path = folder / LAMMPS
    if path.is_file():
        about = LammpsSection(**json.loads(path.read_text()))
        path.unlink()
        return about
    if config.run.mpi_ranks == 1:
        return None
    try:
        found = probe({}, False, config.potential.interpreter().python)
    except EngineError:
        return None
    return LammpsSection(version=found["version"], packages=tuple(found["packages"]))
