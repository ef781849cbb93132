"""Train the models of a plan one after the other; what is finished is not trained again.

In each folder: `work/` with inputs, checkpoints and `train.log`, then the model, `frames.csv` and, last, `card.yaml`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ase.io import write

from lmpdrive.architectures import find as find_architecture
from lmpdrive.common import trust
from lmpdrive.common.atomic import replacing, write_atomically
from lmpdrive.common.hashing import sha256
from lmpdrive.common.say import Say, silent
from lmpdrive.engine.directory.lock import locked
from lmpdrive.engine.lammps_library import environment
from lmpdrive.environments import Interpreter, choose, has_gpu
from lmpdrive.errors import InstallError, ModelError, RunDirectoryError
from lmpdrive.training.baseline import without_electrostatics
from lmpdrive.training.card import CARD, card_of, save_card, write_card
from lmpdrive.training.measure import errors_on
from lmpdrive.training.plan import Task
from lmpdrive.training.trainer import Step, Trainer
from lmpdrive.training.trainers import find
from lmpdrive.trajectory.labelled import labelled_atoms

WORK, LOG, INPUTS, SECONDS = "work", "train.log", "inputs.json", "seconds"
TEST = "test.xyz"
LINE_EVERY_S = 30.0
LOOK_EVERY_S = 0.5
ENDS_S = 20.0
"""A trainer that was asked to stop may take so long before it is killed."""


@dataclass(frozen=True)
class Trained:
    """A finished model: its task, its card, and whether it was trained now or before."""

    task: Task
    card: dict[str, Any]
    now: bool

    @property
    def model(self) -> Path:
        """The file, or folder."""
        return self.task.folder / self.card["file"]


def train(tasks: Sequence[Task], words: Sequence[str], tests: Sequence[Path] = (), say: Say = silent) -> list[Trained]:
    """All models.  words : the command that does it, for the cards; tests : files of further labelled frames.

    Raises ConfigError for settings the trainer refuses, InstallError without its environment, RunDirectoryError where
    a folder holds something else, ModelError if a trainer fails; what is finished stays.
    """
    trainer = find(tasks[0].recipe.trainer)
    trainer.check(tasks[0].recipe)
    interpreter = interpreter_of(trainer)
    found = []
    for number, task in enumerate(tasks, start=1):
        title = f"{task.name or task.folder.name} ({number} of {len(tasks)})" if len(tasks) > 1 else task.folder.name
        task.folder.mkdir(parents=True, exist_ok=True)
        with locked(task.folder, say) as lock:
            job = Job(task, trainer, interpreter, title, lock, say)
            found.append(_tested(_one(job, list(words)), job, tests))
    return found


def interpreter_of(trainer: Trainer) -> Interpreter:
    """The Python with the trainer's package.  Raises InstallError with the command that makes it."""
    architecture = find_architecture(trainer.architecture)
    recipe = architecture.environment
    wanted = [m for m in (architecture.python_module, *trainer.modules) if m]
    chosen = choose(recipe.family if recipe else trainer.architecture, wanted)
    if chosen.missing:
        cure = f"Make its environment: {recipe.command}" if recipe else "Install it"
        if set(chosen.missing) <= set(trainer.modules):
            cure = f"Install {', '.join(chosen.missing)} there"
        raise InstallError(f"training needs {', '.join(chosen.missing)}, missing in {chosen.describe()}. {cure}")
    return chosen


def finished(task: Task) -> dict[str, Any] | None:
    """The card if this very model is there.  Raises RunDirectoryError if the folder holds another one."""
    card = card_of(task.folder)
    if card is None:
        return None
    if card.get("inputs_sha256") != task.inputs_sha256:
        raise RunDirectoryError(
            f"{task.folder} holds a model of other data, splits or settings (its {CARD}): name another --out"
        )
    return card if (task.folder / str(card["file"])).exists() else None


@dataclass(frozen=True)
class Job:
    """One training.  title : for messages; lock : file descriptor that its trainer inherits."""

    task: Task
    trainer: Trainer
    interpreter: Interpreter
    title: str
    lock: int
    say: Say

    @property
    def work(self) -> Path:
        """Folder of inputs and checkpoints."""
        return self.task.folder / WORK

    def potential(self, model: Path) -> dict[str, Any]:
        """The `potential:` section that runs the model, with what was taken from its labels."""
        section = self.trainer.potential(model)
        if charges := self.task.recipe.electrostatics:
            section["electrostatics"] = charges.model_dump(mode="json")
        return section

    def tell(self, text: str) -> None:
        """A line of progress."""
        self.say(f"{self.title}: {text}")


def _one(job: Job, words: list[str]) -> Trained:
    task, trainer = job.task, job.trainer
    card = finished(task)
    if card:
        job.tell("trained already")
        return Trained(task, card, now=False)
    _prepare(job)
    for step in trainer.steps(task, job.work, job.interpreter):
        if not (job.work / f"{step.name}.done").exists():
            _run(step, job)
            (job.work / f"{step.name}.done").touch()
    model = _placed(trainer.model(job.work), task.folder / trainer.file)
    minutes = float((job.work / SECONDS).read_text()) / 60
    test = task.atoms("test")
    with replacing(task.folder / TEST) as temporary:
        write(temporary, test, format="extxyz")
    job.tell(f"measuring on {len(test)} held-back frames")
    errors = errors_on(test, job.potential(model), job.interpreter)
    write_card(task, trainer, model, minutes, errors, words, job.interpreter)
    if trust.untrusted([model]):
        trust.accept([model])  # made here from the user's data: nobody else's code
    job.tell(
        f"force RMSE {errors['force_rmse_eV_per_A']:.4f} eV/Å, energy RMSE "
        f"{errors['energy_rmse_meV_per_atom']:.2f} meV/atom, {minutes:.1f} min, in {task.folder}"
    )
    return Trained(task, card_of(task.folder) or {}, now=True)


def _tested(trained: Trained, job: Job, tests: Sequence[Path]) -> Trained:
    """With its errors on each of these files in the card, section `tests`, by the file's name."""
    known = dict(trained.card.get("tests", {}))
    for file in tests:
        digest = sha256(file)
        if known.get(file.name, {}).get("sha256") == digest:
            continue
        frames = labelled_atoms(file)
        job.tell(f"measuring on {len(frames)} frames of {file}")
        errors = errors_on(frames, job.potential(trained.model), job.interpreter)
        known[file.name] = {"sha256": digest} | errors
    if known == trained.card.get("tests", {}):
        return trained
    card = trained.card | {"tests": known}
    save_card(job.task.folder, card)
    return replace(trained, card=card)


def _prepare(job: Job) -> None:
    """The work folder: that of an interrupted training of the same inputs, else a new one.

    Raises RunDirectoryError if it is of another training.
    """
    task, work, unit = job.task, job.work, job.trainer.unit
    if (work / INPUTS).is_file():
        if json.loads((work / INPUTS).read_text()) != task.inputs:
            raise RunDirectoryError(f"{work} is of an interrupted training of other inputs: remove it, or change --out")
        job.tell(f"resuming at {job.trainer.done(work)} {unit}")
        return
    if work.exists():
        shutil.rmtree(work)  # interrupted while its inputs were written
    work.mkdir()
    job.tell(
        f"{len(task.parts.train)} frames to fit{f' and {len(task.extra)} extra' if task.extra else ''}, "
        f"{len(task.parts.validation)} for validation, {len(task.parts.test)} held back; "
        f"{task.recipe.length} {unit} in {job.interpreter.describe()}"
    )
    learned = without_electrostatics(task, job.interpreter)
    job.trainer.write(learned, work, job.trainer.device(task.recipe, job.interpreter, has_gpu()))
    (work / SECONDS).write_text("0")
    write_atomically(work / INPUTS, json.dumps(task.inputs, indent=1))


def _placed(made: Path, target: Path) -> Path:
    """A copy of the model beside its card."""
    if made.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        return Path(shutil.copytree(made, target))
    return Path(shutil.copy(made, target))


def _run(step: Step, job: Job) -> None:
    """One command, with its output in `train.log`.  Raises ModelError with its last line if it fails.

    Ctrl-C stops it, and it can be resumed.
    """
    work, recipe = job.work, job.task.recipe
    env = environment("cpu" if recipe.device == "cpu" else "auto", recipe.threads) | dict(job.trainer.environment())
    before = float((work / SECONDS).read_text())
    started = time.monotonic()
    with (work / LOG).open("ab") as log:
        process = subprocess.Popen(
            list(map(str, step.words)),
            cwd=work,
            env=env,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=(job.lock,),
        )
        try:
            _watch(process, job)
        finally:
            _stop(process)
            (work / SECONDS).write_text(f"{before + time.monotonic() - started:.1f}")
    if process.returncode:
        lines = (work / LOG).read_text(errors="replace").strip().splitlines() or ["no message"]
        raise ModelError(f"{step.name} failed with exit code {process.returncode}: {lines[-1]} ({work / LOG})")


def _watch(process: subprocess.Popen[bytes], job: Job) -> None:
    """Until it ends; a line of progress now and then."""
    begun, last = time.monotonic(), time.monotonic()
    first, length = job.trainer.done(job.work), job.task.recipe.length
    while process.poll() is None:
        time.sleep(LOOK_EVERY_S)
        now = time.monotonic()
        if now - last < LINE_EVERY_S:
            continue
        last, done = now, job.trainer.done(job.work)
        left = f", {(now - begun) / 60 * (length - done) / (done - first):.1f} min left" if done > first else ""
        job.tell(f"{done} of {length} {job.trainer.unit}{left}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the trainer and its children, if they still run."""
    for number, patience in ((signal.SIGINT, ENDS_S), (signal.SIGKILL, ENDS_S)):
        if process.poll() is not None:
            return
        os.killpg(process.pid, number)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
