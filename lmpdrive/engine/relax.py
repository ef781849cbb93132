"""Turn packed water into a liquid with the classical potential, before an MLIP sees it.

A packed start is full of geometries that no training set holds: an MLIP answers them with chemistry of
its own.  The classical baseline has intact molecules, costs a thousand steps a second, and is part of
every installation.  The slab, molecular ions and other solvents stay where they are.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmpdrive.architectures.classical import Classical
from lmpdrive.architectures.classical.force_field import IONS
from lmpdrive.architectures.classical.packed_start import PackedIons, PackedStart
from lmpdrive.common.run_files import DATA
from lmpdrive.config import Config, Dynamics, Thermostat
from lmpdrive.deck.render import render
from lmpdrive.engine.run import run
from lmpdrive.errors import EngineError, StructureError

if TYPE_CHECKING:
    import numpy as np

    from lmpdrive.system import BuiltSystem

LANGEVIN_DAMPING_FS = 100.0


def wants_relaxation(config: Config) -> bool:
    """Whether molecules were just packed, for a potential that is not classical itself, and `relax_ps` is not 0."""
    build = config.system.build
    return build is not None and build.relax_ps > 0 and not isinstance(config.potential, Classical)


def stays_packed(config: Config) -> list[str]:
    """Molecules that the classical run knows no parameters for: labels, in the order of the YAML file."""
    build = config.system.build
    if build is None:
        return []
    electrolyte = build.liquid or build
    ions = [name for name, count in electrolyte.ions.items() if count and name not in IONS]
    return [s.label for s in electrolyte.solvent if s.name != "water"] + [Path(name).stem for name in ions]


def relax(system: BuiltSystem, config: Config) -> BuiltSystem:
    """`system` with the water and simple ions moved by minimisation and Langevin dynamics; all else stays.

    Deterministic: the seed is the build's.  Raises StructureError when even the classical run fails.
    """
    from lmpdrive.system import write_data

    build = config.system.build
    assert build is not None
    ions = {ion.name: PackedIons(tuple(ion.atoms.tolist()), ion.charge_e) for ion in system.placed_ions}
    potential = PackedStart(architecture="classical", ions=ions)
    classical = config.model_copy(
        update={
            "potential": potential,
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
    mobile = potential.mobile(system)
    frozen = replace(
        system, groups=_with_frozen_rest(system, mobile), vacuum_along_z=system.vacuum_along_z and not _skewed(system)
    )
    with tempfile.TemporaryDirectory(prefix="lmpdrive-relax-") as folder:
        work = Path(folder)
        render(classical, frozen).write(work)
        write_data(frozen, work / DATA, "full", potential.charges_e(frozen))
        try:
            state = run(work, classical, quiet=True)
        except EngineError as error:
            raise StructureError(
                f"the classical relaxation of the packed water failed:\n{error}\n"
                "Pack fewer waters, or set system.build.relax_ps: 0 and minimise with your potential."
            ) from None
        if state == "interrupted":
            raise KeyboardInterrupt
        return _moved(system, mobile, work / "final.data")


def _with_frozen_rest(system: BuiltSystem, mobile: np.ndarray) -> dict:
    import numpy as np

    return {**system.groups, "fixed": np.setdiff1d(np.arange(len(system.species)), mobile), "mobile": mobile}


def _skewed(system: BuiltSystem) -> bool:
    # LAMMPS has no slab correction for skewed cells: the vacuum alone must do for the few ps
    return bool(system.atoms.cell[1, 0])


def _moved(system: BuiltSystem, mobile: np.ndarray, final: Path) -> BuiltSystem:
    from ase.io import read

    moved: Any = read(final, format="lammps-data", sort_by_id=True)
    atoms = system.atoms.copy()
    atoms.positions[mobile] = moved.positions[mobile]
    atoms.wrap(eps=0)
    return replace(system, atoms=atoms)
