"""Compare LAMMPS with the model's own ASE calculator before a run, and for `lmpdrive check --compare`.

A model that is Python in the worker is compared there, with one more evaluation.  Others in two processes, as some
packages cannot share one with LAMMPS' plugin: LAMMPS as in a run, then

    python -m lmpdrive.engine.agreement.step0 RUN_DIR

which evaluates the frames that LAMMPS wrote, and answers in step0.json.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from lmpdrive.architectures import Architecture, AseEvaluator, Callback, Evaluator, Integrated
from lmpdrive.common.atomic import write_atomically
from lmpdrive.common.manifest import read_manifest, system_of
from lmpdrive.common.run_files import DECK
from lmpdrive.common.say import Say
from lmpdrive.config import Config
from lmpdrive.deck.commands import read_deck
from lmpdrive.engine.agreement.compare import Equality, UnequalError, compare, read_frames
from lmpdrive.engine.agreement.coverage import left_out
from lmpdrive.engine.agreement.deck import PREFIX, first_frame, short_run
from lmpdrive.engine.agreement.own_calculator import calculator_of, can_make, potential_of, run_module
from lmpdrive.engine.callback import Coupling
from lmpdrive.engine.directory import provenance
from lmpdrive.engine.run import Job, run
from lmpdrive.errors import EngineError, LmpdriveError, ModelError

ANSWER = "step0.json"
AUTO_MOST_ATOMS = 1000
"""An uncompiled model may want gigabytes for more: `compare: auto` leaves larger systems out."""
_OF_A_RUN = ("traj.", "log.", "worker.log", "report", "error.json", ANSWER)
"""Beginnings of file names that a comparison does not need."""


def has_calculator(potential: Architecture) -> bool:
    """False for architectures without a calculator of their own, and where nothing else runs."""
    biased = getattr(potential, "bias_tau", None) is not None
    return not isinstance(potential.chosen, Integrated) and not biased and can_make(potential)


def nothing_to_compare(potential: Architecture) -> Equality:
    """The result for an architecture without one."""
    if isinstance(potential.chosen, Integrated):
        return Equality(potential.limits(), reason="with coupling: ase that calculator itself runs")
    if can_make(potential):
        return Equality(potential.limits(), reason="potential.bias_tau: the committee drives, with a bias")
    return Equality(potential.limits(), reason=f"the architecture {potential.architecture} has none")


def wanted(config: Config, atoms: int, edited: bool) -> bool:
    """Whether a run begins with a comparison (`run.compare`); `edited`: a person changed the deck.

    auto: where it costs one evaluation, and where the deck is not the shipped template's.
    """
    if config.run.compare == "never" or not has_calculator(config.potential):
        return False
    if config.run.compare == "always":
        return True
    risky = edited or config.templates is not None
    return atoms <= AUTO_MOST_ATOMS and (risky or in_worker(config))


def in_worker(config: Config) -> bool:
    """Whether the comparison takes place in the worker itself."""
    return isinstance(config.potential.chosen, Callback)


def by_worker(lmp: Any, evaluator: Evaluator, config: Config, deck: Path) -> None:
    """The first frame of `deck` through a separate LAMMPS and the loaded model, in the run directory.

    Writes step0.json.  Raises UnequalError.  With `compare: auto` a comparison that fails is reported, not raised: the
    run itself says what is wrong with the model.
    """
    system = system_of(Path())
    limits = config.potential.limits()
    piece = Path(f"{PREFIX}.lammps")
    _clean(Path())
    try:
        commands = read_deck(deck)
        piece.write_text(first_frame(commands))
        other = type(lmp)(cmdargs=["-log", "none", "-screen", "none", "-nocite"])
        try:
            Coupling(other, evaluator, system.elements).run(piece)
        finally:
            other.close()
        model = evaluator if isinstance(evaluator, AseEvaluator) else AseEvaluator(calculator_of(config.potential))
        found = compare(read_frames(Path(), system.species), model, limits, left_out=left_out(commands))
    except Exception as error:  # a calculator of a third party may raise anything
        if config.run.compare == "always":
            raise
        found = Equality(limits, reason=f"{type(error).__name__}: {error}")
    finally:
        _clean(Path())
    _write(found, Path(ANSWER))
    if not found.equal:
        raise UnequalError(found.explanation)


def apart(run_dir: Path, config: Config, deck: str = DECK, whole: bool = False) -> Equality:
    """The first frame of the deck in `run_dir` (with `whole`, and five of a short run) in separate processes.

    Raises EngineError when LAMMPS gives no frame, ModelError when the calculator fails.
    """
    with tempfile.TemporaryDirectory(prefix="lmpdrive-compare-") as name:
        folder = Path(name)
        copy_for_comparison(run_dir, folder)
        commands = read_deck(run_dir / deck)
        (folder / f"{PREFIX}.lammps").write_text(short_run(commands) if whole else first_frame(commands))
        note = ""
        try:
            if run(folder, config, quiet=True, job=Job(f"{PREFIX}.lammps")) == "interrupted":
                raise KeyboardInterrupt
        except EngineError as error:
            if not (folder / f"{PREFIX}.txt").is_file():
                raise
            note = f"the short run did not reach its end. {str(error).splitlines()[0]}"
        try:
            run_module(config, "lmpdrive.engine.agreement.step0", folder, note, *left_out(commands), folder=folder)
        except ModelError as error:
            raise ModelError(f"the model's own calculator failed: {error}") from None
        return Equality.of(json.loads((folder / ANSWER).read_text()))


def before_run(run_dir: Path, config: Config, deck: str, say: Say, resumed: bool = False) -> bool:
    """Compare if `run.compare` says so; True where the worker is to do it.

    A run that is `resumed` was compared when it began, and is again only where the worker does it: the machine may be
    another one.  Raises UnequalError; with `compare: always` also whatever prevents the comparison.
    """
    (run_dir / ANSWER).unlink(missing_ok=True)
    edited = not resumed and provenance.deck_was_edited(run_dir, deck)
    if not wanted(config, len(system_of(run_dir).species), edited):
        return False
    if in_worker(config) or resumed:
        return in_worker(config)
    say("comparing the first frame with the model's own calculator (run.compare)")
    try:
        found = apart(run_dir, config, deck)
    except LmpdriveError as error:
        if config.run.compare == "always":
            raise
        found = Equality(config.potential.limits(), reason=str(error).splitlines()[0])
    _write(found, run_dir / ANSWER)
    say(f"step 0: {found.verdict}")
    raise_if_unequal(run_dir)
    return False


class VerdictPrinter:
    """Prints the worker's verdict once, as soon as it is available."""

    def __init__(self, run_dir: Path, say: Say) -> None:
        self._run_dir, self._say, self._printed = run_dir, say, False

    def poll(self) -> None:
        """Look for the verdict."""
        found = None if self._printed else answer_of(self._run_dir)
        if found:
            self._say(f"step 0: {found.verdict}")
            self._printed = True


def raise_if_unequal(run_dir: Path) -> None:
    """Raise UnequalError if the comparison in `run_dir` found a difference."""
    found = answer_of(run_dir)
    if found and not found.equal:
        raise UnequalError(f"{found.explanation}\nRun directory: {run_dir}")


def answer_of(run_dir: Path) -> Equality | None:
    """What a comparison in `run_dir` found, if there was one."""
    path = run_dir / ANSWER
    return Equality.of(json.loads(path.read_text())) if path.is_file() else None


def main(folder: Path, note: str = "", *left_out: str) -> None:
    """Evaluate the frames in `folder` and write step0.json there; `note` and `left_out` as of an Equality."""
    potential = potential_of(folder)
    frames = read_frames(folder, system_of(folder).species)
    model = AseEvaluator(calculator_of(potential))
    _write(compare(frames, model, potential.limits(), note, left_out), folder / ANSWER)


def _write(found: Equality, path: Path) -> None:
    write_atomically(path, json.dumps(found.content(), indent=1) + "\n")


def _clean(folder: Path) -> None:
    for path in folder.glob(f"{PREFIX}.*"):
        path.unlink()


def copy_for_comparison(run_dir: Path, folder: Path) -> None:
    """Deck, structure, models (links stay links) and files of a template, without the output of an earlier run."""
    for path in run_dir.iterdir():
        if path.name.startswith(_OF_A_RUN) or path.suffix == ".restart":
            continue
        if path.is_symlink():
            (folder / path.name).symlink_to(path.resolve())
        elif path.is_file():
            shutil.copy(path, folder)
    for name in read_manifest(run_dir).files:
        if "/" in name and (run_dir / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(run_dir / name, folder / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
