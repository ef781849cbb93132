"""`card.yaml` of a trained model: what it was fitted to and how, which frames were held back, and how wrong it is.

Architectures read `elements`, `charge_states_e`, `shortest_distances_A` and the settings from it (docs/training.md).
"""

from __future__ import annotations

import csv
import json
import shlex
from pathlib import Path
from typing import Any

import yaml

from lmpdrive._version import __version__
from lmpdrive.architectures import find
from lmpdrive.common.atomic import replacing, write_atomically
from lmpdrive.common.hashing import sha256
from lmpdrive.environments import Interpreter
from lmpdrive.training.frames import charge_e, shortest_distances_A
from lmpdrive.training.plan import Task
from lmpdrive.training.trainer import Trainer

CARD = "card.yaml"
FRAMES = "frames.csv"
PARTS = ("train", "validation", "test")


def write_card(
    task: Task,
    trainer: Trainer,
    model: Path,
    minutes: float,
    test: dict[str, Any],
    words: list[str],
    interpreter: Interpreter,
) -> None:
    """Beside the model; written last, as a folder with a card is finished."""
    _write_frames(task)
    recipe = task.recipe
    fitted = [*(task.data[i] for i in task.parts.train), *task.extra]
    states = sorted({charge_e(frame, recipe.ions) for frame in fitted}) if recipe.ions else []
    card = {
        "title": recipe.title,
        "file": model.name,
        "sha256": sha256(model),
        "elements": list(task.elements),
        "data": [{"file": file, "sha256": digest} for file, digest in task.hashes.items()],
        "split": {
            **{part: len(getattr(task.parts, part)) for part in PARTS},
            "extra": len(task.extra),
            "by": recipe.split.by,
            "seed": recipe.split.seed,
            "frames": FRAMES,
            "frames_sha256": sha256(task.folder / FRAMES),
        },
        **({"charge_states_e": states} if recipe.ions else {}),
        **({"electrostatics": recipe.electrostatics.model_dump(mode="json")} if recipe.electrostatics else {}),
        "compositions": _counted([frame.formula for frame in fitted]),
        "training": {
            trainer.unit: recipe.length,
            "seed": recipe.seed,
            "minutes": round(minutes, 2),
            "trainer": recipe.trainer,
            "packages": {"lmpdrive": __version__} | _packages(trainer, interpreter),
            # without YAML's anchors, where a recipe says a thing twice
            "settings": json.loads(json.dumps(recipe.settings)),
        },
        "shortest_distances_A": shortest_distances_A(fitted, task.elements),
        "test": test,
        "inputs_sha256": task.inputs_sha256,
        "retrain": shlex.join(words),
    }
    save_card(task.folder, card)


def save_card(folder: Path, card: dict[str, Any]) -> None:
    """Whole or not at all."""
    write_atomically(folder / CARD, yaml.safe_dump(card, sort_keys=False, allow_unicode=True, width=110))


def card_of(folder: Path) -> dict[str, Any] | None:
    """The card in a folder of a finished training; None without one."""
    try:
        card = yaml.safe_load((folder / CARD).read_text())
    except (OSError, yaml.YAMLError):
        return None
    return card if isinstance(card, dict) else None


def _write_frames(task: Task) -> None:
    """Each frame's file and number, part and composition."""
    with replacing(task.folder / FRAMES) as temporary, temporary.open("w", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(["frame", "part", "composition"])
        for part in PARTS:
            table.writerows([(task.data[i].name, part, task.data[i].formula) for i in getattr(task.parts, part)])
        table.writerows([(frame.name, "extra", frame.formula) for frame in task.extra])


def _counted(formulas: list[str]) -> dict[str, int]:
    return {formula: formulas.count(formula) for formula in sorted(set(formulas))}


def _packages(trainer: Trainer, interpreter: Interpreter) -> dict[str, str]:
    """Versions of the packages that train."""
    recipe = find(trainer.architecture).environment
    wanted = recipe.packages if recipe else ()
    return {name: interpreter.versions[name] for name in wanted if name in interpreter.versions}
