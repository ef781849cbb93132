"""Make an environment, step by step, so that an interrupted installation resumes at the step it had reached.

With uv if it is installed, else with venv and pip.  Completed steps are recorded in `state.json`; `complete.json` is
written once everything imports.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO

from lmpdrive._version import __version__
from lmpdrive.common.say import Say, silent
from lmpdrive.environments import facts as _facts
from lmpdrive.environments import packing, store
from lmpdrive.environments.cards import this_card
from lmpdrive.environments.interpreter import ask, check
from lmpdrive.environments.recipe import Recipe
from lmpdrive.errors import InstallError

TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
"""Where PyTorch keeps its CPU builds; used only if the installer's own index has none."""


@dataclass(frozen=True)
class Step:
    """One command of an installation; the next of `commands` is tried where one fails."""

    title: str
    commands: tuple[tuple[str, ...], ...]
    identity: str = ""
    """What else must be unchanged for the step to count as completed."""

    @property
    def key(self) -> str:
        """Changes when the step must be repeated."""
        return sha256(json.dumps([self.title, self.commands, self.identity]).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Plan:
    """What `create` would do."""

    recipe: Recipe
    folder: Path
    cuda: bool
    extra: tuple[str, ...]
    steps: tuple[Step, ...]

    def lines(self) -> list[str]:
        """For a person: where, how large, and each command."""
        build = "CUDA" if self.cuda else "CPU"
        head = (
            f"environment '{self.recipe.family}', {build}, about {self.recipe.size(self.cuda):.1f} GB in {self.folder}"
        )
        licence = [f"  licence of {self.recipe.licence}"] if self.recipe.licence else []
        return [head, *licence] + [
            f"  {number}. {step.title}: {shlex.join(step.commands[0])}"
            for number, step in enumerate(self.steps, start=1)
        ]


def has_gpu() -> bool:
    """Whether this machine has an NVIDIA driver."""
    return Path("/proc/driver/nvidia").exists()


def plan(recipe: Recipe, *, cuda: bool | None = None, extra: Sequence[str] = ()) -> Plan:
    """The steps that make an environment.

    cuda : CUDA or CPU builds; default: what this machine has.
    extra : further requirements; `torch==X.Y.Z` among them is treated as the recipe's own.
    """
    cuda = has_gpu() if cuda is None else cuda
    folder = store.folder(recipe.family)
    python = str(folder / "bin" / "python")
    uv = shutil.which("uv")
    if uv:
        pip: tuple[str, ...] = (uv, "pip", "install", "--python", python, *_wheels_of_pip())
    else:
        pip = (python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input")
    torch = next((r for r in extra if r.startswith("torch==")), recipe.torch)
    base = str(Path(sys.executable).resolve())  # the same for `python -m lmpdrive` and the script
    make = (uv, "venv", "--python", base, str(folder)) if uv else (base, "-m", "venv", str(folder))
    steps = [Step("empty environment", ((*make, *(("--allow-existing",) if uv else ())),), sys.version)]
    if torch and not cuda and sys.platform == "linux":
        one = (*pip, "--no-deps", f"{torch}+cpu")
        steps.append(Step("PyTorch, CPU build", (one, (*one, "--extra-index-url", TORCH_CPU_INDEX))))
    wanted = [
        *recipe.requirements,
        *(recipe.cuda if cuda else recipe.cpu),
        *(for_this_card(recipe) if cuda else ()),
        *(r for r in extra if r != torch),
        *([torch] if torch else ()),
    ]
    steps.append(Step("packages", ((*pip, *wanted, *packing.requirements()),)))
    if recipe.no_deps:
        steps.append(Step("packages without their dependencies", ((*pip, "--no-deps", *recipe.no_deps),)))
    again = "--reinstall" if uv else "--force-reinstall"
    steps.append(Step(f"lmpdrive {__version__}", ((*pip, "--no-deps", again, "<lmpdrive>"),), str(_facts.digest())))
    return Plan(recipe, folder, cuda, tuple(extra), tuple(steps))


def _wheels_of_pip() -> list[str]:
    """Options for uv, which does not read pip's configuration: folders of wheels that a site has told pip about."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout  # nothing where pip is absent
    values = (line.partition("=")[2].strip("'\"") for line in listed.splitlines() if ".find-links=" in line)
    folders = dict.fromkeys(folder for value in values for folder in value.split())
    return [word for folder in folders for word in ("--find-links", folder)]


def for_this_card(recipe: Recipe) -> list[str]:
    """The wheels for this machine's card."""
    card = this_card() if recipe.cuda_wheels else None
    return [wheel for wheels in recipe.cuda_wheels if (wheel := wheels.requirement(card))]


def create(
    recipe: Recipe,
    *,
    cuda: bool | None = None,
    extra: Sequence[str] = (),
    say: Say = silent,
    show: Say = silent,
) -> Path:
    """Make, complete, or bring up to date the environment of `recipe`; returns its interpreter.

    say : gets a line for each step.
    show : gets every line of the installer's output.

    Raises InstallError if a step fails, with the end of its output; `install.log` has all of it.  Completed steps are
    kept, and the next call resumes after them.
    """
    folder = store.folder(recipe.family)
    if pointed := store.read(folder / store.COMPLETE).get("python"):
        raise InstallError(
            f"'{recipe.family}' points to {pointed}. To make an environment instead, first: "
            f"lmpdrive env remove {recipe.family}"
        )
    before = store.read(folder / store.STATE)
    chosen = plan(recipe, cuda=before.get("cuda") if cuda is None else cuda, extra=extra or before.get("extra", ()))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InstallError(
            f"cannot write in {folder.parent}: {error.strerror}. Name a writable folder in LMPDRIVE_ENVS."
        ) from None
    with _locked(recipe.family, say) as lock:
        completed = _completed_steps(chosen)
        if all(step.title in completed for step in chosen.steps) and store.complete(recipe.family):
            say(f"environment '{recipe.family}' is complete: {folder}")
        else:
            _install(chosen, completed, lock, say, show)
    return store.python(recipe.family)


def _completed_steps(plan: Plan) -> dict[str, str]:
    """Title and key of the steps that need not be repeated; none where the Python has changed."""
    recorded: dict[str, str] = store.read(plan.folder / store.STATE).get("done", {})
    completed = {step.title: step.key for step in plan.steps if recorded.get(step.title) == step.key}
    return completed if plan.steps[0].title in completed else {}


def _install(plan: Plan, completed: dict[str, str], lock: IO[str], say: Say, show: Say) -> None:
    """Carry out the steps that are not completed, and record each; then try what was installed."""
    (plan.folder / store.COMPLETE).unlink(missing_ok=True)
    _check_room(plan, completed)
    say(plan.lines()[0])
    if plan.recipe.licence:
        say(plan.lines()[1])
    _drop_unfinished(plan.folder)
    started = time.monotonic()
    about = {"cuda": plan.cuda, "extra": list(plan.extra)}
    store.write(plan.folder / store.STATE, {"done": completed} | about)
    for number, step in enumerate(plan.steps, start=1):
        if step.title in completed:
            continue
        say(f"  {number}/{len(plan.steps)} {step.title}")
        _carry_out(step, plan.folder, lock, show)
        completed = completed | {step.title: step.key}
        store.write(plan.folder / store.STATE, {"done": completed} | about)
    say("  trying what was installed")
    _try_out(plan, lock, show)
    size = sum(p.lstat().st_size for p in plan.folder.rglob("*") if not p.is_dir()) / 1e9
    seconds = round(time.monotonic() - started, 1)
    store.write(
        plan.folder / store.COMPLETE,
        {"lmpdrive": __version__, "cuda": plan.cuda, "size_GB": round(size, 2), "seconds": seconds},
    )
    say(f"environment '{plan.recipe.family}' is complete after {seconds:.0f} s, {size:.1f} GB")


def point(recipe: Recipe, python: Path, say: Say = silent) -> None:
    """Use an interpreter of the site (conda, module, a wrapper of a container) as the environment of `recipe`.

    Raises InstallError if it lacks this lmpdrive or a module of the recipe, or if an environment is there already.
    """
    folder = store.folder(recipe.family)
    if folder.exists() and not store.read(folder / store.COMPLETE).get("python"):
        raise InstallError(f"{folder} exists. Remove it first: lmpdrive env remove {recipe.family}")
    python = python.absolute()
    about = ask(python, recipe.imports)
    check(about, python, recipe.family, ours=False)
    if about["missing"]:
        raise InstallError(
            f"{python} lacks {', '.join(about['missing'])}: install what `lmpdrive env create "
            f"{recipe.family} --dry-run` lists there."
        )
    folder.mkdir(parents=True, exist_ok=True)
    store.write(folder / store.COMPLETE, {"lmpdrive": __version__, "python": str(python)})
    say(f"'{recipe.family}' runs with {python}")


@contextmanager
def _locked(family: str, say: Say) -> Iterator[IO[str]]:
    """One installation at a time; the installer inherits the lock, so an orphaned one still holds it."""
    with (store.root() / f".{family}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another installation of '{family}' to end")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


def _check_room(plan: Plan, completed: dict[str, str]) -> None:
    needed = 0.0 if "packages" in completed else plan.recipe.size(plan.cuda)
    free = shutil.disk_usage(plan.folder).free / 1e9
    if free < needed:
        raise InstallError(
            f"{plan.folder} has {free:.1f} GB free, and '{plan.recipe.family}' takes about {needed:.1f} GB. "
            "Make room, or name another folder in LMPDRIVE_ENVS."
        )


def _drop_unfinished(folder: Path) -> None:
    """Forget packages whose installation was cut off: pip and uv write INSTALLER near the end of each."""
    for about in folder.glob("lib/python3*/site-packages/*.dist-info"):
        if not (about / "INSTALLER").is_file():
            shutil.rmtree(about)


def _carry_out(step: Step, folder: Path, lock: IO[str], show: Say) -> None:
    with tempfile.TemporaryDirectory(prefix="lmpdrive-wheel-") as scratch:
        for number, words in enumerate(step.commands, start=1):
            command = [a for w in words for a in (packing.arguments(Path(scratch)) if w == "<lmpdrive>" else [w])]
            code, tail = _run(command, folder, lock, show)
            if code == 0:
                return
            if number == len(step.commands):
                raise InstallError(_failure(step.title, tail, folder))


def _try_out(plan: Plan, lock: IO[str], show: Say) -> None:
    """Import what the family needs and load LAMMPS, in the new environment; then check its lmpdrive."""
    python = plan.folder / "bin" / "python"
    for words in (
        *(("-c", f"import {name}") for name in plan.recipe.imports),
        ("-m", "lmpdrive.engine.probe", "{}", "--no-plugins"),
    ):
        code, tail = _run([str(python), *words], plan.folder, lock, show)
        if code:
            raise InstallError(_failure(f"the installation is not usable: {' '.join(words)}", tail, plan.folder))
    ask.cache_clear()
    check(ask(python, ()), python, plan.recipe.family, ours=True)


def _failure(title: str, tail: Sequence[str], folder: Path) -> str:
    """The message of a step that failed, with the end of its output."""
    output = "\n".join(f"    {line}" for line in tail)
    return f"{title}: failed.\n{output}\nFull output: {folder / store.LOG}. The same command resumes here."


def _run(command: Sequence[str], folder: Path, lock: IO[str], show: Say) -> tuple[int, Sequence[str]]:
    """Run in its own process group; output goes to install.log and to `show`, exit code and last lines are returned."""
    tail: deque[str] = deque(maxlen=12)
    with (folder / store.LOG).open("a") as log:
        print("$", *command, file=log, flush=True)
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            start_new_session=True,
            pass_fds=(lock.fileno(),),
        )
        assert process.stdout
        try:
            for line in process.stdout:
                log.write(line)
                if line.strip():
                    tail.append(line.rstrip())
                    show(line.strip())
            return process.wait(), list(tail)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()
