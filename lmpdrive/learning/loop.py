"""`lmpdrive learn`: iterations until every exploring run is stable for as long as asked.

Each iteration is a folder: `models/` (trained), `explore/` (a campaign), `candidates.xyz`, `selected.xyz`, `label/`,
`labelled-001.xyz`, `rejected.txt`, `iteration.json`.  What is there is not done again, so the loop can be killed at any
moment.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from ase import Atoms
from ase.io import read

from lmpdrive.campaigns.plan import RUNS
from lmpdrive.campaigns.run import work_off
from lmpdrive.common.atomic import write_atomically
from lmpdrive.common.say import Say, silent
from lmpdrive.config import Config, load
from lmpdrive.engine.directory.lock import locked
from lmpdrive.errors import ConfigError, EngineError
from lmpdrive.learning.candidates import candidates_of, stable_ps
from lmpdrive.learning.file import Learning, read_learning
from lmpdrive.learning.filters import bearable, kept
from lmpdrive.learning.labels import label
from lmpdrive.learning.selection import selected
from lmpdrive.pipeline import train
from lmpdrive.training.plan import Request
from lmpdrive.trajectory.labelled import labelled_atoms, write_frames

SUMMARY = "iteration.json"
SEEDS = 1000
"""Between the seeds of two iterations."""


@dataclass(frozen=True)
class Iteration:
    """What one iteration found.

    frames : trained on; stable_ps : of the exploring runs, the shortest first; force_rmse_eV_per_A : of the driving
    model on held-back frames; candidates, selected, added : numbers of frames.
    """

    number: int
    frames: int
    force_rmse_eV_per_A: float | None
    stable_ps: tuple[float, ...]
    candidates: int = 0
    selected: int = 0
    added: int = 0

    def line(self) -> str:
        """For the terminal."""
        rmse = "" if self.force_rmse_eV_per_A is None else f", force RMSE {self.force_rmse_eV_per_A:g} eV/Å"
        times = ", ".join(f"{ps:.3g}" for ps in self.stable_ps)
        added = f"; {self.added} of {self.candidates} candidates were labelled and added" if self.candidates else ""
        return f"iteration {self.number}: {self.frames} frames{rmse}; stable for {times} ps{added}"


def learn(file: str | Path, out: str | Path | None = None, where: str | None = None, say: Say = silent) -> bool:
    """Work off a learning file; whether the exploring runs became stable.

    Raises ConfigError for the file, and whatever a step raises; called again, the loop continues where it was.
    """
    wanted = read_learning(Path(file))
    folder = Path(out or Path("learning") / wanted.learn).absolute()
    _check(wanted)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder, say):
        for number in range(1, wanted.until.iterations + 1):
            found = _Iteration(wanted, folder, number, where, say).run()
            say(found.line())
            if min(found.stable_ps) >= wanted.until.stable_ps:
                say(f"every exploring run was stable for {wanted.until.stable_ps:g} ps")
                return True
    say(f"not stable after {wanted.until.iterations} iterations: raise until.iterations to continue")
    return False


def iterations(folder: str | Path) -> list[Iteration]:
    """Those that have ended, in order."""
    return list(_ended(Path(folder)))


def _ended(folder: Path) -> Iterator[Iteration]:
    for path in sorted(folder.glob(f"iteration-*/{SUMMARY}")):
        content = json.loads(path.read_text())
        yield Iteration(**content | {"stable_ps": tuple(content["stable_ps"])})


def _check(wanted: Learning) -> None:
    """What would otherwise be found after hours."""
    config = _base(wanted.explore.base, wanted.explore.set)
    longest = sum(stage.ps for stage in config.plan)
    if longest < wanted.until.stable_ps:
        raise ConfigError(
            f"until.stable_ps: {wanted.until.stable_ps:g}, but the runs of {wanted.explore.base.name} last "
            f"{longest:g} ps: set explore.set: {{dynamics.production_ps: {wanted.until.stable_ps:g}}}"
        )


def _base(base: Path, settings: Mapping[str, Any] = MappingProxyType({})) -> Config:
    """The file of the exploring runs, whose model is not there yet."""
    given = dict(settings) | {"potential.model": "to-be-trained"}
    return load(base, [f"{key}={json.dumps(value)}" for key, value in given.items()])


class _Iteration:
    def __init__(self, wanted: Learning, folder: Path, number: int, where: str | None, say: Say) -> None:
        self.wanted, self.learning, self.number, self.where, self.say = wanted, folder, number, where, say
        self.folder = folder / f"iteration-{number:03d}"

    def run(self) -> Iteration:
        """All steps that were not done."""
        if (self.folder / SUMMARY).is_file():
            return next(one for one in iterations(self.learning) if one.number == self.number)
        self.folder.mkdir(exist_ok=True)
        self.say(f"iteration {self.number}: training")
        files = self.data()
        known = [atoms for path in files for atoms in labelled_atoms(path)]
        models, rmse = self.train(files)
        runs = self.explore(models)
        times = tuple(sorted(stable_ps(run) for run in runs))
        found = Iteration(self.number, len(known), rmse, times)
        if times[0] < self.wanted.until.stable_ps:
            found = self.collect(runs, known, found)
        write_atomically(self.folder / SUMMARY, json.dumps(asdict(found), indent=1) + "\n")
        return found

    def data(self) -> list[Path]:
        """Files with the frames to train on: the first ones, and what earlier iterations labelled."""
        earlier = [self.learning / f"iteration-{n:03d}" / f"labelled-{n:03d}.xyz" for n in range(1, self.number)]
        return [*self.wanted.data, *(path for path in earlier if path.is_file())]

    def train(self, files: Sequence[Path]) -> tuple[list[Path], float | None]:
        """Models, the driving one first, and its error."""
        wanted = self.wanted.train
        request = Request(
            files=tuple(files),
            out=self.folder / "models",
            extra=tuple(wanted.extra),
            committee=wanted.committee or 0,
            length=wanted.length,
        )
        trained = train(wanted.recipe, request, self.say)
        return [one.model for one in trained], trained[0].card["test"]["force_rmse_eV_per_A"]

    def explore(self, models: Sequence[Path]) -> list[Path]:
        """Run directories of a campaign with these models; all have ended."""
        explore = self.wanted.explore
        # velocities, and where a structure is built also its water, are others in each iteration
        keys = ["dynamics.seed", *(["system.build.seed"] if _base(explore.base).system.build else [])]
        seeds = [SEEDS * self.number + k for k in range(explore.seeds)]
        potential: dict[str, Any] = {"potential.model": str(models[0])}
        if len(models) > 1:
            potential["potential.committee"] = [str(model) for model in models[1:]]
        content = {
            "campaign": "explore",
            "base": str(explore.base),
            "set": explore.set | potential,
            "axes": explore.axes | {"seed": {"together": keys, "values": seeds}},
        }
        file = self.folder / "explore.yaml"
        write_atomically(file, yaml.safe_dump(content, sort_keys=False))
        work_off(file, self.where, self.folder / "explore", self.say)
        return sorted(path for path in (self.folder / "explore" / RUNS).iterdir() if path.is_dir())

    def collect(self, runs: Sequence[Path], known: Sequence[Atoms], found: Iteration) -> Iteration:
        """Choose frames, have them labelled, and keep the good ones."""
        candidates = [atoms for run in runs for atoms in candidates_of(run, self.wanted.candidates)]
        write_frames(self.folder / "candidates.xyz", candidates)
        left, why = bearable(candidates, known, self.wanted.filter)
        if why:
            self.say(f"left out before labelling: {len(why)} of {len(candidates)} candidates, atoms too close")
        frames: list[Atoms] = []
        good: list[Atoms] = []
        while left and not good:
            chosen = self.choose(left, known, len(frames))
            places = {(atoms.info["run"], atoms.info["step"]) for atoms in chosen}
            left = [atoms for atoms in left if (atoms.info["run"], atoms.info["step"]) not in places]
            runs_of = self.folder / "explore" / RUNS
            labelled = label(chosen, runs_of, self.wanted.label, self.folder / "label", self.say)
            good, rejected = kept(labelled, known, self.wanted.filter)
            frames += chosen
            why += rejected
            for line in rejected:
                self.say(f"left out: {line}")
        write_atomically(self.folder / "rejected.txt", "".join(f"{line}\n" for line in why))
        if not good:
            raise EngineError(f"no new frame is left to learn from: see {self.folder / 'rejected.txt'}")
        for atoms in good:
            atoms.info["iteration"] = self.number
        write_frames(self.folder / f"labelled-{self.number:03d}.xyz", good)
        return Iteration(**asdict(found) | {"candidates": len(candidates), "selected": len(frames), "added": len(good)})

    def choose(self, candidates: Sequence[Atoms], known: Sequence[Atoms], before: int) -> list[Atoms]:
        """The next frames to label, after `before` of which none was good; chosen once, and kept."""
        file = self.folder / (f"selected-after-{before}.xyz" if before else "selected.xyz")
        if not file.is_file():
            n = min(self.wanted.select.n, len(candidates))
            self.say(f"selecting {n} of {len(candidates)} candidates ({self.wanted.select.method})")
            write_frames(file, [candidates[i] for i in selected(candidates, known, self.wanted.select)])
        return list(read(file, ":"))
