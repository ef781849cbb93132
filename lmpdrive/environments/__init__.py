"""One isolated environment per family of architectures, because their packages conflict.

`choose` says which interpreter runs an architecture, `create` makes one.  The recipe of each is on its class:
`Architecture.environment`.
"""

from lmpdrive.environments.cards import CardWheels
from lmpdrive.environments.install import Plan, create, has_gpu, plan, point
from lmpdrive.environments.interpreter import Interpreter, choose, pointed_to, settings_file
from lmpdrive.environments.recipe import Recipe
from lmpdrive.environments.store import complete, folder, names, python, remove, root

__all__ = [
    "CardWheels",
    "Interpreter",
    "Plan",
    "Recipe",
    "choose",
    "complete",
    "create",
    "folder",
    "has_gpu",
    "names",
    "plan",
    "point",
    "pointed_to",
    "python",
    "remove",
    "root",
    "settings_file",
]
