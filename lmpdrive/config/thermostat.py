"""Temperature control, of the whole run or of one stage.  fs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat

from lmpdrive.config.base import Section


class Thermostat(Section):
    """Temperature control of the mobile atoms."""

    style: Literal["nose-hoover", "langevin"] = "nose-hoover"
    """Nosé-Hoover chain (`fix nvt`, `fix npt`) or Langevin (`fix langevin` + `fix nve`)."""
    damping_fs: PositiveFloat = 50
    """Relaxation time; de Kam, Zhu et al. 2026, the founding study: 50 fs for Nosé-Hoover, 5000 for Langevin."""
    chain: Annotated[int, Field(gt=0, le=100)] = 3
    """Nosé-Hoover chain length."""

    def check_damping(self, timestep_fs: float) -> None:
        """Raises ValueError for a relaxation time that this timestep does not allow."""
        limits = {"nose-hoover": (10, 10_000), "langevin": (10, 200_000)}
        low, high = (steps * timestep_fs for steps in limits[self.style])
        if not low <= self.damping_fs <= high:
            raise ValueError(
                f"thermostat.damping_fs: {self.damping_fs:g} fs is {self.damping_fs / timestep_fs:g} timesteps; "
                f"{self.style} wants {low:g} to {high:g} fs here (100 timesteps = {100 * timestep_fs:g} fs is "
                "usual). The unit is fs, not ps."
            )
