"""Couple a model in this process to LAMMPS through `fix external pf/callback`.

LAMMPS calls back once per force evaluation, in its own order of the atoms; the model gets species,
positions and cell, and returns energy, forces and virial.  https://docs.lammps.org/fix_external.html

An exception inside a callback is swallowed by ctypes, and LAMMPS would go on with stale forces: here it is
kept, the run is stopped at that step, the configuration is written, and the exception is raised again.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive.architectures import Configuration, Evaluation, Evaluator
from lmpdrive.deck.commands import read_deck
from lmpdrive.engine.feed import feed
from lmpdrive.errors import EngineError, NotFiniteError

FAILED_FRAME = "failed_frame.xyz"

Array = NDArray[np.float64]


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
        self.memory = _Memory(lmp)

    def run(self, deck: Path, stopped: Callable[[], bool] = lambda: False) -> None:
        """Read a deck, and connect each `fix external` as soon as LAMMPS has it; `stopped` as in `feed`.

        Raises what the model raised, EngineError for a deck without such a fix, and LAMMPS' own errors.
        """
        if not any(command.external for command in read_deck(deck).commands):
            raise EngineError(
                f"{deck.name} has no `fix ... external pf/callback`: nothing would compute the forces. "
                "Render the deck again, or add: fix model all external pf/callback 1 1"
            )
        feed(self.lmp, deck, stopped, self._connect, self._raise)

    def _connect(self, fix: str) -> None:
        self.lmp.set_fix_external_callback(fix, self._callback, fix)

    def _raise(self) -> None:
        if self.error is not None:
            raise self.error

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
            self.memory.set_answer(fix, answer, n)
        except BaseException as error:
            self.error = error
            forces[:] = 0.0
            # ends the current run when it next checks the clock, and later runs at once
            self.lmp.lib.lammps_force_timeout(self.lmp.lmp)
            if configuration is not None:
                write_failed_frame(_atoms(configuration), step, error, self.folder)

    def _configuration(self, step: int, n: int, positions: Any) -> Configuration:
        low, cell, periodic = self.memory.box()
        # types are read every time: LAMMPS sorts its atoms now and then
        return Configuration(self.numbers[self.memory.types(n)], positions[:n] - low, cell, periodic, step)


class _Memory:
    """What a callback reads from LAMMPS and tells it, through the C library itself.

    The methods of the `lammps` module make Python objects of every number, at every step, and with the caches full of
    the model that is half of the time that is spent outside of it.  https://docs.lammps.org/Library_objects.html
    """

    def __init__(self, lmp: Any) -> None:
        self._lmp, self._lib = lmp.lmp, lmp.lib
        # the module changes the result's type of its own `lammps_extract_atom` from call to call
        prototype = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)
        self._extract_atom = prototype(("lammps_extract_atom", self._lib))
        self._box = np.zeros(9)  # corners; xy, yz, xz
        self._periodic, changes = (ctypes.c_int * 3)(), ctypes.c_int()
        self._places = (*(_pointer(self._box[k:]) for k in (0, 3, 6, 7, 8)), self._periodic, ctypes.pointer(changes))
        self._virial = np.zeros(6)
        self._virial_at = _pointer(self._virial)
        self._energies = np.zeros(0)
        self._energies_at = _pointer(self._energies)

    def box(self) -> tuple[Array, Array, tuple[bool, bool, bool]]:
        """Lower corner [Å], (3, 3) cell [Å], periodicity."""
        self._lib.lammps_extract_box(self._lmp, *self._places)
        x0, y0, z0, x1, y1, z1, xy, yz, xz = self._box.tolist()
        cell = np.array(((x1 - x0, 0.0, 0.0), (xy, y1 - y0, 0.0), (xz, yz, z1 - z0)))
        x, y, z = self._periodic
        return np.array((x0, y0, z0)), cell, (x != 0, y != 0, z != 0)

    def types(self, n: int) -> NDArray[np.int32]:
        """(n,) types of the atoms; a view."""
        address = self._extract_atom(self._lmp, b"type")
        return np.asarray((ctypes.c_int * n).from_address(address))

    def set_answer(self, fix: str, answer: Evaluation, n: int) -> None:
        """Energy, virial and, where the model has them, energies of the `n` atoms."""
        name = fix.encode()
        self._lib.lammps_fix_external_set_energy_global(self._lmp, name, answer.energy_eV)
        answer.virial.take(_VOIGT, out=self._virial)
        self._lib.lammps_fix_external_set_virial_global(self._lmp, name, self._virial_at)
        if answer.energies_eV is not None:
            if len(self._energies) != n:
                self._energies = np.zeros(n)
                self._energies_at = _pointer(self._energies)
            self._energies[:] = answer.energies_eV
            self._lib.lammps_fix_external_set_energy_peratom(self._lmp, name, self._energies_at)


_VOIGT = np.array((0, 4, 8, 1, 2, 5))
"""xx, yy, zz, xy, xz, yz of a (3, 3) array."""


def _pointer(values: Array) -> Any:
    return values.ctypes.data_as(ctypes.POINTER(ctypes.c_double))


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
    if math.isfinite(answer.energy_eV + answer.forces.sum() + answer.virial.sum()):
        return
    raise NotFiniteError(step)
