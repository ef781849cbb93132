"""Splits on paper: what is in which part, in what proportion, and that it is so again."""

from itertools import pairwise

import pytest

from lmpdrive.errors import ConfigError
from lmpdrive.training.splits import members, nested, shortfall, split, subsample

GROUPS = ["a"] * 40 + ["b"] * 20


def test_every_group_is_in_every_part_and_no_frame_in_two():
    parts = split(GROUPS, seed=7, test=0.1, validation=0.2)
    assert [len(p) for p in (parts.train, parts.validation, parts.test)] == [42, 12, 6]
    assert sorted(parts.train + parts.validation + parts.test) == list(range(60))
    assert sum(i < 40 for i in parts.test) == 4 and sum(i < 40 for i in parts.validation) == 8
    assert split(GROUPS, 7, 0.1, 0.2) == parts != split(GROUPS, 8, 0.1, 0.2)


def test_frames_of_a_group_that_comes_later_leave_the_others_where_they_are():
    first = split(["a"] * 40 + ["b"] * 20, 1, 0.1, 0.1)
    more = split(["a"] * 40 + ["b"] * 20 + ["c"] * 30, 1, 0.1, 0.1)
    assert [i for i in more.test if i < 60] == list(first.test)


def test_a_group_of_few_frames_is_fitted_as_a_whole_and_that_is_said():
    groups = ["a"] * 10 + [f"small {k}" for k in range(30)]
    parts = split(groups, 1, 0.1, 0.1)
    assert len(parts.test) == len(parts.validation) == 1 and all(i < 10 for i in parts.test)
    assert "1 of 40 frames instead of 10%" in shortfall(parts, groups, 0.1, 0.1)
    assert shortfall(split(GROUPS, 1, 0.1, 0.1), GROUPS, 0.1, 0.1) == ""


def test_no_frame_left_for_a_part_is_an_error():
    with pytest.raises(ConfigError, match="4 frames in 2 groups leave none to watch the fit with"):
        split(["a", "a", "b", "b"], 1, 0.6, 0.1)


def test_every_smaller_size_is_inside_the_larger_and_in_proportion():
    parts = split(["a"] * 80 + ["b"] * 40, 1, 0.1, 0.1)
    groups = ["a"] * 80 + ["b"] * 40
    sizes = [3, 12, 48, len(parts.train)]
    sets = [set(nested(parts.train, groups, n)) for n in sizes]
    assert [len(s) for s in sets] == sizes
    assert all(small < large for small, large in pairwise(sets))
    for n, chosen in zip(sizes, sets, strict=True):
        assert abs(sum(i < 80 for i in chosen) - n * 2 / 3) <= 1
    assert nested(parts.train, groups, None) == parts.train
    with pytest.raises(ConfigError, match="--n 97: only 96 frames"):
        nested(parts.train, groups, 97)


def test_a_subsample_is_a_share_in_order_and_another_with_another_seed():
    train = tuple(range(100, 200))
    one, two = subsample(train, 0.8, 1), subsample(train, 0.8, 2)
    assert len(one) == len(set(one)) == 80 and list(one) == sorted(one) and set(one) < set(train)
    assert one == subsample(train, 0.8, 1) != two
    assert subsample(train, 1, 3) == train


def test_groups_are_sorted_and_keep_their_frames():
    assert members(["b", "a", "b"]) == {"a": [1], "b": [0, 2]}
