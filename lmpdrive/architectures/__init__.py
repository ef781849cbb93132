"""One file per architecture; the folder listing is the registry.

`find("deepmd")` returns the class.  Outsiders add theirs through the entry-point group
`lmpdrive.architectures`, or name a file in the YAML: `architecture: ./mine.py`.
"""

from lmpdrive.architectures.base.architecture import (
    Architecture,
    Callback,
    Integrated,
    ManyCouplings,
    Native,
    Problem,
    PythonModel,
)
from lmpdrive.architectures.base.evaluator import AseEvaluator, Configuration, Evaluation, Evaluator
from lmpdrive.architectures.base.limits import DOUBLE, SINGLE, Limits
from lmpdrive.architectures.base.receptive_field import ReceptiveField
from lmpdrive.architectures.registry import available, find, recipe, recipes

__all__ = [
    "DOUBLE",
    "SINGLE",
    "Architecture",
    "AseEvaluator",
    "Callback",
    "Configuration",
    "Evaluation",
    "Evaluator",
    "Integrated",
    "Limits",
    "ManyCouplings",
    "Native",
    "Problem",
    "PythonModel",
    "ReceptiveField",
    "available",
    "find",
    "recipe",
    "recipes",
]
