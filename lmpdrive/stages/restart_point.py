"""Where a run is resumed: the newest restart file that is whole, and the deck that starts from it.

Files are chosen by their content, never by their date.  Nothing is deleted: what a new start would overwrite is moved
into `aside.1`, `aside.2`, ...
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lmpdrive import guard
from lmpdrive.architectures import Integrated
from lmpdrive.common.atomic import write_atomically
from lmpdrive.common.hashing import sha256
from lmpdrive.common.manifest import Manifest, SystemSection, read_manifest, update_manifest
from lmpdrive.common.run_files import ASE_STATE, CONFIG, DECK, FAILED_RESTART, FINAL_DATA, LOG, MANIFEST
from lmpdrive.common.say import Say
from lmpdrive.config import Config, dump_yaml, load
from lmpdrive.deck.commands import Deck, read_deck
from lmpdrive.engine.directory.frames_written import Expected, Written
from lmpdrive.engine.directory.output import next_number, set_aside
from lmpdrive.engine.directory.provenance import deck_was_edited
from lmpdrive.engine.restart.deck import Resumption, Seam, end_of, numbered, plan, plumed_files, resumed
from lmpdrive.engine.restart.files import Restart, candidates, recorded, why_unusable
from lmpdrive.engine.run import ResumedFrom
from lmpdrive.errors import ConfigError, DeckError, RunDirectoryError
from lmpdrive.stages.deck_that_ran import deck_was_edited_since, end_of_run

MAY_CHANGE = ("dynamics.production_ps=", "run.", "observables.")
"""Beginnings of the `--set` overrides that are allowed when a run is resumed."""


@dataclass(frozen=True)
class RestartPoint:
    """What to run: deck and log, and what it is resumed from (None: from the start).

    complete : there is nothing left to run.
    lost : which frames are missing and are not made again; empty if none.
    """

    deck: str = DECK
    log: str = LOG
    resumed_from: ResumedFrom | None = None
    complete: bool = False
    lost: str = ""


def resumed_config(folder: Path, overrides: Sequence[str]) -> Config:
    """The configuration of a run to be resumed.

    Raises RunDirectoryError for a folder that is no run, ConfigError for an override that would make it another run.
    """
    if not (folder / CONFIG).is_file() or read_manifest(folder).absent:
        raise RunDirectoryError(
            f"{folder} is not a run directory: it has no {CONFIG} or no {MANIFEST}. "
            "`lmpdrive simulate system.yaml --out DIR` makes one."
        )
    for override in overrides:
        if not override.startswith(MAY_CHANGE):
            raise ConfigError(
                f"--set {override}: a run is resumed as it began; only dynamics.production_ps (to extend it), run.* "
                f"and observables.* can change. For another run start from its end: system.read: {folder}/{FINAL_DATA}"
            )
    return load(folder / CONFIG, overrides)


def save_config(folder: Path, config: Config) -> None:
    """Write what `--set` changed, so that it also holds when the run is resumed again."""
    write_atomically(folder / CONFIG, dump_yaml(config))
    update_manifest(folder, files=read_manifest(folder).files | {CONFIG: sha256(folder / CONFIG)})


def choose_restart_point(
    folder: Path, config: Config, say: Say, restart: str | None = None, accept_deck: bool = False
) -> RestartPoint:
    """Choose the restart file (or take the one named) and write the deck that resumes from it.

    The caller holds the directory.  Raises DeckError if the deck cannot be resumed, RunDirectoryError if it is missing,
    or was edited after the run began and `accept_deck` is not set.
    """
    manifest = read_manifest(folder)
    written = manifest.files.get(CONFIG)
    if written is not None and written != sha256(folder / CONFIG):
        say(f"warning: {CONFIG} is not what was written: changed by hand, or damaged")
    if isinstance(config.potential.chosen, Integrated):
        return _by_ase(folder, config, say)
    return _by_lammps(folder, config, manifest, say, restart, accept_deck)


def _by_lammps(
    folder: Path, config: Config, manifest: Manifest, say: Say, restart: str | None, accept_deck: bool
) -> RestartPoint:
    deck = manifest.first_part.deck
    try:
        commands = read_deck(folder / deck)
    except OSError as error:
        raise RunDirectoryError(f"cannot read {folder / deck}: {error.strerror}") from None
    edited = (folder / LOG).exists() and deck_was_edited_since(folder, manifest, accept_deck, say)
    end = end_of_run(folder, commands, config, manifest)
    if not (folder / LOG).exists():
        say("nothing has run here: from the start")
        return _from_start(commands, end)
    finished = manifest.state == "finished"
    last_deck = manifest.last_part.deck if manifest.parts else deck
    sought = _Sought.of(folder, commands, config)
    if finished and (reached := _reached(folder, last_deck)) >= end:
        return RestartPoint(deck, complete=True, lost=sought.lost(reached))
    by_hand = deck_was_edited(folder, deck)  # then a person may have changed the groups
    system = manifest.system.model_copy(update={"groups": {}}) if by_hand else manifest.system
    chosen = _choose(folder, sought, system, config, restart, say)
    if chosen is not None and sought.before is not None:
        say(f"the guard stopped this run at step {sought.before}: from step {chosen.step} it may take the same course")
    if chosen is None and finished:
        raise RunDirectoryError(
            f"{folder} has finished, and there is no restart file to extend it from. Begin a new run from its "
            f"end: system.read: {folder}/{FINAL_DATA}"
        )
    if chosen is None:
        point = _from_start(commands, end)
        set_aside(folder, say)
        return point
    lost = sought.lost(chosen.step - 1)
    if chosen.step >= end:
        return RestartPoint(deck, complete=True, lost=lost)
    number = next_number(folder, deck)
    name = numbered(deck, number)
    at_seam = logged_energies(folder, chosen.step, len(system.species))
    at = Resumption(number, chosen.path.name, chosen.step, end, at_seam)
    write_atomically(folder / name, resumed(commands, at))
    for new, old in plumed_files(commands, number).items():
        write_atomically(folder / new, f"RESTART\n{(folder / old).read_text()}")
        say(
            f"warning: PLUMED appends to its files ({new} begins with RESTART); hills that were added after step "
            f"{chosen.step} are read too and count twice: take them out of the file of METAD first"
        )
    say(f"resuming at step {chosen.step} ({chosen.path.name}) toward step {end}: {name}")
    return RestartPoint(name, numbered(LOG, number), ResumedFrom(chosen.step, chosen.path.name, edited), lost=lost)


def _from_start(deck: Deck, end: int) -> RestartPoint:
    """Run the deck again as it is.  Raises ConfigError if `--set` asks for another length than it has."""
    if end != end_of(deck):
        raise ConfigError(
            f"dynamics.production_ps asks for {end} steps in all, but without a restart file {deck.name} is run from "
            f"the start, with its own {end_of(deck)} steps: resume without --set, and extend the run afterwards"
        )
    return RestartPoint(deck.name)


def _reached(folder: Path, deck: str) -> int:
    """The step at which a deck that has finished ended; -1 if the deck is not there or cannot be followed."""
    try:
        return end_of(read_deck(folder / deck))
    except (OSError, DeckError):
        return -1


def logged_energies(folder: Path, step: int, atoms: int) -> Seam | None:
    """The energies that the log has for a step; None where it has none."""
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
    """What a restart must be for the run to be resumed from it.

    alternating : the files that the deck writes every so many steps.
    frames, written : which there should be (None: not known), and which there are.
    every : steps between two of them.
    log_until : the last step in the logs; None: no log can be read.
    before : the step at which the guard stopped the run.
    """

    alternating: dict[str, int]
    frames: Expected | None
    written: Written
    every: int
    log_until: int | None
    before: int | None

    @classmethod
    def of(cls, folder: Path, deck: Deck, config: Config) -> _Sought:
        from lmpdrive.trajectory import thermo_of

        whole = plan(deck)
        periods = [c.words for c in whole if c.name == "restart" and len(c.words) == 4 and c.words[1].isdigit()]
        thermo = thermo_of(folder)
        end = guard.first_end(guard.events_of(folder))
        return cls(
            {name: int(words[1]) for words in periods for name in words[2:] if int(words[1])},
            Expected.of(deck),
            Written.of(folder),
            config.steps(config.output.frames_every_fs),
            None if thermo is None else int(thermo["Step"].iloc[-1]),
            end.step if end is not None and end.action == "stop" else None,
        )

    def missing(self, until: int) -> list[tuple[int, int]]:
        """Stretches of frames up to a step that should be there and are not."""
        return self.written.missing(self.frames, 0, until)

    def lost(self, until: int) -> str:
        """The same in words; empty if none is missing."""
        missing = self.missing(until)
        return self.written.why(missing) if missing else ""

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
    folder: Path, sought: _Sought, system: SystemSection, config: Config, only: str | None, say: Say
) -> Restart | None:
    """The restart to resume from, `only` the one that the user chose; None: from the start."""
    python = config.potential.interpreter()
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
        if problem := sought.problem(one, known) or why_unusable(one, system, python):
            say(f"{one.path.name} {problem}: not used")
            continue
        # a frame of the restart's own step is written again
        missing = sought.missing(one.step - 1)
        if only or not missing:
            return one
        last = sought.written.last_before(missing[0][0])
        say(f"{one.path.name} (step {one.step}) is beyond the last whole frame (step {last}): is there an older one?")
        behind = behind or one
    if only is not None:
        raise RunDirectoryError(f"--restart {only} cannot be used. {_choices(folder)}")
    if behind is not None:
        say(
            f"warning: frames before step {behind.step} are missing, and no older restart is there to make them again: "
            f"{sought.lost(behind.step - 1)}"
        )
        return behind
    say("no restart file can be used: from the start")
    return None


def _choices(folder: Path) -> str:
    usable = [f"{one.path.name} (step {one.step})" for one in candidates(folder) if not one.problem]
    return f"Choices: {', '.join(usable)}" if usable else "There is none that can be used; leave out --restart"


def _by_ase(folder: Path, config: Config, say: Say) -> RestartPoint:
    """A run by ASE keeps its state in one file; its trajectories are numbered as those of LAMMPS are."""
    end = config.equilibrate_steps + config.production_steps
    if config.dynamics.ensemble == "minimise" and read_manifest(folder).state == "finished":
        return RestartPoint(complete=True)
    step = _step_of_ase_state(folder, say)
    if step is not None and step >= end:
        return RestartPoint(complete=True)
    if step is not None:
        say(f"resuming at step {step} ({ASE_STATE}) toward step {end}")
        return RestartPoint(resumed_from=ResumedFrom(step, ASE_STATE))
    if (folder / LOG).exists():
        say("no state was saved that can be used: from the start")
        set_aside(folder, say)
    return RestartPoint()


def _step_of_ase_state(folder: Path, say: Say) -> int | None:
    """The step of the saved state; None if there is none that can be used."""
    path = folder / ASE_STATE
    if not path.is_file():
        return None
    try:
        with np.load(path) as state:
            held = {name: state[name] for name in state.files}
        if not all(np.isfinite(held[name]).all() for name in ("positions", "momenta")):
            raise ValueError("numbers that are not finite")
        return int(held["step"])
    except Exception as error:  # a damaged zip file raises many things
        say(f"{ASE_STATE} cannot be used: {error}")
        return None
