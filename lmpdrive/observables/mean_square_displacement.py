"""Mean square displacement and diffusion coefficient, in the plane of the surface and along its normal.

    MSD_xy(τ) = <|r_xy(t + τ) - r_xy(t)|^2>,   D_xy = (1/4) d MSD_xy/dτ     (Einstein; two dimensions)
    MSD_z(τ)  = <(z(t + τ) - z(t))^2>

for the O of the electrolyte (water and whatever it breaks into: a proton that hops moves no O) and for each ion
element; of at most eight ions each one has its own column.  D is the slope of a line through the lags `fit_ps`
(default from a fifth of the longest lag on).  Positions
are those that the file has unwrapped (xu yu zu, or image flags), else they are unwrapped by the minimum image between
sampled frames.  The in-plane displacement of the electrolyte's centre of
mass (O weighted as H2O, and ions) is subtracted, because the friction on the slab lets the whole film drift;
`remove_drift: false` keeps it.

Units: Å^2, ps, 1e-5 cm^2/s.  Source: Frenkel, Smit, Understanding Molecular Simulation, 4.4; pairs by FFT after
Calandrini, Pellegrini, Calligari, Hinsen, Kneller, Collection SFN 12, 201 (2011).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, PositiveFloat

from lmpdrive.common.units import CM2_PER_S_PER_A2_PER_PS, WATER_MOLAR_MASS_G_PER_MOL
from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.correlation import Correlation, CorrelationOptions, autocorrelation, ratio
from lmpdrive.observables.decay import line_slope
from lmpdrive.observables.geometry import minimum_image, normals
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.masses import masses_of
from lmpdrive.observables.resampling import Estimate, Groups
from lmpdrive.observables.tables import Scalar
from lmpdrive.observables.windows import Arrays
from lmpdrive.trajectory.frames import Chunk

FEW = 8
"""Up to so many ions each have a column."""

THERMOSTAT_NOTE = (
    "A thermostat changes diffusion: Langevin friction slows it, Nosé-Hoover little. Periodic images lower it too "
    "(Yeh, Hummer, J. Phys. Chem. B 108, 15873 (2004)); neither is corrected."
)

IN_FILE_NOTE = "Displacements are from the unwrapped positions (or image flags) of the file."


class MeanSquareDisplacement(Correlation):
    """MSD of one element of the electrolyte."""

    class Options(CorrelationOptions):
        """All pairs up to 10 ps, of frames 0.1 ps apart."""

        window_ps: PositiveFloat = 10.0
        """Longest lag, and length of the windows."""
        sample_ps: NonNegativeFloat = 0.1
        """Time between the frames that are used; 0 uses every frame."""
        remove_drift: bool = True
        """Subtract the in-plane motion of the electrolyte's centre of mass."""

    equation = "MSD_xy(τ) = ⟨|r_xy(t + τ) - r_xy(t)|²⟩, D_xy = slope/4"

    def __init__(self, settings: Settings, element: str, atoms: NDArray[np.int64], interface: Interface) -> None:
        super().__init__(settings)
        self.element, self.atoms = element, self.thin(atoms)
        self.groups = Groups(self.atoms)
        self.each = len(atoms) if element != "O" and 1 < len(atoms) <= FEW else 0
        self.name = f"mean_square_displacement_{element}"
        self.title = f"Mean square displacement of {element}"
        ions = [f"MSD_xy_{element}{i + 1} [Å^2]" for i in range(self.each)]
        self.columns = ("MSD_xy [Å^2]", "MSD_z [Å^2]", *ions)
        self.error_columns = tuple("σ [Å^2]" if not i else f"σ_{c}" for i, c in enumerate(self.columns))
        self.n_rows = 3 + self.each
        self.kept, self.weights = self._centre_of_mass(interface)
        self.mine = np.searchsorted(self.kept, self.atoms)
        self.fastest = 0.0
        """Longest displacement between samples, as a part of the half cell."""
        self.unwrapped_in_file = True
        """Whether all samples so far were."""

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """O of water, and each kind of ion and molecule."""
        return [cls(settings, name, atoms, interface) for name, atoms in _moving(interface).items() if len(atoms)]

    def sample(self, chunk: Chunk, interface: InterfaceFrames, picks: NDArray[np.int64]) -> Arrays:
        """(samples, atoms, 3) positions of these and of what the drift needs; cells; whether they are unwrapped."""
        picked = chunk[slice(int(picks[0]), None, self.stride)] if len(picks) else chunk[:0]
        if picked.deferred_unwrapped is not None:
            positions = picked.deferred_unwrapped.of_atoms(self.kept).positions()
        else:
            positions = np.stack([picked.coordinates.along(axis)[:, self.kept] for axis in range(3)], axis=2)
        self.unwrapped_in_file &= picked.has_unwrapped
        return positions, chunk.cells[picks], np.full(len(picks), picked.has_unwrapped)

    def correlate(self, samples: Arrays, n_origins: int) -> Array:
        """Sums of the squared displacements in the plane, along the normal, of each ion; number of pairs."""
        positions, cells, unwrapped = samples
        positions = positions.astype(float)
        paths = positions - positions[:1] if unwrapped.all() else self._unwrapped(positions, cells)
        normal = normals(cells[:1])[0]
        centre = np.einsum("fni,n->fi", paths, self.weights)
        centre -= np.outer(centre @ normal, normal)
        paths = paths[:, self.mine] - centre[:, None]
        z = paths @ normal
        plane = paths - z[:, :, None] * normal
        members = self.groups.members(self.atoms)
        rows = [self._squares(plane, n_origins, members), self._squares(z[:, :, None], n_origins, members)]
        for i in range(self.each):
            rows.append(self._squares(plane[:, i : i + 1], n_origins, members[:, i : i + 1]))
        pairs = members.sum(axis=1)[:, None] * np.clip(len(paths) - np.arange(self.n_lags), 0, n_origins)
        return np.stack([*rows, pairs], axis=1)

    def _centre_of_mass(self, interface: Interface) -> tuple[NDArray[np.int64], Array]:
        """Atoms to keep (ascending), and their weights in the electrolyte's centre of mass (sum 1, or all 0)."""
        if not self.options.remove_drift:
            return self.atoms, np.zeros(len(self.atoms))
        weights = np.zeros(interface.topology.n_atoms)
        for name, atoms in _moving(interface).items():
            if len(used := self.thin(atoms)):
                mass = WATER_MOLAR_MASS_G_PER_MOL if name == "O" else _mass_u(interface, name, int(atoms[0]))
                weights[used] = mass * len(atoms) / len(used)
        kept = np.union1d(self.atoms, np.flatnonzero(weights))
        return kept, weights[kept] / weights.sum()

    def _unwrapped(self, positions: Array, cells: Array) -> Array:
        """(n, atoms, 3) paths that start at zero."""
        if len(positions) == 1:
            return np.zeros_like(positions)
        inverses: Array = np.linalg.inv(cells[1:]).astype(float)
        steps = minimum_image(np.diff(positions, axis=0), cells[1:], inverses)
        half = 0.5 / np.linalg.norm(inverses, axis=1).max()  # of the smallest height
        self.fastest = max(self.fastest, float(np.sqrt((steps**2).sum(axis=2).max())) / half)
        return np.concatenate([np.zeros_like(positions[:1]), np.cumsum(steps, axis=0)])

    def _squares(self, paths: Array, n_origins: int, members: Array) -> Array:
        """Σ |r(t + τ) - r(t)|^2 over atoms and pairs: Σ r^2(t) + Σ r^2(t + τ) - 2 Σ r(t)·r(t + τ), in each group."""
        n = len(paths)
        each = (paths**2).sum(axis=2) @ members.T
        squared = np.concatenate([np.zeros((1, len(members))), np.cumsum(each, axis=0)])
        lags = np.arange(self.n_lags)
        last = np.clip(n - lags, 0, n_origins)
        begins, ends = squared[last].T, (squared[np.minimum(lags + last, n)] - squared[np.minimum(lags, n)]).T
        cross = autocorrelation(
            paths.reshape(n, -1), n_origins, self.n_lags, np.repeat(members, paths.shape[2], axis=1)
        )
        out = np.where(last > 0, begins + ends - 2.0 * cross, 0.0)
        out[:, 0] = 0.0
        return np.maximum(out, 0.0)

    def curves(self, sums: Array) -> Array:
        """MSD in the plane, along the normal, of each ion."""
        each = sums[-1] / max(1, len(self.atoms))
        return np.stack([ratio(row, sums[-1]) for row in sums[:2]] + [ratio(row, each) for row in sums[2:-1]])

    def merge(self, other: Self) -> None:
        """Add the frames that `other` saw."""
        super().merge(other)
        self.fastest = max(self.fastest, other.fastest)
        self.unwrapped_in_file &= other.unwrapped_in_file

    def notes(self) -> tuple[str, ...]:
        """Drift, thermostat, and where unwrapped positions are from."""
        drift = "subtracted" if self.options.remove_drift else "not subtracted"
        notes = (f"In-plane drift of the electrolyte's centre of mass: {drift}.", THERMOSTAT_NOTE)
        return (*notes, IN_FILE_NOTE) if self.unwrapped_in_file else notes

    def alarms(self) -> tuple[str, ...]:
        """Frames too far apart to unwrap."""
        if self.fastest <= 0.5:
            return ()
        return (
            f"Between sampled frames an atom moves by {self.fastest:.0%} of half the cell: unwrapping by the minimum "
            "image may be wrong; lower sample_ps or write frames more often.",
        )

    def scalars(self, estimate: Estimate) -> dict[str, Scalar]:
        """D in the plane."""
        start, stop = self.fit_range()
        unit, factor = ("1e-5 cm^2/s", 1e5 * CM2_PER_S_PER_A2_PER_PS) if self.unit == "ps" else ("Å^2/frame", 1.0)
        names = [self.element] + [f"{self.element}{i + 1}" for i in range(self.each)]
        return {
            f"in-plane diffusion coefficient of {name}": replace(
                estimate.scalar(
                    lambda c: 0.25 * factor * line_slope(estimate.lags, c, start, stop),
                    i,
                    unit,
                    f"slope of MSD_xy from {start:.4g} to {stop:.4g} {self.unit}, over 4",
                ),
                headline=i == 0,
            )
            for name, i in zip(names, [0, *range(2, 2 + self.each)], strict=True)
        }


def _moving(interface: Interface) -> dict[str, NDArray[np.int64]]:
    """What moves: O of water (without water, every O that is not slab), ions and molecules."""
    return {"O": interface.pair_oxygens, **interface.ions, **interface.others}


def _mass_u(interface: Interface, name: str, atom: int) -> float:
    """Mass [u] of one ion or molecule of this name; of an atom of a bulk phase its own."""
    species = interface.what.ions.get(name) or interface.what.others.get(name)
    members = np.array([atom]) if species is None else species.members[0]
    return float(masses_of(interface.topology)[members].sum())
