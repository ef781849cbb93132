"""Dynamics against independent implementations, MDAnalysis and waterdynamics, on the same trajectory.

    pip install "lmpdrive[validation]"; pytest -m validation -s tests/observables/test_validation_dynamics.py

They store positions in 32 bits (so does the trajectory here, for both) and average ratios where we take ratios of sums;
where that differs the test takes their numbers of each frame and weights them.  Then only rounding is left.
"""

from __future__ import annotations

import numpy as np
import pytest

from lmpdrive.observables import analyse
from lmpdrive.testing import synthetic_trajectory
from tests.observables.synthetic_frames import Frames

pytestmark = pytest.mark.validation

N_FRAMES, N_WATERS = 201, 30
DT_PS = 0.01


@pytest.fixture(scope="module")
def frames():
    """Water that walks and turns above gold whose top layer is at z = 0 in every frame."""
    made = synthetic_trajectory(N_FRAMES, N_WATERS)
    positions = made.positions - made.positions[:, 27:36, 2].mean(axis=1)[:, None, None] * np.array([0, 0, 1.0])
    # so that the gold does not stick out of the cell, and the origin is not special
    return Frames(made.topology.elements, positions.astype(np.float32).astype(float), made.cell, origin=(0, 0, -10.0))


@pytest.fixture(scope="module")
def universe(frames):
    return as_universe(frames)


def as_universe(frames, order=(0, 1, 2)):
    """The same in MDAnalysis; `order` of O, H, H in each water."""
    import MDAnalysis

    elements = np.array(frames.topology.elements)
    water = 36 + np.arange(3 * N_WATERS).reshape(-1, 3)
    atoms = np.concatenate([np.arange(36), water[:, order].ravel(), np.arange(36 + 3 * N_WATERS, len(elements))])
    residues = np.concatenate([np.zeros(36, int), 1 + np.repeat(np.arange(N_WATERS), 3), 1 + N_WATERS + np.arange(3)])
    u = MDAnalysis.Universe.empty(len(elements), n_residues=residues.max() + 1, atom_resindex=residues, trajectory=True)
    for name in ("names", "types", "elements"):
        u.add_TopologyAttr(name, elements[atoms].astype(object))
    u.add_TopologyAttr("ids", np.arange(1, len(elements) + 1))
    u.add_TopologyAttr("bonds", [(o, h) for o in 36 + 3 * np.arange(N_WATERS) for h in (o + 1, o + 2)])
    box = np.concatenate([np.diag(frames._cell), [90, 90, 90]])
    u.load_new(frames._positions[:, atoms].astype(np.float32), order="fac", dimensions=box)
    return u


def worst(what, got, want, at_most):
    """Print the largest difference and hold it to the tolerance."""
    difference = float(np.max(np.abs(np.asarray(got) - np.asarray(want))))
    print(f"\n    {what}: largest difference {difference:.2g}")
    assert difference <= at_most


@pytest.mark.parametrize("order", [1, 2])
def test_reorientation_equals_waterdynamics(frames, order):
    """Its origins are 0, dt, 2 dt, ...: the ends of windows of length dt.  It follows one O-H of each water."""
    from waterdynamics import WaterOrientationalRelaxation

    for lag in (1, 4, 20, 50):
        n = (N_FRAMES // lag - 1) * lag + 1  # it leaves out the last whole window
        wet = Frames(frames.topology.elements[36:-3], frames._positions[:n, 36:-3], frames._cell)
        everywhere = (-1e3, 1e3)  # there is no slab, and too little water for a bulk to be found
        options = {"window_ps": lag * DT_PS, "sample_ps": 0, "origins": "window", "bulk_A": everywhere}
        tables = analyse(wet, options={"reorientation": options})
        column = f"C_{order} [1]"
        theirs = []
        for atoms in ((0, 1, 2), (0, 2, 1)):
            relaxation = WaterOrientationalRelaxation(
                as_universe(frames, atoms), "name O H", 0, N_FRAMES, lag, order=order
            )
            relaxation.run()
            theirs.append(relaxation.timeseries[-1])
        oh, dipole = (np.mean([one[i] for one in theirs]) for i in (0, 2))
        worst(f"C_{order} of O-H at lag {lag}", tables["reorientation_oh_bulk"].data[column].iloc[-1], oh, 1e-5)
        worst(
            f"C_{order} of the dipole at lag {lag}",
            tables["reorientation_dipole_bulk"].data[column].iloc[-1],
            dipole,
            1e-5,
        )


@pytest.mark.parametrize("tolerance", [0, 2])
def test_continuous_survival_equals_waterdynamics(frames, universe, tolerance):
    """Its P is the mean over origins of N(t, t + τ)/N(t); weighted with N(t) it is ours."""
    from MDAnalysis.lib.correlations import autocorrelation, correct_intermittency

    # what waterdynamics.SurvivalProbability calls, with the molecules of each frame as sets
    sets = []
    for _ in universe.trajectory:
        sets.append(set(universe.select_atoms("name O and prop z > 0 and prop z <= 5.6").ids))
    counts = np.array([len(one) for one in sets])
    assert 3 < counts.mean() < N_WATERS and np.ptp(counts) > 2
    sets = correct_intermittency(sets, tolerance)
    _, means, each = autocorrelation(sets, 20, 1)
    counts = np.array([len(one) for one in sets])
    weighted = [1.0] + [np.average(values, weights=counts[: len(values)]) for values in each]
    options = {"region_A": [0, 5.6], "window_ps": 2.0, "max_lag_ps": 0.2, "tolerance_ps": tolerance * DT_PS}
    ours = analyse(frames, options={"survival": options})["survival_continuous"]
    # one window of 2 ps is the whole file; with shorter ones gaps at their ends would not be filled
    worst(f"continuous survival, weighted, tolerance {tolerance}", ours.value, weighted, 1e-12)
    if not tolerance:
        worst("continuous survival, mean of ratios", ours.value, means, 0.02)


def test_survival_probability_class(frames, universe):
    from waterdynamics import SurvivalProbability

    theirs = SurvivalProbability(universe, "name O and prop z > 0 and prop z <= 5.6")
    theirs.run(tau_max=20)
    options = {"region_A": [0, 5.6], "window_ps": 2.0, "max_lag_ps": 0.2}
    ours = analyse(frames, options={"survival": options})["survival_continuous"]
    worst("SurvivalProbability (mean of ratios)", ours.value, theirs.sp_timeseries, 0.02)


def test_hydrogen_bonds_equal_mdanalysis(frames, universe):
    """Its criterion is the angle at the hydrogen; distance to 3.5 Å, angle above 150°."""
    from MDAnalysis.analysis.hydrogenbonds import HydrogenBondAnalysis
    from MDAnalysis.lib.correlations import autocorrelation

    theirs = HydrogenBondAnalysis(
        universe,
        donors_sel="name O",
        hydrogens_sel="name H",
        acceptors_sel="name O",
        d_a_cutoff=3.5,
        d_h_a_angle_cutoff=120,
        update_selections=False,
    )
    theirs.run()
    counts = np.bincount(theirs.results.hbonds[:, 0].astype(int), minlength=N_FRAMES)
    criterion = {"angle_at": "hydrogen", "angle_deg": 60.0}
    options = {
        "hydrogen_bonds": criterion,
        "hydrogen_bond_lifetime": {**criterion, "window_ps": 2.0, "max_lag_ps": 0.2, "sample_ps": 0},
    }
    tables = analyse(frames, options=options)
    ours = tables["hydrogen_bonds"].data["n_HB_donated [1]"] * N_WATERS
    assert counts.mean() > 1
    worst(f"hydrogen bonds of each frame, mean {counts.mean():.1f}", ours, counts, 1e-9)
    sets = [set() for _ in range(N_FRAMES)]
    for frame, _, hydrogen, acceptor, *_ in theirs.results.hbonds:
        sets[int(frame)].add((int(hydrogen), int(acceptor)))
    _, _, each = autocorrelation(sets, 20, 1)
    sizes = np.array([len(one) for one in sets])
    assert sizes.min() > 0
    weighted = [1.0] + [np.average(values, weights=sizes[: len(values)]) for values in each]
    worst("continuous hydrogen bond lifetime", tables["hydrogen_bond_lifetime"].data["S [1]"], weighted, 1e-12)


def test_mean_square_displacement_equals_mdanalysis(frames, universe):
    """EinsteinMSD takes all pairs of unwrapped positions; the walk here does not cross the boundary."""
    from MDAnalysis.analysis.msd import EinsteinMSD

    options = {"window_ps": 2.0, "sample_ps": 0, "remove_drift": False}
    tables = analyse(frames, options={"mean_square_displacement": options})
    for element in ("O", "Na"):
        table = tables[f"mean_square_displacement_{element}"]
        for kind, column in (("xy", "MSD_xy [Å^2]"), ("z", "MSD_z [Å^2]")):
            theirs = EinsteinMSD(universe, select=f"name {element}", msd_type=kind, fft=False)
            theirs.run()
            want = theirs.results.timeseries[: len(table.x)]
            worst(f"MSD_{kind} of {element}, up to {want.max():.2g} Å^2", table.data[column], want, 1e-6)
