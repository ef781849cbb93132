"""Turn a deck into one that says what LAMMPS computes on some frames.  Pure.

All that shapes the potential is executed, wherever it stands in the deck: a frame is compared before the first run, and
before each later one that is preceded by a command which may change energies or forces (`pair_coeff`,
`neigh_modify exclude`, `set`).  Constraints and biases do not act.  For the frames of a short run they do, and the
forces are stored before other fixes change them.  https://docs.lammps.org/fix_store_force.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count

from lmpdrive.deck.commands import Command, Deck, cut_minimisation
from lmpdrive.engine.agreement.coverage import Coverage, Stretch, end_of_model, without_halts

PREFIX = ".equality"
"""Of the files that such a deck writes: PREFIX.txt and PREFIX.<n>.dump."""
MINIMISE_STEPS = 50

ENERGY, VIRIAL, FORCES = "lmpdrive_energy", "lmpdrive_virial", "lmpdrive_forces"
"""Our computes and our fix: energy without biases, virial without its kinetic part, forces before other fixes."""
PRESSURES = [f"c_{VIRIAL}[{k}]" for k in range(1, 7)]
# between runs LAMMPS knows what the last thermo line asked for, nothing else; the guard needs the temperature
THERMO = f"thermo_style custom step temp pe c_{ENERGY} {' '.join(PRESSURES)}\n"
COMPUTES = [
    f"compute {ENERGY} all pe pair bond angle dihedral improper kspace\n",
    f"compute {VIRIAL} all pressure NULL virial\n",
]
AS_THEY_ARE = ["fx", "fy", "fz"]
BEFORE_OTHER_FIXES = [f"f_{FORCES}[{k}]" for k in (1, 2, 3)]


def first_frame(deck: Deck) -> str:
    """The first frame, without constraints and biases, and one for each later change of the potential."""
    end = end_of_model(deck)
    text = [*(command.text for command in deck.commands[:end]), *COMPUTES]
    # no bias acts here: the total energy, so that a missing `fix_modify energy yes` shows
    first, *later = [*Coverage(deck.commands[end:], deck.commands[:end]).stretches(), Stretch("", False)]
    text += [first.text, *_frame(0, 0, "pe", AS_THEY_ARE)]
    text += _changes(later, 1, "pe", AS_THEY_ARE)
    return "".join(text)


def short_run(deck: Deck, frames: int = 5, every: int = 8) -> str:
    """The first frame, then `frames` frames of the deck's first run, cut to `frames` x `every` steps.

    A minimisation before it is cut to MINIMISE_STEPS; without a run its end is the only further frame.  Nothing halts.
    After them there is a frame for each later change of the potential.
    """
    end = end_of_model(deck)
    model, setup, later = deck.commands[:end], [], list(without_halts(deck.commands[end:]))
    while later and later[0].name != "run":
        setup.append(later.pop(0))
    lengths = [every] * frames if later else [0]
    text = [*(command.text for command in model), *COMPUTES, *_frame(0, 0, "pe", AS_THEY_ARE)]
    text += [f"fix {FORCES} all store/force\n", *(cut_minimisation(command, MINIMISE_STEPS) for command in setup)]
    energy = _energy([*model, *setup])
    for number, steps in enumerate(lengths, start=1):
        text += _frame(number, steps, energy, BEFORE_OTHER_FIXES)
    text += _changes(
        Coverage(later[1:], [*model, *setup, *later[:1]]).stretches(), len(lengths) + 1, energy, BEFORE_OTHER_FIXES
    )
    return "".join(text)


def _changes(later: Iterable[Stretch], number: int, energy: str, forces: Sequence[str]) -> list[str]:
    """A frame for each stretch that changes the potential; the commands of the others, as far as one follows."""
    text: list[str] = []
    pending: list[str] = []
    numbers = count(number)
    for stretch in later:
        pending.append(stretch.text)
        if stretch.frame:
            text += [*pending, *_frame(next(numbers), 0, energy, forces)]
            pending = []
    return text


def _energy(commands: Sequence[Command]) -> str:
    """The potential energy without biases: what LAMMPS computes itself, and what each callback says."""
    return "+".join([f"c_{ENERGY}", *(f"f_{c.external}" for c in commands if c.external is not None)])


def _frame(number: int, steps: int, energy: str, forces: Sequence[str]) -> list[str]:
    """Commands that make `steps` steps, append a line to PREFIX.txt, and write PREFIX.<number>.dump."""
    box = ("vol", "xlo", "xhi", "ylo", "yhi", "zlo", "zhi", "xy", "xz", "yz")
    numbers = " ".join(f"$({name}:%.17g)" for name in (energy, *PRESSURES, *box))
    return [
        THERMO,  # the deck's own asks for other numbers
        f"run {steps} post no\n",
        f'print "$(step) {numbers}" append {PREFIX}.txt screen no\n',
        f"write_dump all custom {PREFIX}.{number}.dump id x y z {' '.join(forces)} modify sort id format float %.17g\n",
    ]
