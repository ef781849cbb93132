"""The sum of evaluators: a model and what is added to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lmpdrive.architectures.base.evaluator import Configuration, Evaluation, Evaluator


class Sum:
    """Sum of evaluators.  Per-atom energies only if every part has them."""

    def __init__(self, parts: Sequence[Evaluator]) -> None:
        self.parts = tuple(parts)

    def __call__(self, configuration: Configuration) -> Evaluation:
        """Σ of energies, forces and virials."""
        answers = [part(configuration) for part in self.parts]
        per_atom = [a.energies_eV for a in answers if a.energies_eV is not None]
        return Evaluation(
            sum(a.energy_eV for a in answers),
            np.sum([a.forces for a in answers], axis=0),
            np.sum([a.virial for a in answers], axis=0),
            np.sum(per_atom, axis=0) if len(per_atom) == len(answers) else None,
        )
