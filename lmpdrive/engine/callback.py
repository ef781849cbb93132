"""Couple a model in this process to LAMMPS through `fix external pf/callback`.

LAMMPS calls back once per force evaluation, in its own order of the atoms; the model gets species,
positions and cell, and returns energy, forces and virial.  https://docs.lammps.org/fix_external.html

An exception inside a callback is swallowed by ctypes, and LAMMPS would go on with stale forces: here it is
kept, the run is stopped at that step, the configuration is written, and the exception is raised again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lmpdrive.architectures import Configuration, Evaluation, Evaluator
from lmpdrive.errors import EngineError

FAILED_FRAME = "failed_frame.xyz"

_EXTERNAL = re.compile(r"^\s*fix\s+(\S+)\s+\S+\s+external\s+pf/callback\b")


class Coupling:
    """One model behind every `fix external pf/callback` of a LAMMPS instance.

    elements : of the LAMMPS types 1, 2, ...
    folder : where the configuration of a failure is written.
    error : what stopped the run, or None.
    """

    def __init__(self, lmp: Any, evaluator: Evaluator, elements: Sequence[str], folder: Path = Path()) -> None:
        from ase.data import atomic_numbers

        self.lmp, self.evaluator, self.folder = lmp, evaluator, folder
        self.numbers = np.array([0, *(atomic_numbers[e] for e in elements)])
        self.error: BaseException | None = None

    def run(self, deck: Path) -> None:
        """Read a deck, and connect each `fix external` as soon as LAMMPS has it.

        Raises what the model raised, EngineError for a deck without such a fix, and LAMMPS' own errors.
        """
        parts = split_at_externals(deck.read_text())
        if len(parts) == 1:
            raise EngineError(
                f"{deck.name} has no `fix ... external pf/callback`: nothing would compute the forces. "
                "Render the deck again, or add: fix model all external pf/callback 1 1"
            )
        for number, (text, fix) in enumerate(parts):
            piece = deck.with_name(f".{deck.name}.part{number}")  # a file, so that labels and jumps work
            piece.write_text(text)
            try:
                self.lmp.file(str(piece))
            finally:
                piece.unlink(missing_ok=True)
                if self.error is not None:
                    raise self.error
            if fix is not None:
                self.lmp.set_fix_external_callback(fix, self._callback, fix)

    def _callback(self, fix: str, step: int, n: int, tags: Any, positions: Any, forces: Any) -> None:
        configuration = None
        try:
            if self.error is not None:  # LAMMPS finishes its step after a failure
                forces[:] = 0.0
                return
            configuration = self._configuration(step, n, positions)
            answer = self.evaluator(configuration)
            _check(answer, step)
            forces[:] = answer.forces
            self.lmp.fix_external_set_energy_global(fix, answer.energy_eV)
            w = answer.virial
            self.lmp.fix_external_set_virial_global(fix, [w[0, 0], w[1, 1], w[2, 2], w[0, 1], w[0, 2], w[1, 2]])
            if answer.energies_eV is not None:
                self.lmp.fix_external_set_energy_peratom(fix, answer.energies_eV.tolist())
        except BaseException as error:
            self.error = error
            forces[:] = 0.0
            # ends the current run at its next look at the clock, and later runs at once
            self.lmp.lib.lammps_force_timeout(self.lmp.lmp)
            if configuration is not None:
                write_failed_frame(_atoms(configuration), step, error, self.folder)

    def _configuration(self, step: int, n: int, positions: Any) -> Configuration:
        low, high, xy, yz, xz, periodic, _ = self.lmp.extract_box()
        lx, ly, lz = (end - start for start, end in zip(low, high, strict=True))
        return Configuration(
            # types are read every time: LAMMPS sorts its atoms now and then
            self.numbers[self.lmp.numpy.extract_atom("type")[:n]],
            np.array(positions[:n]) - np.array(low),
            np.array([[lx, 0.0, 0.0], [xy, ly, 0.0], [xz, yz, lz]]),
            (bool(periodic[0]), bool(periodic[1]), bool(periodic[2])),
            step,
        )


def write_failed_frame(atoms: Any, step: int, error: BaseException, folder: Path = Path()) -> None:
    """`failed_frame.xyz`: where the model failed, and why."""
    from ase import Atoms
    from ase.io import write

    info = {"step": step, "error": f"{type(error).__name__}: {error}"}
    frame = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=atoms.pbc, info=info)
    write(folder / FAILED_FRAME, frame, format="extxyz")


def _atoms(configuration: Configuration) -> Any:
    from ase import Atoms

    return Atoms(configuration.numbers, configuration.positions, cell=configuration.cell, pbc=configuration.pbc)


def _check(answer: Evaluation, step: int) -> None:
    if np.isfinite(answer.energy_eV) and np.isfinite(answer.forces).all() and np.isfinite(answer.virial).all():
        return
    raise FloatingPointError(f"the model gave an energy, force or virial that is not finite at step {step}")


def split_at_externals(deck: str) -> list[tuple[str, str | None]]:
    """Pieces of a deck, each but the last ending with a `fix ID ... external pf/callback`, and that ID."""
    parts: list[tuple[str, str | None]] = []
    piece: list[str] = []
    for command in commands(deck):
        piece.append(command)
        fix = external(command)
        if fix is not None:
            parts.append(("".join(piece), fix))
            piece = []
    return [*parts, ("".join(piece), None)]


def external(command: str) -> str | None:
    """ID of a `fix ID ... external pf/callback`; None for any other command."""
    match = _EXTERNAL.match(re.sub(r"&\s*\n", " ", command))
    return match[1] if match else None


def commands(deck: str) -> Iterator[str]:
    """The deck's text in pieces of one command: lines joined by `&` or within triple quotes stay together."""
    piece = ""
    for line in deck.splitlines(keepends=True):
        piece += line
        if line.rstrip().endswith("&") or piece.count('"""') % 2:
            continue
        yield piece
        piece = ""
    if piece:
        yield piece
