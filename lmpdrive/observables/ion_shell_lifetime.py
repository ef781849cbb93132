"""How long a water stays in the first shell of an ion.

    C(τ) = <h(t) h(t + τ)> / <h(t)>               endpoint: in the shell at t and at t + τ
    S(τ) = <h(t) h(t + 1) ... h(t + τ)> / <h(t)>   continuous: at every sampled frame between as well

h is 1 while the O of a given molecule is within r_s of a given ion.  An absence of at most `tolerance_ps`, between two
presences, is overlooked (Impey, Madden, McDonald, J. Phys. Chem. 87, 5071 (1983), who took 2 ps): without it S
measures recrossings of the boundary.

r_s has to be known before the frames are read: default is about where the first minimum of g(r) lies in liquid water;
compare with the one that `rdf` finds.  Units: ps (frames where the timestep is unknown), Å.  Residence times: the
integrals of C and S to the longest lag (lower bounds where they have not decayed), and an exponential fitted to ln C.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, PositiveFloat

from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.correlation import Correlation, CorrelationOptions, autocorrelation, ratio
from lmpdrive.observables.decay import integral_time
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.kernels import load
from lmpdrive.observables.pair_sums import pair_cells
from lmpdrive.observables.resampling import Estimate, Groups
from lmpdrive.observables.sparse import presence
from lmpdrive.observables.survival import at_origins, continuous, without_gaps
from lmpdrive.observables.tables import Scalar
from lmpdrive.observables.windows import Arrays
from lmpdrive.trajectory.frames import Chunk

USUAL_SHELL_A = {
    "Li": 2.7, "Na": 3.2, "K": 3.6, "Rb": 3.8, "Cs": 4.0, "Mg": 2.9, "Ca": 3.3,
    "F": 3.3, "Cl": 3.9, "Br": 4.1, "I": 4.4,
}  # fmt: skip
"""About the first minimum of g(ion-O) in liquid water (Koneshan et al., J. Phys. Chem. B 102, 4193 (1998), and later
simulations: models differ by 0.1 to 0.2 Å)."""

NEIGHBOURS = 16
"""Room for so many O per ion and frame at first; more are found with more room."""


class IonShellLifetime(Correlation):
    """C and S of the water in the first shell of all ions of one element."""

    class Options(CorrelationOptions):
        """All pairs up to 10 ps, of frames 0.05 ps apart; shells by element."""

        window_ps: PositiveFloat = 10.0
        sample_ps: NonNegativeFloat = 0.05
        shell_A: dict[str, PositiveFloat] = {}
        """Element -> r_s."""
        tolerance_ps: NonNegativeFloat = 0.0
        """An absence of at most this long does not count as one."""

    group = "ions"
    equation = "C(τ) = ⟨h(t) h(t + τ)⟩/⟨h⟩, S(τ) = ⟨h(t) ... h(t + τ)⟩/⟨h⟩, h: this O is within r_s of this ion"
    columns = ("C [1]", "S [1]")
    error_columns = ("σ [1]", "σ_S [1]")
    n_rows = 3

    def __init__(
        self, settings: Settings, element: str, radius: float, ions: NDArray[np.int64], oxygens: NDArray[np.int64]
    ) -> None:
        super().__init__(settings)
        self.element, self.radius = element, radius
        self.name = f"ion_shell_lifetime_{element}"
        self.title = f"Time of water in the first shell of {element}"
        self._ions, self._oxygens = self.thin(ions), oxygens
        self.groups = Groups(np.arange(len(oxygens)))
        self.tolerance = int(self.options.tolerance_ps / self.step_ps + 1e-6)
        self.reach = np.inf

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """One for each ion whose shell is known or given; needs water."""
        if not interface.may_have_water:
            return []
        radii = USUAL_SHELL_A | cls.read_options(settings).shell_A
        return [
            cls(settings, element, radii[element], ions, interface.oxygens)
            for element, ions in interface.ions.items()
            if element in radii
        ]

    def sample(self, chunk: Chunk, interface: InterfaceFrames, picks: NDArray[np.int64]) -> Arrays:
        """(samples,) of arrays: a number for each molecule in a shell, made of the ion and the O."""
        cells, reach = pair_cells(np.ascontiguousarray(chunk.cells))
        self.reach = min(self.reach, reach)
        room = max(1, len(picks) * len(self._ions) * NEIGHBOURS)
        while True:
            found, n = load("pairs").near_pairs(
                chunk.coordinates.columns, cells, picks, self._ions, self._oxygens, self.radius, room
            )
            if n <= room:
                break
            room = n
        numbers = found[:, 1] * len(self._oxygens) + found[:, 2]
        starts = np.searchsorted(found[:, 0], np.arange(len(picks) + 1))
        out = np.empty(len(picks), dtype=object)
        for sample in range(len(picks)):
            out[sample] = numbers[starts[sample] : starts[sample + 1]].copy()
        return (out,)

    def merge(self, other: Self) -> None:
        """Add the frames that `other` saw."""
        super().merge(other)
        self.reach = min(self.reach, other.reach)

    def correlate(self, samples: Arrays, n_origins: int) -> Array:
        """Molecules there at t + τ, there all the time, and there at the origins."""
        inside, keys = presence(samples[0])
        if self.tolerance:
            inside = without_gaps(inside, self.tolerance)
        members = self.groups.members(keys % len(self._oxygens))
        return np.stack(
            [
                np.rint(autocorrelation(inside, n_origins, self.n_lags, members)),
                continuous(inside, n_origins, self.n_lags, members),
                at_origins(inside, n_origins, self.n_lags, members),
            ],
            axis=1,
        )

    def curves(self, sums: Array) -> Array:
        """C and S."""
        return np.stack([ratio(sums[0], sums[2]), ratio(sums[1], sums[2])])

    def notes(self) -> tuple[str, ...]:
        """The shell and the tolerance."""
        given = "given" if self.element in self.options.shell_A else "usual first minimum of g(r), compare with rdf"
        note = f"Shell of {self.element}: r_s = {self.radius:g} Å ({given})."
        if self.tolerance:
            note += f" Absences of up to {self.options.tolerance_ps:g} ps are overlooked."
        return (note, "S depends on the time between samples.")

    def alarms(self) -> tuple[str, ...]:
        """A shell that the cell cannot hold."""
        if self.radius <= self.reach:
            return ()
        return (f"r_s = {self.radius:g} Å is more than half the narrowest width of the cell ({self.reach:.2f} Å).",)

    def scalars(self, estimate: Estimate) -> dict[str, Scalar]:
        """Residence times."""
        lags = estimate.lags
        start, stop = self.fit_range()
        upto = f"to {lags[-1]:.4g} {self.unit} or zero: lower bound; r < {self.radius:g} Å"

        def integral(i: int, name: str) -> Scalar:
            return estimate.scalar(lambda c: integral_time(lags, c), i, self.unit, f"∫ {name} dτ {upto}")

        return {
            f"time of water in the shell of {self.element} (continuous, integral)": integral(1, "S"),
            f"time of water in the shell of {self.element} (endpoint, integral)": integral(0, "C"),
            f"time of water in the shell of {self.element} (endpoint, exponential)": estimate.exponential(
                0,
                start,
                stop,
                self.unit,
                f"fit of ln C from {start:.4g} to {stop:.4g} {self.unit}; r < {self.radius:g} Å",
            ),
        }
