"""ASE's integrators for an ensemble, and the part of their state that the atoms do not carry.

NVE: velocity Verlet.  Langevin: `ase.md.langevin` (Vanden-Eijnden, Ciccotti, Chem. Phys. Lett. 429, 310 (2006)),
friction = 1/damping, so 0.0002 /fs is damping_fs: 5000.  Nosé-Hoover chain: `ase.md.nose_hoover_chain` (Martyna, Klein,
Tuckerman, J. Chem. Phys. 97, 2635 (1992)), for the 3 N degrees of freedom of the mobile atoms.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from ase import Atoms, units

from lmpdrive.config.stages import PlannedStage
from lmpdrive.errors import EngineError


def integrator(atoms: Atoms, stage: PlannedStage, seed: int, n_mobile: int) -> Any:
    """What moves the atoms one step at a time.  Raises EngineError where this ASE has no Nosé-Hoover chain."""
    timestep = stage.timestep_fs * units.fs
    thermostat, temperature = stage.thermostat, stage.end_K
    damping = thermostat.damping_fs * units.fs
    if stage.ensemble == "nve":
        from ase.md.verlet import VelocityVerlet

        return VelocityVerlet(atoms, timestep)
    if thermostat.style == "langevin":
        from ase.md.langevin import Langevin

        rng = np.random.Generator(np.random.PCG64(seed))
        return Langevin(atoms, timestep, temperature_K=temperature, friction=1 / damping, fixcm=False, rng=rng)
    try:
        from ase.md.nose_hoover_chain import NoseHooverChainNVT, NoseHooverChainThermostat
    except ImportError:
        raise EngineError(
            "this ASE has no Nosé-Hoover chain: pip install 'ase>=3.25', or use dynamics.thermostat.style: langevin"
        ) from None

    class Chain(NoseHooverChainNVT):
        """ASE's, with forces that are zero on frozen atoms: its own adds them to momenta that nothing uses."""

        def _get_forces(self) -> Any:
            self._update_atoms()
            return self.atoms.get_forces()

    made = Chain(atoms, timestep, temperature_K=temperature, tdamp=damping, tchain=thermostat.chain)
    # ASE's counts the degrees of freedom of frozen atoms too, and the mobile ones would be too hot
    made._thermostat = NoseHooverChainThermostat(n_mobile, made.masses, temperature, damping, tchain=thermostat.chain)
    return made


def conserved_eV(moving: Any, total_eV: float) -> float | None:
    """The conserved quantity; None for Langevin, where ASE does not count the heat."""
    if hasattr(moving, "get_conserved_energy"):
        return float(moving.get_conserved_energy())
    return None if hasattr(moving, "fr") else total_eV


def state_of(moving: Any) -> dict[str, Any]:
    """Thermostat variables and random numbers, to resume from."""
    if hasattr(moving, "_thermostat"):
        return {"eta": moving._thermostat._eta, "p_eta": moving._thermostat._p_eta}
    if hasattr(moving, "fr"):
        return {"rng": np.array(json.dumps(moving.rng.bit_generator.state))}
    return {}


def restore(moving: Any, state: Any) -> None:
    """Set what `state_of` returned."""
    if hasattr(moving, "_thermostat") and "eta" in state:
        moving._thermostat._eta[:], moving._thermostat._p_eta[:] = state["eta"], state["p_eta"]
    if hasattr(moving, "fr") and "rng" in state:
        moving.rng.bit_generator.state = json.loads(str(state["rng"]))
