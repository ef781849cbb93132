"""Make the system and write a run directory, complete or not at all."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lmpdrive import checks
from lmpdrive.common.disk import told_if_full
from lmpdrive.common.manifest import write_manifest
from lmpdrive.common.patience import announced_if_long, going_on
from lmpdrive.common.run_files import CONFIG, CONFIG_GIVEN, DATA
from lmpdrive.common.say import Say
from lmpdrive.common.trust import accept, require, untrusted
from lmpdrive.config import Config, dump_yaml
from lmpdrive.deck.render import render as render_deck
from lmpdrive.engine.coupling_choice import choose_coupling
from lmpdrive.engine.directory import provenance
from lmpdrive.engine.directory.new import new_directory
from lmpdrive.engine.directory.write import link_model_files, new_manifest
from lmpdrive.engine.relax import relax, stays_packed, wants_relaxation
from lmpdrive.errors import ModelError
from lmpdrive.system import make_system, write_data

if TYPE_CHECKING:
    from lmpdrive.system import BuiltSystem


def _relaxed(system: BuiltSystem, config: Config, say: Say) -> BuiltSystem:
    """After the classical run, where there is water that it can move; what it could not move is noted in the report."""
    held = ", ".join(stays_packed(config))
    if len(system.water_molecules):
        with going_on(say, "classical run (system.build.relax_ps) before the potential sees the water"):
            system = relax(system, config)
        note = f"the classical run moved water and simple ions only; as they were packed: {held}"
    else:
        note = f"the classical run (system.build.relax_ps) has parameters for water only; as they were packed: {held}"
    if not held:
        return system
    note += ". Keep dynamics.minimise, and equilibrate."
    say(f"note: {note}")
    return replace(system, report=replace(system.report, notes=(*system.report.notes, note)))


def write_run_directory(
    config: Config, file: Path, out: Path, say: Say, *, to_run: bool, trust: bool = False
) -> Config:
    """Fill a run directory; returns the configuration with what was decided on the way."""
    require(config.potential.programs(), trust)
    # the folder first, so that a name that is taken shows before packmol has run
    with told_if_full(out, "the same command again"), new_directory(out) as folder:
        with announced_if_long(say, "building the system"):
            system = make_system(config)
        for line in system.report.lines():
            say(line)
        with announced_if_long(say, "checking the model, LAMMPS and this machine"):
            config, found = choose_coupling(config, here=to_run)
            found += checks.problems(config, system, here=to_run)
        for problem in found:
            if problem.level != "error":
                say(f"{problem.level}: {problem.message}")
        errors = [p.message for p in found if p.level == "error"]
        if errors:
            raise ModelError("\n".join(errors))
        if wants_relaxation(config):
            system = _relaxed(system, config, say)
        rendered = render_deck(config, system)
        rendered.write(folder)
        write_data(system, folder / DATA, config.potential.atom_style, config.potential.charges_e(system))
        shutil.copy(file, folder / CONFIG_GIVEN)
        (folder / CONFIG).write_text(dump_yaml(config))
        hashes = link_model_files(folder, config)
        config.potential.write_files(folder)
        manifest = new_manifest(config, system, hashes, rendered.deck)
        inputs = provenance.of_the_inputs(folder, config, rendered.auxiliary)
        write_manifest(folder, manifest.model_copy(update=inputs))
    # made from files that may be loaded, so these may too
    accept(untrusted(out / name for name in config.potential.made if (out / name).exists()))
    return config
