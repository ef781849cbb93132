"""Message-passing Deep Potentials (DPA-2, DPA-3): PyTorch trains, JAX runs.  `settings` are sections of `input.json`.

`dp --jax train` compiles anew for each number of periodic images, so for nearly every frame; PyTorch trains
(`dp_repaired.py`), and the model is converted for JAX and LAMMPS, .pth -> .dp -> .savedmodel, with its forces compared.
DPA-3: Zhang et al., arXiv:2506.01686.

With `joined_to` in the settings the descriptor is first trained alone, then put beside that of a frozen TensorFlow
model, whose fitting networks get zeros for what it adds: the joined model begins as the frozen one, and is trained.

    settings:
      joined_to: {model: pt-water-dp, alone: {length: 3500, model: ..., learning_rate: ..., loss: ...}}
      model: {descriptor: {type: hybrid, list: [<the frozen one's>, <that of alone>]}, fitting_net: <the frozen one's>}
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from ase.io import write

from lmpdrive.common import resources
from lmpdrive.environments import Interpreter
from lmpdrive.errors import ConfigError
from lmpdrive.training.deepmd_files import FILLED_IN, batches_done, write_input
from lmpdrive.training.plan import Task
from lmpdrive.training.recipe import Recipe
from lmpdrive.training.trainer import Step, Trainer

ALONE, COMPARED = "alone", "compared.xyz"
COMPARED_FRAMES = 3
REPAIRED = "lmpdrive.training.dp_repaired"
TOOLS = "lmpdrive.training.dpa_models"


class Dpa(Trainer):
    """Trained by PyTorch, run by JAX: the folder `model.savedmodel`."""

    architecture: ClassVar[str] = "deepmd"
    modules: ClassVar[tuple[str, ...]] = ("torch", "jax")
    unit: ClassVar[str] = "batches"
    file: ClassVar[str] = "model.savedmodel"
    filled_in: ClassVar[tuple[str, ...]] = FILLED_IN
    takes_shares: ClassVar[bool] = True

    def check(self, recipe: Recipe) -> None:
        """Also what `joined_to` needs."""
        super().check(recipe)
        joined = recipe.settings.get("joined_to")
        if joined is None:
            return
        alone = joined.get("alone") if isinstance(joined, dict) else None
        if not isinstance(alone, dict) or not {"length", "model"} <= set(alone) or "model" not in joined:
            raise ConfigError("settings.joined_to needs model, a frozen .pb, and alone with its length and model")
        if not (begun := _begun_from(joined)).is_file():
            raise ConfigError(f"settings.joined_to.model: there is no file {begun}")

    def write(self, task: Task, work: Path, device: str) -> None:
        """Data by composition and `input.json`; in `alone/` those of the descriptor alone, if it is joined."""
        settings = dict(task.recipe.settings)
        joined = settings.pop("joined_to", None)
        write_input(task, _saved_often(settings), task.recipe.length, work)
        write(work / COMPARED, task.atoms("validation")[:COMPARED_FRAMES], format="extxyz")
        if joined:
            alone = {key: value for key, value in joined["alone"].items() if key != "length"}
            (work / ALONE).mkdir()
            write_input(task, _saved_often(alone), joined["alone"]["length"], work / ALONE)

    def steps(self, task: Task, work: Path, interpreter: Interpreter) -> list[Step]:
        """Train, freeze, convert, compare; before that, with `joined_to`, the descriptor alone, and joining."""
        repaired = (interpreter.python, "-m", REPAIRED)
        tools = (interpreter.python, "-m", TOOLS)

        def trained(folder: str, *begun: str) -> list[Step]:
            pytorch = (*repaired, "--in", folder, "--pt")
            again = _restart(work / folder) or list(begun)
            name = "" if folder == "." else f"-{folder}"
            return [
                Step(f"train{name}", [*pytorch, "train", "input.json", "--skip-neighbor-stat", *again]),
                Step(f"freeze{name}", [*pytorch, "freeze", "-o", "model.pth"]),
            ]

        joined = task.recipe.settings.get("joined_to")
        first: list[Step] = []
        if joined:
            first = [
                *trained(ALONE),
                Step("convert-alone", [*repaired, "convert-backend", f"{ALONE}/model.pth", f"{ALONE}/model.dp"]),
                Step("begun", [interpreter.scripts / "dp", "convert-backend", _begun_from(joined), "begun.dp"]),
                Step("join", [*tools, "join", "begun.dp", f"{ALONE}/model.dp", "joined.dp"]),
                Step("joined", [*repaired, "convert-backend", "joined.dp", "joined.pth"]),
            ]
        return [
            *first,
            *trained(".", *(["--init-frz-model", "joined.pth"] if joined else [])),
            Step("export", [*repaired, "convert-backend", "model.pth", "model.dp"]),
            Step("jax", [*repaired, "convert-backend", "model.dp", self.file]),
            Step("compare", [*tools, "compare", "model.pth", self.file, COMPARED]),
        ]

    def done(self, work: Path) -> int:
        """The last batch in the learning curve of the whole."""
        return batches_done(work)

    def model(self, work: Path) -> Path:
        """The converted one."""
        return work / self.file


def _begun_from(joined: Mapping[str, Any]) -> Path:
    return resources.find_model(Path(joined["model"]), Path())


def _saved_often(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A batch takes long: more lines and checkpoints than of a small network."""
    return {**settings, "training": {"disp_freq": 100, "save_freq": 250} | settings.get("training", {})}


def _restart(folder: Path) -> list[str]:
    """Options that go on from the last checkpoint of PyTorch; none if there is none."""
    found = {int(path.stem.rpartition("-")[2]): path.name for path in folder.glob("model.ckpt-*.pt")}
    return ["--restart", found[max(found)]] if found else []
