"""The ZBL repulsion that some models were fitted on top of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ase.data import atomic_numbers
from pydantic import model_validator

from lmpdrive.architectures import Architecture, Problem, read_head, uncommented_lines


class ZblMixin(Architecture):
    """Keys of potentials that were fitted on top of a ZBL repulsion."""

    zbl_inner_A: float | None = None
    """Inner cutoff of the ZBL repulsion that the model was fitted with; default: none."""
    zbl_outer_A: float | None = None
    """Outer cutoff of that repulsion."""

    @model_validator(mode="after")
    def _both_or_none(self) -> ZblMixin:
        if (self.zbl_inner_A is None) != (self.zbl_outer_A is None):
            raise ValueError("zbl_inner_A and zbl_outer_A belong together: give both or none")
        return self

    @property
    def zbl(self) -> bool:
        """Whether the repulsion is on."""
        return self.zbl_inner_A is not None

    def with_zbl(self, styles: dict[str, list[str]]) -> dict[str, list[str]]:
        """The styles of the deck with those of the repulsion."""
        return {"pair": [*styles["pair"], *(["zbl", "hybrid/overlay"] if self.zbl else [])]}

    def zbl_pairs(self, elements: Sequence[str]) -> list[dict[str, int]]:
        """Types and nuclear charges of all pairs."""
        return [
            {"i": i, "j": j, "zi": atomic_numbers[a], "zj": atomic_numbers[b]}
            for i, a in enumerate(elements, start=1)
            for j, b in enumerate(elements, start=1)
            if i <= j and self.zbl
        ]

    def forgotten_zbl(self, beside: Path) -> list[Problem]:
        """An error where the commands that came with the model (`X.snap`) have a ZBL and the YAML has none."""
        commands = uncommented_lines(read_head(beside)) if beside.is_file() else []
        if self.zbl or not any(re.search(r"\bzbl\b", line) for line in commands):
            return []
        text = (
            f"{beside.name} beside the model adds a ZBL repulsion, without which the model is not the published one: "
            "set potential.zbl_inner_A and zbl_outer_A to its two cutoffs."
        )
        return [Problem("error", text)]
