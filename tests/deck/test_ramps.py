"""Ramps are read from the deck's text, and the guard's files follow them."""

import pytest

from lmpdrive.config import load
from lmpdrive.deck.commands import parse_deck
from lmpdrive.deck.ramps import Ramp, ramps
from lmpdrive.deck.render import render
from lmpdrive.stability import Limits
from lmpdrive.system import make_system
from tests.conftest import SMALL_CLASSICAL

BEGIN = "include guard.production.lammps\nrun 10\n"


@pytest.mark.parametrize(
    ("fix", "ramp"),
    [
        ("fix move mobile nvt temp 300 400 0.05 tchain 5", Ramp(300, 400, "move", 5, "mobile")),
        ("fix m all npt/kk iso 1 1 1 temp 300 250 0.05", Ramp(300, 250, "m", 3, "all")),
        ("fix bath all langevin 300 400 5 1 tally yes", Ramp(300, 400, None, group="all")),
        ("fix b all temp/csvr 10 20 0.1 1", Ramp(10, 20, None, group="all")),
        ("fix move mobile nvt temp 300.0 300 0.05", None),
        ("fix move mobile nvt temp v_T v_T 0.05", None),
        ("fix move mobile nvt temp 300 400 0.05\nunfix move", None),
        ("fix move all nvt temp 300 400 0.05\nfix move all nve/limit 0.1", None),
        ("fix move mobile nve", None),
    ],
)
def test_what_is_a_ramp(fix, ramp):
    found = ramps(parse_deck(f"{fix}\n{BEGIN}"))
    assert found == ({} if ramp is None else {"production": ramp})


def test_a_ramp_belongs_to_its_stage():
    deck = "fix a all nvt temp 1 2 0.1\ninclude guard.equilibrate.lammps\nrun 1\ninclude guard.end.lammps\nunfix a\n"
    assert ramps(parse_deck(f"{deck}fix a all nvt temp 2 2 0.1\n{BEGIN}")) == {"equilibrate": Ramp(1, 2, "a", 3, "all")}


TEMPLATE = """{% extends "shipped/classical.lmp.j2" %}
{% block before_production %}
unfix move
fix move mobile nvt temp {{ dynamics.temperature_K }} 400 0.05 tchain 2
fix_modify move temp T_mobile
{% endblock %}
"""


def test_the_guard_follows_a_ramp_of_a_template(write_yaml, tmp_path):
    """As of ../shared/field-cases/decks/ramp-stopped-by-guard."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "classical.lmp.j2").write_text(TEMPLATE)
    config = load(write_yaml(SMALL_CLASSICAL, templates="mine"))
    system = make_system(config)
    deck = render(config, system)
    text = deck.files["guard.production.lammps"]
    freedom = 3 * len(system.groups["mobile"])
    assert f"{freedom}*f_move[1]+f_move[2])" in text and "(step-f_guard_heat[2])*0.25*f_guard_heat[1]" in text
    assert "v_T_now <= ramp(600,800)" in text and "$(v_guard_E:%.12g)" in text and "econserve:" not in text
    assert "guard_heat" not in deck.files["guard.equilibrate.lammps"] + deck.files["guard.end.lammps"]
    limits = Limits.of(config, system, {"production": (300, 400)})
    assert limits.range_K("production", 300) == (0, 700), "100 + 400 steps"
    assert limits.range_K("equilibrate", 50) == (0, 600) and limits.hottest_K == 4000
    assert Limits.read(limits.content()) == limits
