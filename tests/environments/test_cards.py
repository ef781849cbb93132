"""The wheel for the NVIDIA card at hand."""

import pytest

from lmpdrive.architectures import find
from lmpdrive.environments.cards import Card, CardWheels, card_of, this_card

WHEELS = CardWheels("pkg-cuda{cuda}-sm{card}==1", {12: (70, 80, 90), 13: (80, 90, 100)})


@pytest.mark.parametrize(
    ("card", "wheel"),
    [
        (Card(90, 13), "pkg-cuda13-sm90==1"),
        (Card(90, 12), "pkg-cuda12-sm90==1"),
        (Card(89, 13), "pkg-cuda13-sm80==1"),  # code for 8.0 runs on 8.9
        (Card(103, 14), "pkg-cuda13-sm100==1"),
        (Card(70, 13), "pkg-cuda12-sm70==1"),  # CUDA 13 has no wheel for it, and its driver runs CUDA 12
        (Card(61, 12), None),
        (Card(120, 13), None),  # code for 10.0 does not run on 12.0
        (Card(90, 11), None),
        (None, None),
    ],
)
def test_newest_cuda_and_nearest_card_of_the_generation(card, wheel):
    assert WHEELS.requirement(card) == wheel


def test_what_nvidia_smi_says():
    head = "| NVIDIA-SMI 580.65.06    Driver Version: 580.65.06    CUDA Version: 13.0     |"
    assert card_of("9.0\n9.0\n", head) == Card(90, 13)
    assert card_of("12.0\n", head) == Card(120, 13)
    assert card_of("", head) is None and card_of("9.0", "no such line") is None


def test_mace_names_a_wheel_for_the_cards_in_use():
    recipe = find("mace").environment
    (wheels,) = recipe.cuda_wheels
    assert wheels.requirement(Card(90, 13)) == "symmetrix-xl-cuda13-sm90==0.1.1"
    assert wheels.requirement(Card(80, 12)) == "symmetrix-xl-cuda12-sm80==0.1.1"


def test_without_a_card_nothing_is_added(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    assert this_card() is None
