"""The NVIDIA card of this machine, and the wheel of a package that has one for each kind of card."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SMI_S = 20
"""nvidia-smi answers in seconds, or hangs with a broken driver."""


@dataclass(frozen=True)
class Card:
    """capability : of computing, times ten (90 for an H100); cuda : newest CUDA that the driver runs, major number."""

    capability: int
    cuda: int


@dataclass(frozen=True)
class CardWheels:
    """A package of which each wheel is for one kind of card.

    name : requirement with `{cuda}` and `{card}`.
    cards : major number of CUDA -> capabilities that there are wheels for.
    """

    name: str
    cards: Mapping[int, Sequence[int]]

    def requirement(self, card: Card | None) -> str | None:
        """The wheel for a card: newest CUDA, nearest capability below within its generation; None if there is none."""
        if card is None:
            return None
        for cuda in sorted((number for number in self.cards if number <= card.cuda), reverse=True):
            fit = [c for c in self.cards[cuda] if c <= card.capability and c // 10 == card.capability // 10]
            if fit:
                return self.name.format(cuda=cuda, card=max(fit))
        return None


def this_card() -> Card | None:
    """The first card that nvidia-smi shows; None without one."""
    if shutil.which("nvidia-smi") is None:
        return None
    try:
        ask = ["nvidia-smi", "--query-gpu=compute_cap", "--format=csv,noheader"]
        capability = subprocess.run(ask, capture_output=True, text=True, timeout=SMI_S, check=True).stdout
        about = subprocess.run(["nvidia-smi"], capture_output=True, text=True, timeout=SMI_S, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return card_of(capability, about)


def card_of(capability: str, about: str) -> Card | None:
    """From nvidia-smi's answers: `9.0` per line, and the head of its table with `CUDA Version: 13.0`."""
    numbers = re.search(r"(\d+)\.(\d)", capability)
    cuda = re.search(r"CUDA Version:\s*(\d+)", about)
    if not numbers or not cuda:
        return None
    return Card(10 * int(numbers[1]) + int(numbers[2]), int(cuda[1]))
