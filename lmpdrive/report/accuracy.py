"""Errors of potentials on labelled frames, with error bars from a bootstrap over the frames.

With ΔE_k = (E_k - E_k,ref)/n_k of frame k with n_k atoms and ΔF the differences of force components:

    energy RMSE = √<ΔE²>_k                          [meV/atom]
    ... mean shift removed = √(<ΔE²> - <ΔE>²)       energies of two methods differ by a constant that moves no atom
    force RMSE = √<ΔF²>, force MAE = <|ΔF|>         [eV/Å], over components, of one element or all

σ is the standard deviation over 1000 resamples of the frames (Efron, Ann. Stat. 7, 1 (1979)); frames, not atoms,
because the errors inside a frame are correlated.  All potentials see the same resamples, so σ_Δ of a difference from
the first is that of the paired difference, which is smaller than both σ suggest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lmpdrive.trajectory.labelled import LabelledFrames

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

RESAMPLES = 1000
SEED = 1
ALL = "all"
"""In place of an element: all atoms."""


@dataclass(frozen=True)
class Measured:
    """Energies and forces that potentials predict for the same frames.

    predicted : label -> (energies (F,), forces (N, 3)); missing : label -> why there is nothing.
    """

    frames: LabelledFrames
    source: str
    predicted: Mapping[str, tuple[Array, Array]]
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def elements(self) -> list[str]:
        """Those in the frames."""
        from ase.data import chemical_symbols

        return [chemical_symbols[z] for z in np.unique(self.frames.numbers)]


def errors(tested: Measured) -> pd.DataFrame:
    """Rows of run, quantity, element, value, σ, unit, Δ and σ_Δ from the first run, and the frames."""
    import pandas as pd

    n = len(tested.frames)
    resamples = np.random.default_rng(SEED).multinomial(n, np.full(n, 1 / n), RESAMPLES).astype(float)
    rows = []
    first: dict[tuple[str, str], tuple[float, Array]] = {}
    for number, (label, (energies, forces)) in enumerate(tested.predicted.items()):
        for (quantity, element, unit), of in _quantities(tested.frames, energies, forces).items():
            value = float(of(np.ones((1, n)))[0])
            spread = of(resamples)
            spread = spread[np.isfinite(spread)]  # a resample may have no atom of a rare element
            head = first.setdefault((quantity, element), (value, spread)) if number == 0 else first[quantity, element]
            delta = (np.nan, np.nan) if number == 0 else (value - head[0], _std(spread - head[1]))
            rows.append((label, quantity, element, value, _std(spread), unit, *delta, n))
    return pd.DataFrame(rows, columns=["run", "quantity", "element", "value", "σ", "unit", "Δ", "σ_Δ", "frames"])


def _std(values: Array) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")


def _quantities(
    frames: LabelledFrames, energies: Array, forces: Array
) -> dict[tuple[str, str, str], Callable[[Array], Array]]:
    """(quantity, element, unit) -> its value for each row of weights (resamples, F)."""
    from ase.data import chemical_symbols

    energy = 1e3 * (energies - frames.energies_eV) / frames.counts
    found: dict[tuple[str, str, str], Callable[[Array], Array]] = {
        ("energy RMSE", ALL, "meV/atom"): lambda w: np.sqrt(_mean(w, energy**2)),
        ("energy RMSE, mean shift removed", ALL, "meV/atom"): lambda w: np.sqrt(
            np.maximum(0.0, _mean(w, energy**2) - _mean(w, energy) ** 2)
        ),
        ("mean energy shift", ALL, "meV/atom"): lambda w: _mean(w, energy),
    }
    difference = forces - frames.forces
    chosen: dict[str, NDArray[np.bool_]] = {ALL: np.ones(len(frames.numbers), bool)}
    chosen |= {chemical_symbols[z]: frames.numbers == z for z in np.unique(frames.numbers)}
    for quantity, values, root in (
        ("force RMSE", difference**2, True),
        ("force MAE", np.abs(difference), False),
        ("RMS of the reference forces", frames.forces**2, True),
    ):
        for element, own in chosen.items():
            total, components = np.zeros(len(frames)), np.zeros(len(frames))
            np.add.at(total, frames.frame_of_atom[own], values[own].sum(axis=1))
            np.add.at(components, frames.frame_of_atom[own], 3.0)
            found[quantity, element, "eV/Å"] = _over_components(total, components, root)
    return found


def _mean(weights: Array, values: Array) -> Array:
    return weights @ values / weights.sum(axis=1)


def _over_components(total: Array, components: Array, root: bool) -> Callable[[Array], Array]:
    def of(weights: Array) -> Array:
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (weights @ total) / (weights @ components)
        return np.sqrt(mean) if root else mean

    return of
