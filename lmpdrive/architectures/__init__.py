"""Potentials: one file per architecture, or one folder for a large one; the folder listing is the registry.

`find("deepmd")` returns the class.  To write one, derive from `Architecture`, or from `PairStyle`, `PythonModel` or
`ManyCouplings` (docs/extending.md).  Other packages add theirs through the entry-point group `lmpdrive.architectures`;
a YAML file may name a file: `architecture: ./mine.py`.
"""

from lmpdrive.architectures.base.architecture import Architecture
from lmpdrive.architectures.base.card import card_beside
from lmpdrive.architectures.base.couplings import MLIAP_PYTHON, Callback, Integrated, Native
from lmpdrive.architectures.base.deck import DeckNeeds, kokkos_arguments
from lmpdrive.architectures.base.evaluator import AseEvaluator, Configuration, Evaluation, Evaluator
from lmpdrive.architectures.base.interface import Interface
from lmpdrive.architectures.base.limits import DOUBLE, SINGLE, Limits
from lmpdrive.architectures.base.many_couplings import ManyCouplings
from lmpdrive.architectures.base.model import ModelFacts
from lmpdrive.architectures.base.pair_style import KokkosPairStyle, PairStyle, lammps_package
from lmpdrive.architectures.base.problem import Problem, element_problems
from lmpdrive.architectures.base.python_model import PythonModel
from lmpdrive.architectures.base.receptive_field import ReceptiveField
from lmpdrive.architectures.base.run import RunSteps
from lmpdrive.architectures.base.text_files import element_symbols, read_head, uncommented_lines, words_after
from lmpdrive.architectures.registry import available, find, recipe, recipes
from lmpdrive.architectures.shared.committee import HasCommittee
from lmpdrive.architectures.shared.package_calculator import PackageCalculator
from lmpdrive.architectures.shared.style_or_callback import CALLBACK_TEMPLATE, StyleOrCallback

__all__ = [
    "CALLBACK_TEMPLATE",
    "DOUBLE",
    "MLIAP_PYTHON",
    "SINGLE",
    "Architecture",
    "AseEvaluator",
    "Callback",
    "Configuration",
    "DeckNeeds",
    "Evaluation",
    "Evaluator",
    "HasCommittee",
    "Integrated",
    "Interface",
    "KokkosPairStyle",
    "Limits",
    "ManyCouplings",
    "ModelFacts",
    "Native",
    "PackageCalculator",
    "PairStyle",
    "Problem",
    "PythonModel",
    "ReceptiveField",
    "RunSteps",
    "StyleOrCallback",
    "available",
    "card_beside",
    "element_problems",
    "element_symbols",
    "find",
    "kokkos_arguments",
    "lammps_package",
    "read_head",
    "recipe",
    "recipes",
    "uncommented_lines",
    "words_after",
]
