"""Independent trajectories whose numbers are known on paper: how often does value ± 2σ contain the truth?

Each function makes one trajectory and yields (kind of number, value, σ, lower bound?, truth).
"""

from __future__ import annotations

import sys
from collections import defaultdict
from typing import NamedTuple

import numpy as np

from lmpdrive.observables import analyse
from lmpdrive.observables.decay import exponential_time, integral_time
from lmpdrive.observables.peaks import first_minimum, first_peak
from lmpdrive.observables.thermodynamics import thermo_tables
from lmpdrive.testing.observables import SyntheticTrajectory
from tests.observables.synthetic_frames import BOND, HALF_ANGLE, Frames

DT_PS = 0.05
N_FRAMES = 400
N_WATERS = 36
SPACING_A = 2.9


class Trial(NamedTuple):
    """One number of one trajectory, and what it should be."""

    kind: str
    value: float
    error: float
    lower_bound: bool
    truth: float


def coverages(trials):
    """Kind -> (share of the intervals value ± 2σ with the truth in them, number, share called lower bounds).

    A number that is not defined, or has no error and says so, states no interval.
    """
    by_kind = defaultdict(list)
    for one in trials:
        by_kind[one.kind].append(one)
    out = {}
    for kind, found in by_kind.items():
        stated = [one for one in found if np.isfinite(one.value) and np.isfinite(one.error)]
        inside = [abs(one.value - one.truth) <= 2 * one.error for one in stated]
        share = float(np.mean(inside)) if inside else float("nan")
        out[kind] = (share, len(stated), float(np.mean([one.lower_bound for one in found])))
    return out


def trial(kind, scalar, truth):
    return Trial(kind, scalar.value, scalar.error, scalar.lower_bound, truth)


# -- trajectories ------------------------------------------------------------------------------------------------


def markov(rng, n, columns, leave, enter):
    """(n, columns) presence; leaves with probability `leave` per frame, comes back with `enter`; stationary."""
    state = rng.random(columns) < enter / (enter + leave)
    out = np.empty((n, columns), dtype=bool)
    for row in range(n):
        out[row] = state
        state = np.where(state, rng.random(columns) >= leave, rng.random(columns) < enter)
    return out


def turning(rng, n, columns, angle):
    """(n, columns, 3) unit vectors, each step turned by `angle` about a random axis at right angles to them.

    <P_l(u(0)·u(n))> = P_l(cos angle)^n exactly.
    """
    u = rng.normal(size=(columns, 3))
    u /= np.linalg.norm(u, axis=1)[:, None]
    out = np.empty((n, columns, 3))
    for row in range(n):
        out[row] = u
        side = np.cross(u, rng.normal(size=u.shape))
        side /= np.linalg.norm(side, axis=1)[:, None]
        u = np.cos(angle) * u + np.sin(angle) * side
    return out


def autoregressive(rng, n, columns, keep):
    """(n, columns) stationary series of variance 1 with C(t) = keep^t."""
    x = rng.normal(size=columns)
    out = np.empty((n, columns))
    for row in range(n):
        out[row] = x
        x = keep * x + np.sqrt(1 - keep**2) * rng.normal(size=columns)
    return out


def over_a_slab(oxygen_heights, axes=None):
    """Frames of waters on a square lattice over Au; heights (F, W) over the surface, bisectors (F, W, 3)."""
    n, waters = oxygen_heights.shape
    side = int(np.ceil(np.sqrt(waters)))
    grid = np.array([(i * SPACING_A, j * SPACING_A) for i in range(side) for j in range(side)])
    metal = np.concatenate([np.column_stack([grid, np.full(len(grid), z)]) for z in (0.0, 2.4)])
    axes = np.broadcast_to([0.0, 0.0, 1.0], (n, waters, 3)) if axes is None else axes
    reference = np.where(np.abs(axes[..., :1]) < 0.9, [1.0, 0.0, 0.0], [0.0, 1.0, 0.0])
    arm = np.cross(axes, reference)
    arm /= np.linalg.norm(arm, axis=2)[..., None]
    oxygen = np.concatenate([np.broadcast_to(grid[:waters], (n, waters, 2)), 2.4 + oxygen_heights[..., None]], axis=2)
    hydrogens = [oxygen + BOND * (np.cos(HALF_ANGLE) * axes + s * np.sin(HALF_ANGLE) * arm) for s in (1, -1)]
    molecules = np.stack([oxygen, *hydrogens], axis=2).reshape(n, -1, 3)
    positions = np.concatenate([np.broadcast_to(metal, (n, *metal.shape)), molecules], axis=1)
    frames = Frames(["Au"] * len(metal) + ["O", "H", "H"] * waters, positions, [side * SPACING_A] * 2 + [40.0])
    frames.times_ps = DT_PS * np.arange(1, n + 1)
    return frames


# -- kinds of numbers --------------------------------------------------------------------------------------------


def survival(rng):
    """Water that enters and leaves the interface at known rates: both definitions, all three numbers."""
    leave, enter = 0.05, 0.03
    present = markov(rng, N_FRAMES, N_WATERS, leave, enter)
    tables = analyse(over_a_slab(np.where(present, 3.0, 8.0)), names=["survival"])
    steps = np.arange(51)
    share = enter / (enter + leave)
    exact = {"continuous": (1 - leave) ** steps, "endpoint": share + (1 - share) * (1 - enter - leave) ** steps}
    for definition, curve in exact.items():
        scalars = tables[f"survival_{definition}"].scalars
        lags = DT_PS * steps
        truths = (
            (f"survival ({definition}) at 2.5 ps", curve[-1]),
            (f"residence time ({definition}, integral)", integral_time(lags, curve)),
            (f"residence time ({definition}, exponential)", exponential_time(lags, curve, 0.5, 2.5)),
        )
        for name, truth in truths:
            yield trial(name, scalars[name], truth)


def reorientation(rng):
    """Rotational random walk: τ_1 and τ_2 of the dipole by integral and fit, and the dipole correlation time."""
    angle = np.radians(20)
    axes = turning(rng, N_FRAMES, N_WATERS, angle)
    names = ["reorientation_dipole_interface", "dipole_correlation"]
    given = {"reorientation": {"sample_ps": 0.0, "fit_ps": (0.1, 1.0)}}
    tables = analyse(over_a_slab(np.full(axes.shape[:2], 3.0), axes), names=names, options=given)
    cosine = np.cos(angle)
    lags = DT_PS * np.arange(101)
    for order, ratio in ((1, cosine), (2, 1.5 * cosine**2 - 0.5)):
        curve = ratio ** np.arange(101)
        start = f"reorientation time τ_{order} (dipole (bisector), interface, "
        scalars = tables[names[0]].scalars
        yield trial(f"reorientation τ_{order}, integral", scalars[start + "integral)"], integral_time(lags, curve))
        truth = exponential_time(lags, curve, 0.1, 1.0)
        yield trial(f"reorientation τ_{order}, exponential", scalars[start + "exponential)"], truth)
    scalars, lags, curve = tables[names[1]].scalars, lags[:51], cosine ** np.arange(51)
    yield trial("dipole, integral", scalars["dipole correlation time (integral)"], integral_time(lags, curve))
    truth = exponential_time(lags, curve, 0.5, 2.5)
    yield trial("dipole, exponential", scalars["dipole correlation time (exponential)"], truth)


def diffusion(rng):
    """Brownian motion in the plane; the centre of mass takes 1/N of it."""
    step = 0.1
    waters = 40
    frames = over_a_slab(np.full((N_FRAMES, waters), 3.0))
    walk = np.cumsum(rng.normal(scale=step, size=(N_FRAMES, waters, 2)), axis=0)
    metal = len(frames.topology.elements) - 3 * waters
    frames._positions[:, metal:, :2] += np.repeat(walk, 3, axis=1)
    name = "in-plane diffusion coefficient of O"
    options = {"mean_square_displacement": {"sample_ps": 0.0, "window_ps": 2.0}}
    table = analyse(frames, names=["mean_square_displacement_O"], options=options)["mean_square_displacement_O"]
    truth = step**2 / (2 * DT_PS) * (1 - 1 / waters) * 10.0  # 1 Å^2/ps = 10 x 1e-5 cm^2/s
    yield trial("diffusion coefficient", table.scalars[name], truth)


def velocities(rng):
    """Velocities that forget themselves exponentially."""
    keep, atoms = 0.9, 40
    v = autoregressive(rng, N_FRAMES, 3 * atoms, keep).reshape(N_FRAMES, atoms, 3)
    elements = np.array(["Na"] * atoms)
    places = np.broadcast_to(rng.random((atoms, 3)) * 30, v.shape)
    frames = SyntheticTrajectory(elements, places, v, 30 * np.eye(3), np.zeros(atoms))
    table = analyse(frames, names=["velocity_autocorrelation_Na"])["velocity_autocorrelation_Na"]
    truth = integral_time(table.x, keep ** np.arange(len(table.x)))
    yield trial("velocity correlation time", table.scalars["velocity correlation time of Na"], truth)


def density(rng):
    """Two layers and a plateau; each water finds a new height with probability 1/2 per frame."""
    layers = ((0.25, 3.0, 0.25), (0.2, 6.0, 0.35))
    heights = np.empty((N_FRAMES, 64))
    current = _heights(rng, 64, layers)
    for row in heights:
        row[:] = current
        current = np.where(rng.random(64) < 0.5, _heights(rng, 64, layers), current)
    tables = analyse(over_a_slab(heights), names=["water_density", "water_coverage"])
    z = (np.arange(160) + 0.5) * 0.1
    exact = _density(layers, 64)
    scalars = tables["water_density"].scalars | tables["water_coverage"].scalars
    position, _ = first_peak(z, exact)
    yield trial("position of a peak", scalars["first peak of the water density: position"], position)
    minimum, _ = first_minimum(z, exact)
    yield trial("position of a minimum", scalars["first minimum of the water density: position"], minimum)
    share = (exact * (z < 4.0)).sum() / exact.sum()
    yield trial("mean of a series", scalars["water in the first layer"], 64 * share)


def _heights(rng, n, layers):
    """Heights [Å]: in the layers (share, centre, width), else uniform from 7.5 to 15.5."""
    out = rng.uniform(7.5, 15.5, n)
    which = rng.random(n)
    start = 0.0
    for share, centre, width in layers:
        chosen = (which >= start) & (which < start + share)
        out[chosen] = rng.normal(centre, width, chosen.sum())
        start += share
    return out


def _density(layers, waters):
    """(160,) exact ρ [g/cm^3] in bins of 0.1 Å from the surface."""
    from scipy.special import ndtr

    edges = 0.1 * np.arange(161)
    inside = np.clip(edges, 7.5, 15.5) / 8.0
    number = (1 - sum(share for share, _, _ in layers)) * np.diff(inside)
    for share, centre, width in layers:
        number += share * np.diff(ndtr((edges - centre) / width))
    return waters * number / (8 * SPACING_A) ** 2 / 0.1 * 29.915


def thermodynamics(rng):
    """Correlated temperatures of known mean, and a drift in correlated noise."""
    import pandas as pd

    n = 500
    noise = autoregressive(rng, n, 2, 0.7)
    time = 0.02 * np.arange(n)
    energy = -100.0 + 2e-3 * time + 0.01 * noise[:, 1]
    log = pd.DataFrame({"Time": time, "Temp": 300 + 5 * noise[:, 0], "Econserve": energy, "PotEng": energy})
    tables = thermo_tables(log, 100, 10)
    yield trial("mean of a log column", tables["temperature"].scalars["mean temperature"], 300.0)
    yield trial("drift", tables["energy"].scalars["drift"], 2e-3 * 1e6 / 100)


KINDS = (survival, reorientation, diffusion, velocities, density, thermodynamics)


def measured(n):
    """Coverages of every kind from `n` independent trajectories of each."""
    return coverages(one for kind in KINDS for seed in range(n) for one in kind(np.random.default_rng(seed)))


def main():
    """Print a row of docs/validation.md for each kind of number."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    print("| number | value ± 2σ contains the truth | called a lower bound |\n|---|---|---|")
    for kind, (share, count, bounds) in measured(n).items():
        print(f"| {kind} | {100 * share:.1f} % of {count} | {100 * bounds:.0f} % |", flush=True)


if __name__ == "__main__":
    main()
