"""The 95 % interval contains the known answer, for every kind of number: docs/analysis.md."""

from __future__ import annotations

import numpy as np
import pytest

from tests.observables import argon
from tests.observables.coverage import KINDS, coverages

FEW = 40
MANY = 400


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_intervals_contain_the_truth(kind):
    """40 trajectories: an interval of 94 % holds the truth in 33 or more with a probability of 99.5 %."""
    found = coverages(one for seed in range(FEW) for one in kind(np.random.default_rng(seed)))
    assert found
    for name, (share, count, _) in found.items():
        assert count == FEW, f"{name}: {FEW - count} have no error"
        assert share >= 33 / FEW, f"{name}: {share:.0%} of the intervals contain the truth"


def test_errors_are_not_too_large():
    """Over all kinds together: intervals twice as wide as they should be would contain the truth always."""
    trials = [one for kind in KINDS for seed in range(FEW // 4) for one in kind(np.random.default_rng(1000 + seed))]
    z = np.array([abs(one.value - one.truth) / one.error for one in trials if one.error > 0])
    assert 0.55 < np.median(z) < 0.85  # 0.674 for a normal distribution


@pytest.mark.validation
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_coverage_of_400(kind):
    """90 to 98 %, or called a lower bound."""
    for name, (share, _, bounds) in coverages(
        one for seed in range(MANY) for one in kind(np.random.default_rng(seed))
    ).items():
        print(f"| {name} | {100 * share:.1f} % | {100 * bounds:.0f} % |")
        assert 0.90 <= share <= 0.98 or bounds > 0.5, f"{name}: {share:.1%}"


@pytest.mark.validation
def test_coverage_of_pieces_of_a_liquid(tmp_path):
    """200 pieces of 20 ps of liquid argon against their union."""
    for name, (share, count, bounds) in coverages(argon.trials(tmp_path, 200)).items():
        print(f"| {name} | {100 * share:.1f} % of {count} | {100 * bounds:.0f} % |")
        assert 0.90 <= share <= 0.98 or bounds > 0.5, f"{name}: {share:.1%}"
