"""Turn a deck into one that tells what LAMMPS computes on some frames.  Pure: text to text.

The deck stays as it is up to its guard (fixed layers, biases): there the first frame is evaluated, so that
only the potential acts.  For the frames of a short run the forces are kept before the guard's fixes change
them.  https://docs.lammps.org/fix_store_force.html
"""

from __future__ import annotations

from collections.abc import Sequence

from lmpdrive.engine.deck_text import commands, cut_minimisation, external

GUARD = "# --- guard"
"""Comment of base.lmp.j2 where this part begins."""
PREFIX = ".equality"
"""Of the files that such a deck writes: PREFIX.txt and PREFIX.<n>.dump."""
MINIMISE_STEPS = 50

ENERGY, VIRIAL, FORCES = "lmpdrive_energy", "lmpdrive_virial", "lmpdrive_forces"
"""Our computes and our fix: energy without biases, virial without its kinetic part, forces before the guard's fixes."""
PRESSURES = [f"c_{VIRIAL}[{k}]" for k in range(1, 7)]
# between runs LAMMPS knows what the last thermo line asked for, nothing else; the guard needs the temperature
THERMO = f"thermo_style custom step temp pe c_{ENERGY} {' '.join(PRESSURES)}\n"

_STARTS = ("velocity", "minimize", "run", "rerun")


def first_frame(deck: str) -> str:
    """The deck up to its guard, then the first frame."""
    pieces = list(commands(deck))
    return "".join([*pieces[: _guard(pieces)], *_first()])


def short_run(deck: str, frames: int = 5, every: int = 8) -> str:
    """The first frame, then `frames` frames of the deck's first run, cut to `frames` x `every` steps.

    A minimisation before it is cut to MINIMISE_STEPS; without a run its end is the only further frame.
    """
    pieces = list(commands(deck))
    guard = _guard(pieces)
    externals = [fix for fix in map(external, pieces) if fix is not None]
    text = [*pieces[:guard], *_first(), f"fix {FORCES} all store/force\n"]
    runs = [0]
    for piece in pieces[guard:]:
        words = piece.replace("&", " ").split()
        if words[:1] == ["run"]:
            runs = [every] * frames
            break
        text.append(cut_minimisation(piece, MINIMISE_STEPS))
    text.append(THERMO)  # the deck's own asks for other numbers
    for number, steps in enumerate(runs, start=1):
        energy = "+".join([f"c_{ENERGY}", *(f"f_{fix}" for fix in externals)])
        text += [f"run {steps} post no\n", *_tell(number, energy, [f"f_{FORCES}[{k}]" for k in (1, 2, 3)])]
    return "".join(text)


def _guard(pieces: Sequence[str]) -> int:
    """Where the guard begins; in a deck without our comments, at the first fix that is not the potential's."""
    marked = next((i for i, piece in enumerate(pieces) if piece.startswith(GUARD)), None)
    if marked is not None:
        return marked
    for i, piece in enumerate(pieces):
        word = piece.split()[0] if piece.split() else ""
        if word in _STARTS or (word == "fix" and external(piece) is None):
            return i
    return len(pieces)


def _first() -> list[str]:
    # nothing but the potential acts here: the total energy, so that a missing `fix_modify energy yes` shows
    return [
        f"compute {ENERGY} all pe pair bond angle dihedral improper kspace\n",
        f"compute {VIRIAL} all pressure NULL virial\n",
        THERMO,
        "run 0 post no\n",
        *_tell(0, "pe", ["fx", "fy", "fz"]),
    ]


def _tell(number: int, energy: str, forces: Sequence[str]) -> list[str]:
    """Commands that append a line to PREFIX.txt, and write PREFIX.<number>.dump."""
    box = ("vol", "xlo", "xhi", "ylo", "yhi", "zlo", "zhi", "xy", "xz", "yz")
    numbers = " ".join(f"$({name}:%.17g)" for name in (energy, *PRESSURES, *box))
    return [
        f'print "$(step) {numbers}" append {PREFIX}.txt screen no\n',
        f"write_dump all custom {PREFIX}.{number}.dump id x y z {' '.join(forces)} modify sort id format float %.17g\n",
    ]
