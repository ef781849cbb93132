"""Cards say what the files are, and docs/training.md says what the cards say."""

import pytest
import yaml

from lmpdrive.common.hashing import sha256
from lmpdrive.training.recipe import load_recipe
from tests.conftest import ROOT

CARDS = sorted((ROOT / "potentials").glob("*/card.yaml"))
ROWS = {
    cells[1].strip(" `"): [cell.strip() for cell in cells[2:-1]]
    for cells in (line.split("|") for line in (ROOT / "docs" / "training.md").read_text().splitlines())
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
    assert content["retrain"].startswith("lmpdrive train ")


def test_every_row_has_a_card():
    assert set(ROWS) == {card.parent.name for card in CARDS}


@pytest.mark.parametrize("card", CARDS, ids=lambda path: path.parent.name)
def test_the_recipe_of_a_card_is_that_of_its_model(card):
    content = yaml.safe_load(card.read_text())
    recipe = load_recipe(content["retrain"].split()[2])
    assert recipe.title == content["title"]
    assert recipe.split.seed == content["split"]["seed"]
    own, shipped = content["training"]["settings"], recipe.settings
    if recipe.trainer == "grace":  # the first cards had settings in words of their own
        own = {"cutoff": own["cutoff_A"], "preset": own["preset"], "kwargs": own["kwargs"]}
        shipped = {"cutoff": shipped["cutoff"]} | {key: shipped["potential"][key] for key in ("preset", "kwargs")}
    elif recipe.trainer in ("deepmd", "dpa"):
        shipped = shipped["model"]
        own = {key: without_seeds(own[key]) for key in ("descriptor", "fitting_net")}
    assert without_seeds(own).items() <= shipped.items()


def without_seeds(settings):
    """The recipe has one seed for all."""
    if isinstance(settings, dict):
        return {key: without_seeds(value) for key, value in settings.items() if key != "seed"}
    return [without_seeds(value) for value in settings] if isinstance(settings, list) else settings
