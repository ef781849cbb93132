"""Turn packed molecules into a liquid with the classical potential, before an MLIP sees them.

A packed start is full of geometries that no training set holds: an MLIP answers them with chemistry of
its own.  The classical baseline has intact molecules, costs a thousand steps a second, and is part of
every installation.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmpdrive.architectures.classical import Classical
from lmpdrive.common.run_files import DATA
from lmpdrive.config import Config, Dynamics, Thermostat
from lmpdrive.deck.render import render
from lmpdrive.engine.run import run
from lmpdrive.errors import EngineError, StructureError

if TYPE_CHECKING:
    from lmpdrive.system import BuiltSystem

LANGEVIN_DAMPING_FS = 100.0


def is_packed(config: Config, system: BuiltSystem) -> bool:
    """Whether the water was just packed, for a potential that is not classical itself."""
    return (
        config.system.build is not None
        and len(system.water_molecules) > 0
        and not isinstance(config.potential, Classical)
    )


def wants_relaxation(config: Config, system: BuiltSystem) -> bool:
    """Packed water that the classical potential has parameters for, unless `relax_ps: 0`."""
    build = config.system.build
    unknown = any(p.level == "error" for p in Classical(architecture="classical").problems(system))
    return build is not None and build.relax_ps > 0 and is_packed(config, system) and not unknown


def relax(system: BuiltSystem, config: Config) -> BuiltSystem:
    """`system` with the water and ions moved by minimisation and Langevin dynamics; the metal stays.

    Deterministic: the seed is the build's.  Raises StructureError when even the classical run fails.
    """
    from lmpdrive.system import write_data

    build = config.system.build
    assert build is not None
    classical = config.model_copy(
        update={
            "potential": Classical(architecture="classical"),
            "templates": None,
            "dynamics": Dynamics(
                temperature_K=config.dynamics.temperature_K,
                timestep_fs=0.5,
                thermostat=Thermostat(style="langevin", damping_fs=LANGEVIN_DAMPING_FS),
                equilibrate_ps=build.relax_ps,
                production_ps=0,
                seed=build.seed,
            ),
            "run": config.run.model_copy(update={"threads": 1, "mpi_ranks": 1, "device": "cpu"}),
        }
    )
    frozen = replace(system, groups=_with_frozen_metal(system))
    with tempfile.TemporaryDirectory(prefix="lmpdrive-relax-") as folder:
        work = Path(folder)
        render(classical, frozen).write(work)
        write_data(frozen, work / DATA, "full", classical.potential.charges_e(frozen))
        try:
            state = run(work, classical, quiet=True)
        except EngineError as error:
            raise StructureError(
                f"the classical relaxation of the packed water failed:\n{error}\n"
                "Pack fewer waters, or set system.build.relax_ps: 0 and minimise with your potential."
            ) from None
        if state == "interrupted":
            raise KeyboardInterrupt
        return _moved(system, work / "final.data")


def _with_frozen_metal(system: BuiltSystem) -> dict:
    import numpy as np

    metal = system.groups["metal"]
    mobile = np.setdiff1d(np.arange(len(system.species)), metal)
    return {**system.groups, "fixed": metal, "mobile": mobile}


def _moved(system: BuiltSystem, final: Path) -> BuiltSystem:
    from ase.io import read

    moved: Any = read(final, format="lammps-data", sort_by_id=True)
    atoms = system.atoms.copy()
    others = [i for i in range(len(atoms)) if i not in set(system.groups["metal"].tolist())]
    atoms.positions[others] = moved.positions[others]
    atoms.wrap(eps=0)
    return replace(system, atoms=atoms)
