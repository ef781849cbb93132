"""From a recipe, data and sizes to the models that are trained, each in a folder of its own.

Folders are named by what varies: `split-2/n-100/member-3`; a single model lies in OUT itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from ase import Atoms

from lmpdrive.common import hashing, resources
from lmpdrive.common.say import Say, silent
from lmpdrive.errors import ConfigError
from lmpdrive.training import frames as _frames
from lmpdrive.training.frames import Frame
from lmpdrive.training.recipe import Recipe, checked
from lmpdrive.training.selection import Selection
from lmpdrive.training.splits import Parts, nested, shortfall, split, subsample

FEWEST_MEMBERS = 3
"""A committee of two has a difference, and no spread."""


@dataclass(frozen=True)
class Request:
    """What the user asks for.

    files, extra : labelled frames, files or the names of shipped ones (pt-water-test); sizes : numbers of frames to
    fit, empty for all; committee : members, 0 for one model without; select : condition on the composition; length,
    seed : instead of the recipe's; only : name of one; tests : files of labelled frames on which each model is measured
    in addition, whatever it learned from.
    """

    files: tuple[Path, ...]
    out: Path
    extra: tuple[Path, ...] = ()
    sizes: tuple[int, ...] = ()
    splits: int = 1
    committee: int = 0
    select: str = ""
    length: int | None = None
    seed: int | None = None
    only: str = ""
    tests: tuple[Path, ...] = ()

    def words(self, recipe: str | Path) -> list[str]:
        """The command line, without what chooses one of the models."""
        options = [
            *(word for file in self.extra for word in ("--extra", str(file))),
            *(["--n", ",".join(map(str, self.sizes))] if self.sizes else []),
            *(["--select", self.select] if self.select else []),
            *(["--splits", str(self.splits)] if self.splits > 1 else []),
            *(["--seed", str(self.seed)] if self.seed is not None else []),
            *(["--committee", str(self.committee)] if self.committee else []),
            *(["--length", str(self.length)] if self.length is not None else []),
            *(word for file in self.tests for word in ("--test", str(file))),
        ]
        return ["lmpdrive", "train", str(recipe), *map(str, self.files), "--out", str(self.out), *options]


@dataclass(frozen=True)
class Task:
    """One model.

    name : what sets it apart, "" for a single one; parts : numbers of frames of `data`.
    """

    name: str
    folder: Path
    recipe: Recipe
    data: Sequence[Frame]
    extra: Sequence[Frame]
    parts: Parts
    elements: tuple[str, ...]
    hashes: Mapping[str, str]

    def atoms(self, part: str) -> list[Atoms]:
        """The labelled frames of `train`, `validation` or `test`, sorted by element."""
        return [self.data[i].atoms for i in getattr(self.parts, part)]

    def names(self, part: str) -> list[str]:
        """File and number of each."""
        return [self.data[i].name for i in getattr(self.parts, part)]

    @property
    def extra_atoms(self) -> list[Atoms]:
        """Those that are fitted and never held back."""
        return [frame.atoms for frame in self.extra]

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """Everything the model follows from: recipe, hashes of the files, frames of each part."""
        return {
            "recipe": self._recipe,
            "data": dict(self.hashes),
            "elements": list(self.elements),
            "extra": [frame.name for frame in self.extra],
            **{part: self.names(part) for part in ("train", "validation", "test")},
        }

    @property
    def _recipe(self) -> dict[str, Any]:
        """Without what it runs on and is called, which changes no weight on purpose, and what is not used."""
        unused = {"electrostatics"} if self.recipe.electrostatics is None else set()
        return self.recipe.model_dump(mode="json", exclude={"threads", "device", "title"} | unused)

    @property
    def inputs_sha256(self) -> str:
        """Equal for equal inputs."""
        return sha256(json.dumps(self.inputs, sort_keys=True).encode()).hexdigest()


def plan(recipe: Recipe, request: Request, say: Say = silent) -> list[Task]:
    """The models, in the order in which they are trained.

    Raises ConfigError for sizes, splits or a selection that the data do not allow, TrajectoryError for the data.
    """
    recipe = _overridden(recipe, request)
    _check(recipe, request)
    files, more = _found(request.files), _found(request.extra)
    data = _selected(_frames.read(files), request.select)
    extra = _bearable(_frames.read(more), recipe, say)
    elements = _frames.species([*data, *extra], recipe.elements)
    data = [_frames.sorted_by_element(frame, elements) for frame in data]
    extra = [_frames.sorted_by_element(frame, elements) for frame in extra]
    file = [Path(recipe.trainer)] if recipe.trainer.endswith(".py") else []
    hashes = {str(path): hashing.sha256(path) for path in (*files, *more, *file) if path.is_file()}
    groups = [_group(frame, recipe) for frame in data]
    tasks = []
    for number in range(request.splits):
        settings = recipe.split.model_copy(update={"seed": recipe.split.seed + number})
        parts = split(groups, settings.seed, settings.test, settings.validation)
        if number == 0 and (text := shortfall(parts, groups, settings.test, settings.validation)):
            say(f"warning: {text}")
        for size in request.sizes or (None,):
            fitted = nested(parts.train, groups, size)
            for member in range(request.committee or 1):
                own = recipe.model_copy(update={"split": settings, "seed": recipe.seed + member})
                train = subsample(fitted, recipe.committee_share, own.seed) if request.committee else fitted
                words = _words(request, number, size, member)
                tasks.append(
                    Task(
                        "/".join(words),
                        request.out.joinpath(*words),
                        own,
                        data,
                        extra,
                        Parts(train, parts.validation, parts.test),
                        elements,
                        hashes,
                    )
                )
    chosen = [task for task in tasks if request.only in ("", task.name)]
    if not chosen:
        names = ", ".join(task.name for task in tasks)
        raise ConfigError(f"--only {request.only}: there is no such model; choices: {names or 'none, with one model'}")
    return chosen


def _overridden(recipe: Recipe, request: Request) -> Recipe:
    """With length and seed of the request.  Raises ConfigError if they cannot be."""
    content = recipe.model_dump()
    if request.length is not None:
        content["length"] = request.length
    if request.seed is not None:
        content["split"]["seed"] = request.seed
    return checked(content, "the command line")


def _check(recipe: Recipe, request: Request) -> None:
    if request.committee and request.committee < FEWEST_MEMBERS:
        raise ConfigError(f"--committee {request.committee}: a committee has {FEWEST_MEMBERS} members or more")
    if request.splits < 1:
        raise ConfigError(f"--splits {request.splits}: 1 or more")
    if wrong := [size for size in request.sizes if size < 1 or request.sizes.count(size) > 1]:
        raise ConfigError(f"--n: {wrong[0]} is not a number of frames, or is there twice")
    if recipe.split.by == "ions" and not recipe.ions:
        raise ConfigError("split.by: ions needs the key ions of the recipe, e.g. ions: {Na: 1}")


def _found(files: Sequence[Path]) -> list[Path]:
    """With the files of shipped frames for their names."""
    return [resources.shipped_frames().get(str(file), file) if not file.exists() else file for file in files]


def _selected(data: list[Frame], select: str) -> list[Frame]:
    if not select:
        return data
    chosen = [frame for frame in data if Selection(select)(frame.counts)]
    if not chosen:
        formulas = sorted({frame.formula for frame in data})
        raise ConfigError(f"--select '{select}' leaves none of {len(data)} frames; they are {', '.join(formulas)}")
    return chosen


def _bearable(extra: list[Frame], recipe: Recipe, say: Say) -> list[Frame]:
    limit = recipe.extra.max_force_eV_per_A
    kept = [f for f in extra if limit is None or _frames.largest_force_eV_per_A(f) <= limit]
    if len(kept) < len(extra):
        say(f"{len(extra) - len(kept)} of {len(extra)} extra frames have forces above {limit:g} eV/Å: left out")
    return kept


def _group(frame: Frame, recipe: Recipe) -> str:
    if recipe.split.by == "ions":
        return f"{_frames.charge_e(frame, recipe.ions):+05d} e"
    return frame.formula if recipe.split.by == "composition" else "all"


def _words(request: Request, number: int, size: int | None, member: int) -> list[str]:
    """Folders below OUT: only levels that have more than one model."""
    return [
        *([f"split-{number + 1}"] if request.splits > 1 else []),
        *([f"n-{size}"] if len(request.sizes) > 1 else []),
        *([f"member-{member + 1}"] if request.committee else []),
    ]
