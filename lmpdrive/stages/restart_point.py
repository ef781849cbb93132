"""Where a run that stopped goes on: the newest restart that is whole, and the deck that continues from it.

Files are judged by what is in them; nothing is judged by its date.  Nothing is deleted: what a new start would
overwrite is put aside into `aside.1`, `aside.2`, ...
"""

from __future__ import annotations

import re
import shutil
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lmpdrive.architectures import Integrated
from lmpdrive.common.atomic import write_atomically
from lmpdrive.common.hashing import sha256
from lmpdrive.common.manifest import read_manifest
from lmpdrive.common.run_files import FAILED_RESTART, LOG
from lmpdrive.config import Config
from lmpdrive.deck.commands import Deck, read_deck
from lmpdrive.engine.directory.provenance import deck_was_edited
from lmpdrive.engine.directory.write import update_manifest
from lmpdrive.engine.restart.deck import Resumption, Seam, end_of, numbered, plan, resumed
from lmpdrive.engine.restart.files import RECORD, Restart, candidates, look, recorded, unusable
from lmpdrive.errors import ConfigError, DeckError, RunDirectoryError, TrajectoryError

STATE = "state.npz"
MAY_CHANGE = ("dynamics.production_ps=", "run.", "observables.")
"""Beginnings of the `--set` overrides that a run can be continued with."""
_OUTPUT = ("traj*.dcd", "traj*.lammpstrj", "log*.lammps", "*.restart", RECORD, STATE, "final.data", "model_devi*.out")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Continuation:
    """What to run: deck and log, from which step and file (None: from the start).  `step` is None if all is done."""

    deck: str
    log: str
    step: int | None
    restart: str | None = None


def continued_config(folder: Path, overrides: Sequence[str]) -> Config:
    """The configuration of a run to be continued.

    Raises RunDirectoryError for a folder that is no run, ConfigError for an override that would make it another run.
    """
    from lmpdrive.config import load

    if not (folder / "resolved.yaml").is_file() or not read_manifest(folder):
        raise RunDirectoryError(
            f"{folder} is not a run directory: it has no resolved.yaml or no manifest.json. "
            "`lmpdrive simulate system.yaml --out DIR` makes one."
        )
    for override in overrides:
        if not override.startswith(MAY_CHANGE):
            raise ConfigError(
                f"--set {override}: a run goes on as it began; only dynamics.production_ps (to extend it), run.* and "
                f"observables.* can change. For another run start from its end: system.read: {folder}/final.data"
            )
    return load(folder / "resolved.yaml", overrides)


def keep(folder: Path, config: Config) -> None:
    """Write what `--set` changed, so that the next continuation has it too."""
    from lmpdrive.config import dump_yaml

    write_atomically(folder / "resolved.yaml", dump_yaml(config))
    files = read_manifest(folder).get("files") or {}
    update_manifest(folder, files=files | {"resolved.yaml": sha256(folder / "resolved.yaml")})


def prepare(folder: Path, config: Config, say: Say, restart: str | None = None) -> Continuation:
    """Choose the restart (or take that named) and write the deck of the continuation; the caller holds the directory.

    Raises DeckError if the deck cannot be continued, RunDirectoryError if it is not there.
    """
    content = read_manifest(folder)
    written = (content.get("files") or {}).get("resolved.yaml")
    if written is not None and written != sha256(folder / "resolved.yaml"):
        say("warning: resolved.yaml is not what was written: changed by hand, or damaged")
    parts = content.get("parts") or [{}]
    deck = str(parts[0].get("deck", "in.lammps"))
    if isinstance(config.potential.chosen, Integrated):
        return _by_ase(folder, config, say)
    try:
        commands = read_deck(folder / deck)
    except OSError as error:
        raise RunDirectoryError(f"cannot read {folder / deck}: {error.strerror}") from None
    end = _end(folder, commands, config, content)
    if not (folder / LOG).exists():
        say("nothing has run here: from the start")
        return Continuation(deck, LOG, 0)
    finished = content.get("state") == "finished"
    if finished and _reached(folder, str(parts[-1].get("deck", deck))) >= end:
        return Continuation(deck, LOG, None)
    sought = _Sought.of(folder, commands, config)
    system = dict(content["system"])
    if deck_was_edited(folder, deck):
        system["groups"] = {}  # a person may have changed them
    chosen = _choose(folder, sought, system, config, restart, say)
    if chosen is not None and sought.before is not None:
        say(f"the guard stopped this run at step {sought.before}: from step {chosen.step} it may take the same course")
    if chosen is None and finished:
        raise RunDirectoryError(
            f"{folder} has finished, and there is no restart file to make it longer from. Begin a new run from its "
            f"end: system.read: {folder}/final.data"
        )
    if chosen is None:
        put_aside(folder, say)
        return Continuation(deck, LOG, 0)
    if chosen.step >= end:
        return Continuation(deck, LOG, None)
    number = next_number(folder, deck)
    name = numbered(deck, number)
    at_seam = seam(folder, chosen.step, len(content["system"]["species"]))
    at = Resumption(number, chosen.path.name, chosen.step, end, at_seam)
    write_atomically(folder / name, resumed(commands, at))
    say(f"continuing at step {chosen.step} ({chosen.path.name}) toward step {end}: {name}")
    return Continuation(name, numbered(LOG, number), chosen.step, chosen.path.name)


def _reached(folder: Path, deck: str) -> int:
    """The step at which a deck that has finished ended; -1 if the deck is not there or cannot be followed."""
    try:
        return end_of(read_deck(folder / deck))
    except (OSError, DeckError):
        return -1


def _end(folder: Path, deck: Deck, config: Config, content: dict[str, Any]) -> int:
    """The step toward which the run goes: of the deck, or of the configuration where `--set` extended it."""
    of_deck = end_of(deck)
    if config.dynamics.ensemble == "minimise":
        return of_deck
    wanted = config.equilibrate_steps + config.production_steps
    begun = sum(stage["steps"] or 0 for stage in content["dynamics"]["stages"])
    if wanted == begun:
        return of_deck  # also where a person changed the lengths in the deck
    if of_deck != begun:
        raise ConfigError(
            f"dynamics.production_ps asks for {wanted} steps in all, but the lengths in {folder / deck.name} were "
            f"changed by hand ({of_deck} steps): change them there again, and resume without --set"
        )
    return wanted


def seam(folder: Path, step: int, atoms: int) -> Seam | None:
    """The energies that the log has for a step."""
    from lmpdrive.trajectory import thermo_of

    thermo = thermo_of(folder)
    if thermo is None or not {"PotEng", "KinEng"} <= set(thermo):
        return None
    rows = thermo[(thermo["Step"] == step) & (thermo["KinEng"] > 0)]
    if not len(rows):
        return None
    row = rows.iloc[-1]
    return Seam(float(row["PotEng"]), float(row["KinEng"]), atoms)


@dataclass(frozen=True)
class _Sought:
    """What a restart must be to go on from it.

    alternating : the files that the deck writes every so many steps.
    framed_from : the step from which there should be frames, with at most `every` steps between.
    log_until : the last step in the logs; None: no log can be read.
    before : the step at which the guard stopped the run.
    """

    alternating: dict[str, int]
    framed_from: int | None
    every: int
    log_until: int | None
    before: int | None

    @classmethod
    def of(cls, folder: Path, deck: Deck, config: Config) -> _Sought:
        from lmpdrive import guard
        from lmpdrive.trajectory import thermo_of

        whole = plan(deck)
        periods = [c.words for c in whole if c.name == "restart" and len(c.words) == 4 and c.words[1].isdigit()]
        dumps = (c.before for c in whole if c.name == "dump" and c.words[5].startswith("traj."))
        thermo = thermo_of(folder)
        end = guard.first_end(guard.events_of(folder))
        return cls(
            {name: int(words[1]) for words in periods for name in words[2:] if int(words[1])},
            next(dumps, None),
            config.steps(config.output.frames_every_fs),
            None if thermo is None else int(thermo["Step"].iloc[-1]),
            end.step if end is not None and end.action == "stop" else None,
        )

    def problem(self, one: Restart, recorded: bool) -> str:
        """Why a restart file that is whole is still the wrong one; empty if it is not."""
        if self.before is not None and one.step >= self.before:
            return f"(step {one.step}) is not before step {self.before}, at which the guard stopped the run"
        if recorded:
            return ""
        if one.step % self.alternating.get(one.path.name, 1):
            return f"says step {one.step}, but is written every {self.alternating[one.path.name]} steps"
        # a thermo line at the latest every so many steps, so the log is never far behind
        if self.log_until is not None and one.step > self.log_until + 1000 * self.every:
            return f"says step {one.step}, but the log ends at step {self.log_until}"
        return ""


def _choose(
    folder: Path, sought: _Sought, system: dict[str, Any], config: Config, only: str | None, say: Say
) -> Restart | None:
    """The restart to go on from, `only` the one that the user chose; None: from the start."""
    python, plugins = config.potential.interpreter(), config.potential.plugins
    last = last_frame(folder)
    behind: Restart | None = None
    found, record = candidates(folder), recorded(folder)
    if only is not None:
        found = [one for one in found if one.path.name == only]
        if not found or found[0].problem:
            why = found[0].problem if found else "is not there"
            raise RunDirectoryError(f"--restart {only}: {folder / only} {why}. {_choices(folder)}")
    for one in found:
        if one.problem and one.path.name != FAILED_RESTART:
            say(f"{one.path.name} {one.problem}: not used")
    for one in found:
        if one.problem or one.step == 0:  # step 0: the start itself, perhaps in the middle of the minimisation
            continue
        known = record.get(one.path.name, {}).get("step") == one.step
        if problem := sought.problem(one, known) or unusable(one, system, python, plugins):
            say(f"{one.path.name} {problem}: not used")
            continue
        whole = last is not None and one.step - last <= sought.every
        if only or whole or sought.framed_from is None or one.step <= sought.framed_from:
            return one
        say(f"{one.path.name} (step {one.step}) is beyond the last whole frame (step {last}): is there an older one?")
        behind = behind or one
    if only is not None:
        raise RunDirectoryError(f"--restart {only} cannot be used. {_choices(folder)}")
    if behind is not None:
        say(f"warning: frames before step {behind.step} are missing, and no older restart is there to make them again")
        return behind
    say("no restart file can be used: from the start")
    return None


def _choices(folder: Path) -> str:
    usable = [f"{one.path.name} (step {one.step})" for one in candidates(folder) if not one.problem]
    return f"Choices: {', '.join(usable)}" if usable else "There is none that can be used; leave out --restart"


def last_frame(folder: Path) -> int | None:
    """The step up to which the frames of the production are there without a hole; None if there are none."""
    steps = _steps(folder)
    if len(steps) < 3:
        return int(steps[-1]) if len(steps) else None
    hole = np.flatnonzero(np.diff(steps) > 1.5 * np.median(np.diff(steps)))
    return int(steps[hole[0]] if len(hole) else steps[-1])


def must_be_complete(folder: Path) -> None:
    """Raise RunDirectoryError, and say so in the manifest, if a run that ended did not write all of its files."""
    parts = read_manifest(folder).get("parts") or [{}]
    missing = incomplete(folder, str(parts[-1].get("deck", "in.lammps")))
    if not missing:
        return
    update_manifest(folder, state="failed")
    free_MB = shutil.disk_usage(folder).free / 1e6
    raise RunDirectoryError(
        f"LAMMPS said nothing, but {missing}: was the disk full ({free_MB:.0f} MB are free in {folder} now), or your "
        f"quota? Make room, then: lmpdrive resume {folder}"
    )


def incomplete(folder: Path, deck: str) -> str:
    """What a run that says it has ended did not write; empty if nothing is missing.

    LAMMPS does not look whether a disk took what it wrote.
    """
    restart = folder / "last.restart"
    if restart.is_file() and (problem := look(restart).problem):
        return f"{restart.name} {problem}"
    try:
        end = end_of(read_deck(folder / deck))
    except DeckError:
        return ""
    steps = _steps(folder)
    every = int(np.median(np.diff(steps))) if len(steps) > 2 else 0
    if every and steps[-1] + every <= end:
        return f"the trajectory ends at step {steps[-1]}, the run at {end}"
    return ""


def _steps(folder: Path) -> Any:
    from lmpdrive.trajectory import open_trajectory

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return open_trajectory(folder).steps
        except TrajectoryError:
            return np.array([], dtype=int)


def _by_ase(folder: Path, config: Config, say: Say) -> Continuation:
    """A run by ASE keeps its state in one file; its trajectories are numbered as those of LAMMPS are."""
    path = folder / STATE
    end = config.equilibrate_steps + config.production_steps
    if config.dynamics.ensemble == "minimise" and read_manifest(folder).get("state") == "finished":
        return Continuation("in.lammps", LOG, None)
    if path.is_file():
        try:
            with np.load(path) as state:
                held = {name: state[name] for name in state.files}
            step = int(held["step"])
            if not all(np.isfinite(held[name]).all() for name in ("positions", "momenta")):
                raise ValueError("numbers that are not finite")
        except Exception as error:  # a damaged zip file raises many things
            say(f"{STATE} cannot be used: {error}")
        else:
            if step >= end:
                return Continuation("in.lammps", LOG, None)
            say(f"continuing at step {step} ({STATE}) toward step {end}")
            return Continuation("in.lammps", LOG, step, STATE)
    if (folder / LOG).exists():
        say("no state was saved that can be used: from the start")
        put_aside(folder, say)
    return Continuation("in.lammps", LOG, 0)


def next_number(folder: Path, deck: str) -> int:
    """That no continuation has used."""
    patterns = (numbered(LOG, 0), numbered(deck, 0), "traj.0.dcd")
    used = (n for pattern in patterns for n in _numbers(folder, pattern.replace(".0.", ".*.")))
    return 1 + max(used, default=0)


def forget(folder: Path) -> None:
    """Remove what an earlier run left that the next one does not overwrite, or would take for its own."""
    numbered_ones = ("in.*.lammps", "log.*.lammps", "traj.*.dcd", "traj.*.lammpstrj")
    old = [folder / p.replace("*", str(n)) for p in numbered_ones for n in _numbers(folder, p)]
    for path in (*old, *folder.glob("*.restart"), folder / RECORD, folder / STATE):
        path.unlink(missing_ok=True)


def put_aside(folder: Path, say: Say) -> Path | None:
    """Move the output of an earlier start into a folder of its own."""
    number = 1 + max(_numbers(folder, "aside.*"), default=0)
    there = sorted({path for pattern in _OUTPUT for path in folder.glob(pattern)})
    if not there:
        return None
    aside = folder / f"aside.{number}"
    aside.mkdir()
    for path in there:
        path.rename(aside / path.name)
    say(f"what was there is kept in {aside}")
    return aside


def _numbers(folder: Path, pattern: str) -> list[int]:
    """The numbers that stand for * in the names of a folder's files."""
    form = re.compile(re.escape(pattern).replace(r"\*", r"(\d+)"))
    return [int(found[1]) for path in folder.iterdir() if (found := form.fullmatch(path.name))]
