"""Cards say what the files are, and docs/potentials.md says what the cards say."""

import re

import pytest
import yaml

from lmpdrive.common.hashing import sha256
from tests.conftest import ROOT

CARDS = sorted((ROOT / "potentials").glob("*/card.yaml"))
ROWS = {
    cells[1].strip(" `"): [cell.strip() for cell in cells[2:-1]]
    for cells in (line.split("|") for line in (ROOT / "docs" / "potentials.md").read_text().splitlines())
    if len(cells) == 8 and cells[1].strip().startswith("`pt-")
}


@pytest.mark.parametrize("card", CARDS, ids=lambda path: path.parent.name)
def test_a_card_and_its_row_are_true(card):
    content = yaml.safe_load(card.read_text())
    assert content["sha256"] == sha256(card.parent / content["file"])
    assert (card.parent / "LICENSE").is_file()
    _, force, energy, speed, stable = ROWS[card.parent.name]
    assert float(force) == content["test"]["force_rmse_eV_per_A"]
    assert float(energy) == content["test"]["energy_rmse_meV_per_atom"]
    assert content["speed"].startswith(f"{speed} ns/day")
    assert stable and f"{stable} that were run" in " ".join(str(content["stability"]).split())
    assert content["retrain"].startswith("python potentials/train.py ")


def test_every_row_has_a_card():
    assert set(ROWS) == {card.parent.name for card in CARDS}


def test_the_recipes_of_the_cards_exist():
    recipes = (ROOT / "potentials" / "train.py").read_text()
    for card in CARDS:
        recipe = re.match(r"python potentials/train.py (\S+)", yaml.safe_load(card.read_text())["retrain"])
        assert recipe and f'"{recipe[1]}":' in recipes
