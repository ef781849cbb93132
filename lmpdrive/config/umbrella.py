"""`dynamics.bias.umbrella`: a spring on the height of an ion, one window or a set of them.  Å, eV, K, fs.

In window i the height z has the bias E = k/2 (z - z_i)².  Where F(z) is flat, z is spread by σ = √(kT/k) around z_i.
"""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import Field, NonNegativeFloat, PositiveFloat, model_validator

from lmpdrive.common.units import K_B_EV_PER_K
from lmpdrive.config.base import Section

ONE_WINDOW_EV_PER_A2 = 0.5
"""Stiffness of a single window, about which neighbours nothing is known."""
SIGMAS_APART = 2.0
"""Neighbours of a set by default: they still overlap over a barrier whose curvature is -k/2."""
MOST_SIGMAS_APART = 4.0
"""Two Gaussians further apart have an overlap below 0.03 in MBAR's matrix, which does not determine their offset."""


class Umbrella(Section):
    """E = k/2 (z - z₀)² on the height z of one ion above the outermost layer of the slab."""

    ion: str
    """Which: Na for the group ion_Na, which must be one atom."""
    at_A: NonNegativeFloat | None = None
    """The height z₀ above the layer: one window."""
    z_A: tuple[NonNegativeFloat, NonNegativeFloat] | None = None
    """Instead: the heights of the lowest and the highest window of a set."""
    windows: Annotated[int, Field(ge=2, le=1000)] | None = None
    """Number of windows of the set, evenly spaced; each is a run of its own."""
    k_eV_per_A2: PositiveFloat | None = None
    """Stiffness k; default 0.5, and for a set 4 kT/(spacing)²."""
    every_fs: PositiveFloat = 10
    """Interval at which z is written to `bias.colvars.traj`."""
    place: bool = False
    """Move the ion of a structure from a file to z₀ before the run (`system.build` has `ion_heights_A`)."""

    @model_validator(mode="before")
    @classmethod
    def _one_window_has_a_spring(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("at_A") is not None and data.get("k_eV_per_A2") is None:
            return data | {"k_eV_per_A2": ONE_WINDOW_EV_PER_A2}
        return data

    @model_validator(mode="after")
    def _one_window_or_a_set(self) -> Umbrella:
        given = {key for key in ("at_A", "z_A", "windows") if getattr(self, key) is not None}
        if given not in ({"at_A"}, {"z_A", "windows"}):
            found = " and ".join(sorted(given)) or "none of them"
            raise ValueError(
                f"give at_A: 4 for one window, or z_A: [2, 10] and windows: 17 for a set of them, not {found}"
            )
        if self.z_A is not None and not self.z_A[0] < self.z_A[1]:
            raise ValueError(f"z_A: [{self.z_A[0]:g}, {self.z_A[1]:g}] must rise from the lowest to the highest window")
        return self

    @property
    def is_set(self) -> bool:
        """Whether this stands for several runs."""
        return self.windows is not None

    @property
    def heights_A(self) -> list[float]:
        """z₀ of each window, rising."""
        if self.windows is None or self.z_A is None:
            assert self.at_A is not None
            return [self.at_A]
        return [round(self.z_A[0] + i * self.spacing_A, 6) for i in range(self.windows)]

    @property
    def spacing_A(self) -> float:
        """Between neighbours of a set."""
        assert self.windows is not None and self.z_A is not None
        return (self.z_A[1] - self.z_A[0]) / (self.windows - 1)

    def stiffness_eV_per_A2(self, temperature_K: float) -> float:
        """k as given, or such that neighbours are two σ apart: k = 4 kT/d²."""
        if self.k_eV_per_A2 is not None:
            return self.k_eV_per_A2
        found = SIGMAS_APART**2 * K_B_EV_PER_K * temperature_K / self.spacing_A**2
        return float(f"{found:.4g}")

    def check_overlap(self, temperature_K: float) -> None:
        """Raise ValueError for a set whose windows cannot overlap, since F(z) could not be joined."""
        if not self.is_set:
            return
        sigma = math.sqrt(K_B_EV_PER_K * temperature_K / self.stiffness_eV_per_A2(temperature_K))
        if self.spacing_A <= MOST_SIGMAS_APART * sigma * (1 + 1e-9):
            return
        assert self.z_A is not None
        enough = math.ceil((self.z_A[1] - self.z_A[0]) / (SIGMAS_APART * sigma)) + 1
        softest = SIGMAS_APART**2 * K_B_EV_PER_K * temperature_K / self.spacing_A**2
        raise ValueError(
            f"bias.umbrella: windows {self.spacing_A:.3g} Å apart cannot overlap: at {temperature_K:g} K a spring of "
            f"{self.k_eV_per_A2:g} eV/Å^2 holds the ion within {sigma:.2g} Å (σ). Take {enough} windows, or "
            f"k_eV_per_A2: {softest:.2g} (two σ apart)"
        )
