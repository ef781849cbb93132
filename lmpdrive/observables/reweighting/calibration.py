"""How much larger than the spread of a committee its errors are: α, from labelled frames.

With M members, Ē their mean and s² their variance (ddof = 1) in each of N labelled frames:

    α² = -1/M + (M - 3)/(M - 1) · (1/N) Σ (E_ref - Ē)² / s²

If members scatter about the truth like E_ref itself, up to the factor α, then E_ref - Ē has the variance
(α² + 1/M) σ², and ⟨1/s²⟩ = (M - 1)/((M - 3) σ²): the estimate is unbiased for every M > 3.  Imbalzano et al., J. Chem.
Phys. 154, 074102 (2021).

Energies of frames with one composition are taken relative to their mean, both of the reference and of each member: an
offset of a composition (the zero of the atomic energies) moves no atom and cancels when frames are reweighted, so it
must not count as an error here.  Means of K frames take 1/K of either variance with them, and the ratio stays.  A
composition with a single frame says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FEWEST_MEMBERS = 4
"""For three the estimate is -1/3 whatever the data."""
FEWEST_FRAMES = 10
"""Below, α is hardly known."""
RESAMPLES = 500
SEED = 1


@dataclass(frozen=True)
class Calibration:
    """α, and where it is from.

    error : standard deviation over resamples of the labelled frames; NaN where α was not estimated.
    note : in words, for wherever the number is read.
    n_frames : labelled frames that it rests on.
    """

    alpha: float = 1.0
    error: float = float("nan")
    note: str = "α = 1, not calibrated: no labelled frames were given (--validation)"
    n_frames: int = 0

    @property
    def calibrated(self) -> bool:
        """Whether it was estimated."""
        return self.n_frames > 0


def alpha_squared(reference: Array, members: Array) -> float:
    """α² from (N,) reference and (N, M) members' energies [eV]; it may be negative.

    Raises ValueError for fewer than four members.
    """
    m = members.shape[1]
    if m < FEWEST_MEMBERS:
        raise ValueError(f"α needs at least {FEWEST_MEMBERS} members, there are {m}")
    return -1.0 / m + (m - 3) / (m - 1) * float(np.mean(_ratios(reference, members)))


def _ratios(reference: Array, members: Array) -> Array:
    """(N,) squared error of the mean over the members' variance."""
    return np.asarray((reference - members.mean(axis=1)) ** 2 / members.var(axis=1, ddof=1))


def relative(energies: Array, composition: NDArray[np.int64]) -> Array:
    """Energies (N, ...) relative to their mean over the frames of the same composition."""
    out = np.array(energies, dtype=float)
    for kind in np.unique(composition):
        out[composition == kind] -= out[composition == kind].mean(axis=0)
    return out


def compositions(numbers: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """(N,) the same integer for frames with the same atoms, from the atomic numbers of each frame."""
    seen: dict[tuple[int, ...], int] = {}
    return np.array([seen.setdefault(tuple(np.sort(one).tolist()), len(seen)) for one in numbers])


def calibrate(reference: Array, members: Array, composition: NDArray[np.int64]) -> Calibration:
    """α from (N,) reference and (N, M) members' energies [eV] and the (N,) composition of each frame.

    Where it cannot be had, α = 1 and the note says why.
    """
    m = members.shape[1]
    kinds, counts = np.unique(composition, return_counts=True)
    usable = np.isin(composition, kinds[counts > 1])
    n, left_out = int(usable.sum()), int((~usable).sum())
    if m < FEWEST_MEMBERS:
        return Calibration(note=f"α = 1, not calibrated: that needs {FEWEST_MEMBERS} members, there are {m}")
    if n < FEWEST_FRAMES:
        return Calibration(
            note=f"α = 1, not calibrated: {n} labelled frames share their composition with another, "
            f"{FEWEST_FRAMES} are needed"
        )
    own, theirs = (relative(e[usable], composition[usable]) for e in (reference, members))
    if not (theirs.var(axis=1, ddof=1) > 0).all():
        return Calibration(note="α = 1, not calibrated: the members agree exactly on labelled frames")
    squared = alpha_squared(own, theirs)
    words = f"{n} labelled frames" + (f" ({left_out} with a composition of their own left out)" if left_out else "")
    if squared <= 0:
        return Calibration(
            note=f"α = 1: the estimate α² = {squared:.3g} from {words} is not positive (errors within the spread)"
        )
    alpha = float(np.sqrt(squared))
    error = _error(_ratios(own, theirs), m)
    return Calibration(alpha, error, f"α = {alpha:.3g} ± {2 * error:.2g} from {words}", n)


def _error(ratios: Array, m: int) -> float:
    """Standard deviation of α over resamples of the frames."""
    picks = np.random.default_rng(SEED).integers(0, len(ratios), (RESAMPLES, len(ratios)))
    squared = -1.0 / m + (m - 3) / (m - 1) * ratios[picks].mean(axis=1)
    return float(np.sqrt(np.maximum(squared, 0.0)).std(ddof=1))
