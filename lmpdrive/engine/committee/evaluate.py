"""All members on all frames, several processes at a time; only what no file knows yet."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmpdrive.common.say import Say
from lmpdrive.common.trust import require
from lmpdrive.engine.agreement.own_calculator import can_make
from lmpdrive.engine.committee import file as committee_file
from lmpdrive.engine.committee.file import Evaluations
from lmpdrive.engine.committee.members import Member
from lmpdrive.engine.committee.worker import DONE, NO_CALCULATOR
from lmpdrive.engine.lammps_library import environment
from lmpdrive.errors import LmpdriveError, ModelError
from lmpdrive.trajectory.labelled import LabelledFrames
from lmpdrive.trajectory.room import with_room

Array = NDArray[np.float64]
Progress = Callable[[int, int], object]
ThroughLammps = Callable[[Member, LabelledFrames, Callable[[int], bool]], tuple[Array, Array]]
"""Energies (F,) and forces (N, 3) of frames by a member without a calculator of its own.  The last argument is called
with the number of frames that are done, and returns True to stop."""


@dataclass(frozen=True)
class Frames:
    """Frames to evaluate, with their MD steps and times (NaN where unknown)."""

    content: LabelledFrames
    steps: Array
    times_ps: Array

    def __len__(self) -> int:
        return len(self.content)

    def hashes(self) -> list[str]:
        """sha256 of atoms, positions, cell and periodicity of each."""
        return [_hash(self.content, number) for number in range(len(self))]


@dataclass(frozen=True)
class Resources:
    """Processes at a time, threads of each, where a model runs (`cpu`, or `auto`: a GPU if its package takes one)."""

    processes: int = 1
    threads: int = 1
    device: str = "cpu"


def evaluate(
    members: Sequence[Member],
    frames: Frames,
    path: Path,
    resources: Resources = Resources(),
    *,
    through_lammps: ThroughLammps,
    forces: bool = False,
    progress: Progress | None = None,
    say: Say,
) -> Array:
    """(F, M) energies [eV] of the frames by each member; `path` remembers them, and forces if asked for.

    By the member's own calculator; where it has none, `through_lammps`.

    Raises ModelError if a member cannot run here or fails; UntrustedError for a model file that was not accepted.
    """
    for member in members:
        _must_be_able(member)
    known, hashes = committee_file.read(path), frames.hashes()
    known.add(
        hashes,
        frames.steps,
        frames.times_ps,
        {member.hash: member.name for member in members},
        {member.hash: member.potential.model_dump(mode="json") for member in members},
    )
    jobs = []
    for member in members:
        todo = np.flatnonzero(known.lacking(hashes, member.hash, forces))
        if len(todo):
            jobs.append(_Job(member, frames.content.some(todo), [hashes[i] for i in todo], through_lammps))
    total = sum(len(job.hashes) for job in jobs)
    if cached := len(members) * len(frames) - total:
        say(f"{cached} of {len(members) * len(frames)} evaluations are in {path.name} already")
    if jobs:
        say(f"evaluating {total} frames by {len(jobs)} of {len(members)} potentials, {resources.processes} at a time")
        _run(jobs, known, path, resources, forces, progress)
    return known.of(hashes, [member.hash for member in members])


def _must_be_able(member: Member) -> None:
    potential = member.potential
    require(potential.programs())
    found = [problem for problem in potential.problems(None) if problem.level == "error"]
    if wrong := [problem.message for problem in found or potential.environment_problems()]:
        raise ModelError(f"{member.name} (architecture {Path(potential.architecture).stem}): {'; '.join(wrong)}")


class _Job:
    """One member on the frames that it lacks."""

    def __init__(
        self, member: Member, frames: LabelledFrames, hashes: list[str], through_lammps: ThroughLammps
    ) -> None:
        self.member, self.frames, self.hashes, self._through_lammps = member, frames, hashes, through_lammps
        self.done = 0
        self._process: subprocess.Popen[str] | None = None
        self._stopped = threading.Event()

    def run(self, resources: Resources) -> tuple[Array, Array]:
        """Energies (F,) and forces (N, 3).  Raises ModelError with the member's name."""
        found = self._by_calculator(resources) if can_make(self.member.potential) else None
        energies, forces = found or self._by_lammps()
        if bad := int((~np.isfinite(energies)).sum()):
            raise ModelError(f"{self.member.name}: its energy is not finite in {bad} of {len(energies)} frames")
        self.done = len(energies)
        return energies, forces

    def stop(self) -> None:
        """End what still runs."""
        self._stopped.set()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def _by_lammps(self) -> tuple[Array, Array]:
        try:
            return self._through_lammps(self.member, self.frames, self._watched)
        except LmpdriveError as error:
            raise ModelError(f"{self.member.name}, through LAMMPS: {error}") from error

    def _watched(self, done: int) -> bool:
        self.done = done
        return self._stopped.is_set()

    def _by_calculator(self, resources: Resources) -> tuple[Array, Array] | None:
        """In a process of its own; None if it has none.  Raises ModelError with the last line that it wrote."""
        with tempfile.TemporaryDirectory(prefix="lmpdrive-committee-") as name:
            folder = Path(name)
            section, given, answer = folder / "potential.json", folder / "frames.npz", folder / "answer.npz"
            section.write_text(json.dumps(self.member.potential.model_dump(mode="json")))
            with_room(self.frames).save(given)
            command = ["-m", "lmpdrive.engine.committee.worker", section, given, answer]
            with (folder / "stderr").open("w+") as errors:
                self._process = subprocess.Popen(
                    [self.member.potential.interpreter().python, *map(str, command)],
                    cwd=folder,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                    env=environment(resources.device, resources.threads),
                )
                assert self._process.stdout is not None
                for line in self._process.stdout:
                    if line.startswith(DONE):
                        self.done = int(line.removeprefix(DONE))
                if self._process.wait() == NO_CALCULATOR:
                    return None
                if self._process.returncode:
                    errors.seek(0)
                    raise ModelError(f"{self.member.name}: {_last_line(errors.read())}")
            with np.load(answer) as content:
                return content["energies"], content["forces"]


def _last_line(text: str) -> str:
    """The last line that names an exception, as libraries write more after it; else the last line."""
    lines = text.strip().splitlines() or ["it ended without a message"]
    named = [line for line in lines if re.match(r"[\w.]*(Error|Exception|Interrupt)\b", line)]
    return (named or lines)[-1].removeprefix(f"{ModelError.__module__}.{ModelError.__name__}: ")


def _run(
    jobs: list[_Job], known: Evaluations, path: Path, resources: Resources, forces: bool, progress: Progress | None
) -> None:
    """All jobs; each member's answer is written when it is there, so that an interruption loses the others' only."""
    total = sum(len(job.hashes) for job in jobs)
    with ThreadPoolExecutor(max(1, resources.processes)) as pool:
        running: dict[Future[tuple[Array, Array]], _Job] = {pool.submit(job.run, resources): job for job in jobs}
        try:
            while running:
                finished, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in finished:
                    job = running.pop(future)
                    energies, theirs = future.result()
                    known.put(job.hashes, job.member.hash, energies, _by_frame(theirs, job) if forces else None)
                    committee_file.write(known, path)
                if progress:
                    progress(sum(job.done for job in jobs), total)
        except BaseException:
            for future in running:
                future.cancel()
            for job in jobs:
                job.stop()
            raise


def _by_frame(forces: Array, job: _Job) -> Array:
    """(F, N, 3), of frames with the same number of atoms."""
    return forces.reshape(len(job.hashes), -1, 3)


def _hash(frames: LabelledFrames, number: int) -> str:
    atoms = frames.atoms(number)
    digest = hashlib.sha256(np.asarray(atoms.numbers, np.int64).tobytes())
    for array in (atoms.positions, atoms.cell.array, atoms.pbc.astype(float)):
        digest.update(np.ascontiguousarray(array, np.float64).tobytes())
    return digest.hexdigest()[:32]
