"""Evaluate frames with the potential of a run through LAMMPS itself, also where it has no calculator of its own.

The deck's model is read, without constraints and biases, and `rerun` computes each frame.  Frames have the atoms of
the run, in order of the ids.  https://docs.lammps.org/rerun.html
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmpdrive.common.box_bounds import box_bounds
from lmpdrive.common.manifest import system_of
from lmpdrive.common.run_files import DECK
from lmpdrive.config import Config
from lmpdrive.deck.commands import Deck, read_deck
from lmpdrive.engine.agreement.coverage import end_of_model
from lmpdrive.engine.agreement.deck import COMPUTES, ENERGY, PREFIX
from lmpdrive.engine.agreement.step0 import copy_for_comparison
from lmpdrive.engine.run import Job, run
from lmpdrive.errors import EngineError, ModelError, TrajectoryError
from lmpdrive.trajectory.labelled import LabelledFrames
from lmpdrive.trajectory.room import with_room

Array = NDArray[np.float64]

GIVEN, PER_ATOM, ENERGIES = "frames.dump", "atoms.dump", "energies.txt"
UPRIGHT_A = 1e-6
"""Components of a cell that LAMMPS has no place for: ay, az, bz."""
BOUND_A = 4.0
"""Layers of a solid or a liquid are nearer to each other; what is bound across the edge of a cell is cut by it."""


@dataclass(frozen=True)
class Evaluated:
    """What a deck gives F frames with N atoms in all.

    energies_eV : (F,); forces : (N, 3) eV/Å.
    charges_e : (N,), those of an electrode as it answers to each frame; None where the deck's atoms have none.
    """

    energies_eV: Array
    forces: Array
    charges_e: Array | None


def evaluate(
    run_dir: Path, config: Config, frames: LabelledFrames, poll: Callable[[int], bool | None] = lambda _: None
) -> Evaluated:
    """Energies, forces and charges that the deck in `run_dir` gives `frames`.

    `poll` is called a few times a second with the number of frames that are done; where it returns True, LAMMPS is
    asked to stop, which is a KeyboardInterrupt.

    Raises TrajectoryError for frames with other atoms than the run or a cell that LAMMPS cannot take, EngineError if
    LAMMPS fails, ModelError where an energy or a force is not finite.
    """
    species = system_of(run_dir).species
    _check(frames, species)
    with tempfile.TemporaryDirectory(prefix="lmpdrive-frames-") as name:
        folder = Path(name)
        copy_for_comparison(run_dir, folder)
        deck = read_deck(run_dir / DECK)
        axes = open_axes(deck)
        (folder / GIVEN).write_text(_dump(uncut(frames, axes) if axes else with_room(frames)))
        (folder / f"{PREFIX}.lammps").write_text(_deck(deck))
        written = folder / ENERGIES
        job = Job(f"{PREFIX}.lammps")
        if run(folder, config, quiet=True, job=job, poll=lambda: poll(_done(written))) == "interrupted":
            raise KeyboardInterrupt
        energies = np.loadtxt(folder / ENERGIES, usecols=1, ndmin=1)
        atoms = _per_atom(folder / PER_ATOM, len(species))
    forces, charges = atoms[:, :3], atoms[:, 3] if atoms.shape[1] > 3 else None
    if len(energies) != len(frames) or len(forces) != int(frames.counts.sum()):
        raise EngineError(f"LAMMPS evaluated {len(energies)} of {len(frames)} frames")
    if not (np.isfinite(energies).all() and np.isfinite(forces).all()):
        raise ModelError("an energy or a force is not finite")
    return Evaluated(energies, forces, charges)


def _done(energies: Path) -> int:
    """Frames in a file that begins with an empty line."""
    return max(0, energies.read_bytes().count(b"\n") - 1) if energies.is_file() else 0


def _check(frames: LabelledFrames, species: tuple[str, ...]) -> None:
    from ase.data import atomic_numbers

    expected = np.array([atomic_numbers[s] for s in species])
    if not (frames.counts == len(expected)).all() or (frames.numbers.reshape(len(frames), -1) != expected).any():
        raise TrajectoryError(f"frames for LAMMPS need the {len(expected)} atoms of the run directory, in its order")
    if np.abs(frames.cells[:, (0, 0, 1), (1, 2, 2)]).max() > UPRIGHT_A:
        raise TrajectoryError("LAMMPS needs cells with a along x and b in the xy plane: rotate the frames")


def open_axes(deck: Deck) -> list[int]:
    """Axes along which the deck does not repeat the cell."""
    letters = next((c.words[1:4] for c in reversed(deck.commands) if c.name == "boundary"), ())
    return [axis for axis, letter in enumerate(letters) if "p" not in letter]


def as_it_ran(frames: LabelledFrames, run: Path) -> LabelledFrames:
    """Saved frames of `run`, not repeated where its deck does not repeat the cell: they say so of no axis."""
    repeated = np.ones(3, dtype=bool)
    if (run / DECK).is_file():  # not where ASE moved the atoms
        repeated[open_axes(read_deck(run / DECK))] = False
    return replace(frames, pbc=frames.pbc & repeated)


def uncut(frames: LabelledFrames, axes: Sequence[int]) -> LabelledFrames:
    """Frames that no longer lie across the end of the cell along `axes`, which LAMMPS does not repeat.

    A frame that repeats the cell along such an axis may have a slab across the edge, where LAMMPS would cut it in two:
    what is bound there is shifted until the largest gap is where the cell ends.  One that does not repeat it is what it
    is, and only moved as a whole if it leaves the cell: a molecule that evaporated to below the lid is no neighbour of
    the metal's lower face.  Others stay where they are, since the grids of long-range sums make some meV of a shift.
    """
    positions, end = frames.positions.copy(), 0
    for n, cell, repeated in zip(frames.counts, frames.cells, frames.pbc, strict=True):
        own, end = slice(end, end + int(n)), end + int(n)
        inverse = np.linalg.inv(cell)
        scaled = positions[own] @ inverse
        for axis in axes:
            inside = (scaled[:, axis] >= 0).all() and (scaled[:, axis] < 1).all()
            if not repeated[axis]:
                if not inside:
                    scaled[:, axis] += 0.5 - (scaled[:, axis].min() + scaled[:, axis].max()) / 2
                    positions[own] = scaled @ cell
                continue
            x = np.sort(scaled[:, axis] % 1.0)
            gaps = np.diff(np.append(x, x[0] + 1.0))
            bound = gaps[-1] / np.linalg.norm(inverse[:, axis]) < BOUND_A
            if (bound and gaps.argmax() < len(x) - 1) or not inside:
                scaled[:, axis] = (scaled[:, axis] - x[gaps.argmax()] - gaps.max() / 2) % 1.0
                positions[own] = scaled @ cell
    return replace(frames, positions=positions)


def _has_charges(deck: Deck) -> bool:
    """https://docs.lammps.org/atom_style.html"""
    return any(c.name == "atom_style" and c.words[1] in ("charge", "full") for c in deck.commands)


def _deck(deck: Deck) -> str:
    model = deck.commands[: end_of_model(deck)]
    return "".join(
        [
            *(command.text for command in model),
            *COMPUTES,
            f"thermo_style custom step pe c_{ENERGY}\n",
            "thermo 1\n",
            f"dump atoms all custom 1 {PER_ATOM} id fx fy fz{' q' * _has_charges(deck)}\n",
            "dump_modify atoms sort id format float %.17g\n",
            "variable energy equal pe\n",
            f'fix energies all print 1 "$(step) $(v_energy:%.17g)" file {ENERGIES} screen no title ""\n',
            f"rerun {GIVEN} dump x y z box yes format native\n",
        ]
    )


def _dump(frames: LabelledFrames) -> str:
    """LAMMPS' text format, with 17 digits, which give the 64-bit numbers back."""
    text = []
    ends = np.cumsum(frames.counts)
    for number, (end, cell) in enumerate(zip(ends, frames.cells, strict=True)):
        n = int(frames.counts[number])
        letters = " ".join("pp" if periodic else "ff" for periodic in frames.pbc[number])
        text.append(f"ITEM: TIMESTEP\n{number}\nITEM: NUMBER OF ATOMS\n{n}\n{box_bounds(cell, letters)}")
        text.append("ITEM: ATOMS id x y z\n")
        rows = enumerate(frames.positions[end - n : end], start=1)
        text += [f"{i} {x:.17g} {y:.17g} {z:.17g}\n" for i, (x, y, z) in rows]
    return "".join(text)


def _per_atom(path: Path, n: int) -> Array:
    """(N, 3 or 4) of all frames: each has nine lines of header and `n` of "id fx fy fz" and perhaps q."""
    with path.open() as file:
        rows = [line.split()[1:] for number, line in enumerate(file) if number % (n + 9) >= 9]
    return np.array(rows, dtype=float).reshape(len(rows), -1)
