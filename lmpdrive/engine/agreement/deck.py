"""Turn a deck into one that says what LAMMPS computes on some frames.  Pure.

The deck is kept as it is up to the end of its model: there the first frame is evaluated, so that only the potential
acts, without constraints and biases.  For the frames of a short run the forces are stored before the other fixes
change them.  https://docs.lammps.org/fix_store_force.html
"""

from __future__ import annotations

from collections.abc import Sequence

from lmpdrive.deck.commands import Command, Deck, cut_minimisation

PREFIX = ".equality"
"""Of the files that such a deck writes: PREFIX.txt and PREFIX.<n>.dump."""
MINIMISE_STEPS = 50

ENERGY, VIRIAL, FORCES = "lmpdrive_energy", "lmpdrive_virial", "lmpdrive_forces"
"""Our computes and our fix: energy without biases, virial without its kinetic part, forces before other fixes."""
PRESSURES = [f"c_{VIRIAL}[{k}]" for k in range(1, 7)]
# between runs LAMMPS knows what the last thermo line asked for, nothing else; the guard needs the temperature
THERMO = f"thermo_style custom step temp pe c_{ENERGY} {' '.join(PRESSURES)}\n"

_STARTS = ("velocity", "minimize", "run", "rerun")
_NEIGHBOURS = ("neighbor", "neigh_modify")
_OF_THE_POTENTIAL = ("external", "pair", "ave/time", "electrode/", "qeq/")
"""Styles, or their beginnings, of fixes that belong to a potential: charges, callbacks, uncertainties."""


def first_frame(deck: Deck) -> str:
    """The deck up to the end of its model, then the first frame."""
    model = deck.commands[: end_of_model(deck)]
    return "".join([*(command.text for command in model), *_first()])


def short_run(deck: Deck, frames: int = 5, every: int = 8) -> str:
    """The first frame, then `frames` frames of the deck's first run, cut to `frames` x `every` steps.

    A minimisation before it is cut to MINIMISE_STEPS; without a run its end is the only further frame.
    """
    end = end_of_model(deck)
    text = [*(command.text for command in deck.commands[:end]), *_first(), f"fix {FORCES} all store/force\n"]
    runs = [0]
    for command in deck.commands[end:]:
        if command.name == "run":
            runs = [every] * frames
            break
        text.append(cut_minimisation(command, MINIMISE_STEPS))
    text.append(THERMO)  # the deck's own asks for other numbers
    energy = "+".join([f"c_{ENERGY}", *(f"f_{c.external}" for c in deck.commands if c.external is not None)])
    for number, steps in enumerate(runs, start=1):
        text += [f"run {steps} post no\n", *_print(number, energy, [f"f_{FORCES}[{k}]" for k in (1, 2, 3)])]
    return "".join(text)


def end_of_model(deck: Deck) -> int:
    """Where structure and potential are complete, as a position among the commands.

    That is before the neighbour lists which decks set behind the potential, and before the first fix that is not part
    of it; at the latest before atoms move.
    """
    commands = deck.commands
    pairs = [i for i, command in enumerate(commands) if command.name in ("pair_style", "pair_coeff")]
    for i, command in enumerate(commands):
        behind_the_potential = bool(pairs) and i > pairs[-1]
        if command.name in _STARTS or (command.name in _NEIGHBOURS and behind_the_potential) or _constrains(command):
            return i
    return len(commands)


def _constrains(command: Command) -> bool:
    """Whether it is a fix that is not the potential's."""
    style = command.words[3] if len(command.words) > 3 else ""
    return command.name == "fix" and not style.startswith(_OF_THE_POTENTIAL)


def _first() -> list[str]:
    # nothing but the potential acts here: the total energy, so that a missing `fix_modify energy yes` shows
    return [
        f"compute {ENERGY} all pe pair bond angle dihedral improper kspace\n",
        f"compute {VIRIAL} all pressure NULL virial\n",
        THERMO,
        "run 0 post no\n",
        *_print(0, "pe", ["fx", "fy", "fz"]),
    ]


def _print(number: int, energy: str, forces: Sequence[str]) -> list[str]:
    """Commands that append a line to PREFIX.txt, and write PREFIX.<number>.dump."""
    box = ("vol", "xlo", "xhi", "ylo", "yhi", "zlo", "zhi", "xy", "xz", "yz")
    numbers = " ".join(f"$({name}:%.17g)" for name in (energy, *PRESSURES, *box))
    return [
        f'print "$(step) {numbers}" append {PREFIX}.txt screen no\n',
        f"write_dump all custom {PREFIX}.{number}.dump id x y z {' '.join(forces)} modify sort id format float %.17g\n",
    ]
