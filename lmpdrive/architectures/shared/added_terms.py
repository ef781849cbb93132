"""Terms that are added in Python to a model that is evaluated there: D3, electrostatics of fixed charges."""

from __future__ import annotations

import math
from typing import Any

import yaml

from lmpdrive.architectures.base.architecture import Architecture
from lmpdrive.architectures.base.evaluator import Evaluator
from lmpdrive.architectures.base.interface import Interface
from lmpdrive.architectures.base.problem import Problem
from lmpdrive.architectures.shared.dispersion import Dispersion
from lmpdrive.architectures.shared.electrostatics import Electrostatics, disagreement

TERMS = ("dispersion", "electrostatics")


class AddedTerms(Architecture):
    """The keys of the terms, and their sum with a model."""

    dispersion: Dispersion | None = None
    """Add D3 to the model."""
    electrostatics: Electrostatics | None = None
    """Add the electrostatics of fixed charges, for a model that was trained without them."""

    @property
    def terms(self) -> dict[str, Dispersion | Electrostatics]:
        """Key -> term, of those that are asked for."""
        return {key: term for key in TERMS if (term := getattr(self, key)) is not None}

    @property
    def terms_said(self) -> list[str]:
        """As in the configuration, one line each; what has its default is left out."""
        content = {key: term.model_dump(mode="json", exclude_defaults=True) for key, term in self.terms.items()}
        return [
            yaml.safe_dump({key: one}, default_flow_style=True, width=math.inf, sort_keys=False).strip()[1:-1]
            for key, one in content.items()
        ]

    @property
    def term_modules(self) -> tuple[str, ...]:
        """Python modules that they need."""
        return tuple(module for term in self.terms.values() for module in term.modules)

    def term_problems(self, interface: Interface | None) -> list[Problem]:
        """What is wrong with the terms, or with their absence."""
        card = self.card()
        own = [problem for term in self.terms.values() for problem in term.problems(interface, card)]
        return [*own, *disagreement(self.electrostatics, card)]

    def with_terms(self, model: Evaluator) -> Evaluator:
        """The model plus the terms."""
        for term in self.terms.values():
            model = term.added_to(model)
        return model

    def calculator_with_terms(self, own: Any) -> Any:
        """An ASE calculator plus those of the terms."""
        for term in self.terms.values():
            own = term.calculator(own)
        return own
