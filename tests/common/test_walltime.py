"""Wall-time limits as users and batch systems write them."""

import pytest

from lmpdrive.common.walltime import RESERVE_S, Deadline, seconds
from lmpdrive.config import load
from lmpdrive.errors import ConfigError
from tests.conftest import SMALL_CLASSICAL


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("24h", 86400), ("90min", 5400), ("90m", 5400), ("45s", 45), ("2d", 172800), ("1.5 h", 5400)),
        *(("24:00:00", 86400), ("1-12:00:00", 129600), ("00:30:00", 1800)),
    ],
)
def test_limits(text, expected):
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "24", "h", "-1h", "0s", "24:00", "tomorrow"])
def test_what_is_no_limit(text):
    with pytest.raises(ConfigError, match="24h"):
        seconds(text)


def test_time_is_kept_for_the_closing_restart():
    assert Deadline(86400).left_s() == pytest.approx(86400 - RESERVE_S, abs=1)
    assert Deadline(100).left_s() == pytest.approx(90, abs=1)
    assert Deadline.of(None) is None


def test_in_the_configuration(write_yaml):
    assert load(write_yaml(SMALL_CLASSICAL, run__walltime="24h")).run.walltime == "24h"
    assert seconds(load(write_yaml(SMALL_CLASSICAL, run__walltime="24:00:00")).run.walltime) == 86400
    with pytest.raises(ConfigError, match=r"run.walltime: 'soon' is no wall-time limit: write 24h"):
        load(write_yaml(SMALL_CLASSICAL, run__walltime="soon"))
