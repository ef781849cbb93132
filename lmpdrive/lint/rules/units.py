"""Times in the wrong unit, and unsuitable damping times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lmpdrive.lint.deck import Deck, Fix
from lmpdrive.lint.elements import is_element
from lmpdrive.lint.potentials import coefficients
from lmpdrive.lint.registry import Found, rule
from lmpdrive.lint.walk import Command, number

TIMESTEP_ERROR_FS, TIMESTEP_WARNING_FS = 50.0, 5.0
SHORTEST_TIMESTEP_FS = 0.01
HYDROGEN_FS = 1.0
AXES = ("iso", "aniso", "tri", "x", "y", "z", "xy", "yz", "xz")
WEAK = ("langevin", "temp/berendsen", "temp/csvr", "temp/csld")
"""Baths that may be weak on purpose; a Nosé-Hoover chain needs its 100 timesteps."""
STEPS = {"chain": (20, 1_000), "weak": (20, 20_000), "barostat": (100, 20_000)}
FS_FOR_PS = {"chain": 10.0, "weak": 100.0, "barostat": 50.0}
"""From this many ps on, a damping in `units metal` is assumed to be in fs."""
USUAL_STEPS = {"chain": 100, "weak": 100, "barostat": 1_000}
PASCALS = 50_000
SLOWEST_STEPS = 10_000
"""Timesteps that make a damping of several ps a mistake rather than a weak coupling."""
HEAVY_U = 12.0
HEAVY_WARNING_FS, HEAVY_ERROR_FS = 20.0, 200.0
"""Beads and cold noble gases, all above 12 u, are run with steps of 10 to 100 fs."""


class Bath(NamedTuple):
    """A damping time of a fix, in the deck's unit."""

    fix: Fix
    kind: str
    damping: float

    @property
    def name(self) -> str:
        """Its name in the LAMMPS manual."""
        return "Pdamp" if self.kind == "barostat" else "Tdamp"


def baths(deck: Deck) -> Iterator[Bath]:
    """All thermostats and barostats whose damping is known."""
    for fix in deck.fixes:
        if fix.style in WEAK:
            found = [("weak", fix.args[2:3])]
        else:
            family = fix.style.startswith(("nvt", "npt", "nph", "rigid/n", "press/berendsen"))
            found = [("chain", _third(fix.args, "temp"))] if family else []
            found += [("barostat", _third(fix.args, key)) for key in AXES if family]
        for kind, words in found:
            damping = number(words[0]) if words else None
            if damping is not None and damping > 0:
                yield Bath(fix, kind, damping)


def _third(args: tuple[str, ...], keyword: str) -> tuple[str, ...]:
    at = args.index(keyword) if keyword in args else len(args)
    return args[at + 3 : at + 4]


@rule("timestep-unit", "error")
def timestep_unit(deck: Deck) -> Iterator[Found]:
    """A timestep in fs where `units` requires ps, or vice versa."""
    if deck.units not in ("metal", "real", "electron"):
        return
    for command in _timesteps(deck):
        value = number(command.arg(0))
        fs = None if value is None else deck.fs(value)
        if value is None or fs is None:
            continue
        what = f"timestep {value:g} in units {deck.units} is {fs:g} fs"
        heavy = _all_heavy(deck)
        if fs >= (HEAVY_ERROR_FS if heavy else TIMESTEP_ERROR_FS):
            fix = f"timestep {value / 1000:g} is {value:g} fs" if deck.units == "metal" else "0.5 fs with hydrogen"
            yield Found(command, what, fix)
        elif fs > (HEAVY_WARNING_FS if heavy else TIMESTEP_WARNING_FS) and not _divided(deck):
            yield Found(command, f"{what}: atoms move too far in it", "0.5 fs with hydrogen, 1 to 2 without", "warning")
        elif 0 < fs < SHORTEST_TIMESTEP_FS and deck.dynamics and not _needs_short_steps(deck):
            fix = f"timestep {value * 1000:g} is {value * 1000:g} fs" if deck.units == "real" else "0.0005 is 0.5 fs"
            yield Found(command, f"{what}: a picosecond takes {1000 / fs:.0f} steps", fix)


def _timesteps(deck: Deck) -> Iterator[Command]:
    """The `timestep` commands that a run uses: no other follows before it."""
    for i, command in enumerate(deck.commands):
        if command.name == "timestep":
            after = (c for c in deck.commands[i + 1 :] if c.name in ("timestep", "run") and c.arg(0) != "0")
            following = next(after, None)
            used = not deck.runs if following is None else following.name == "run" or following.conditional
            if used:
                yield command


def _all_heavy(deck: Deck) -> bool:
    masses = deck.types.masses
    return len(masses) >= deck.types.count > 0 and min(masses.values()) >= HEAVY_U


def _divided(deck: Deck) -> bool:
    """Whether a step is divided (r-RESPA), or is one of fields on a grid."""
    respa = any(c.arg(0).startswith("respa") for c in deck.named("run_style"))
    return respa or any(f.style == "atc" for f in deck.fixes)


def _needs_short_steps(deck: Deck) -> bool:
    """Electrons as particles, or as a field on a grid (fix atc)."""
    return deck.moves_electrons or any(f.style == "atc" for f in deck.fixes)


@rule("timestep-hydrogen", "warning")
def timestep_hydrogen(deck: Deck) -> Iterator[Found]:
    """More than 1 fs with free hydrogen."""
    if any(f.style in ("shake", "rattle") or f.style.startswith("rigid") for f in deck.fixes):
        return
    if not deck.dynamics or "H" not in deck.types.elements():
        return
    for command in _timesteps(deck):
        value = number(command.arg(0))
        fs = None if value is None else deck.fs(value)
        if fs is not None and HYDROGEN_FS < fs < TIMESTEP_ERROR_FS:
            what = f"timestep of {fs:g} fs with H: 0.5 fs resolves the O-H stretch, above 1 fs energies drift"
            yield Found(command, what, "0.5 fs, or bonds held by fix shake")


@rule("damping-unit", "error")
def damping_unit(deck: Deck) -> Iterator[Found]:
    """A damping time in fs where `units` requires ps, or vice versa."""
    for bath in baths(deck):
        if wrong := _wrong_unit(deck, bath):
            what, fix = wrong
            yield Found(bath.fix.command, what, fix)


@rule("damping-far", "warning")
def damping_far(deck: Deck) -> Iterator[Found]:
    """A damping time far from 100 timesteps (barostat: 1000): weak control of the temperature, or oscillations."""
    for bath in baths(deck):
        step = deck.timestep(bath.fix.first)
        if not step or step <= 0 or _wrong_unit(deck, bath) or _timestep_is_wrong(deck, step):
            continue
        low, high = STEPS[bath.kind]
        steps = bath.damping / step
        if not low <= steps <= high:
            what = f"{bath.name} {bath.damping:g} of fix {bath.fix.id} is {steps:g} timesteps"
            yield Found(bath.fix.command, what, f"{low} to {high}, e.g. {USUAL_STEPS[bath.kind] * step:g}")


def _wrong_unit(deck: Deck, bath: Bath) -> tuple[str, str] | None:
    setting = f"{bath.name} {bath.damping:g} of fix {bath.fix.id} in units {deck.units}"
    step = deck.timestep(bath.fix.first)
    known = bool(step and step > 0) and not _timestep_is_wrong(deck, step or 0)
    slow = not known or bath.damping >= SLOWEST_STEPS * (step or 0)
    if deck.units == "metal" and bath.damping >= FS_FOR_PS[bath.kind] and slow:
        return f"{setting} is {bath.damping:g} ps", f"write {bath.damping / 1000:g} if you mean {bath.damping:g} fs"
    if deck.units == "real" and bath.damping <= 1 and not deck.moves_electrons:
        return f"{setting} is {bath.damping:g} fs", f"write {bath.damping * 1000:g} if you mean {bath.damping:g} ps"
    if step and step > 0 and bath.damping < 2 * step and not _timestep_is_wrong(deck, step):
        steps = bath.damping / step
        return (
            f"{setting} is {steps:g} timesteps",
            f"write {USUAL_STEPS[bath.kind] * step:g}, which is {USUAL_STEPS[bath.kind]} timesteps",
        )
    return None


def _timestep_is_wrong(deck: Deck, step: float) -> bool:
    if deck.moves_electrons:
        return False
    fs = deck.fs(step)
    known = deck.units in ("metal", "real", "electron") and fs is not None
    return known and not SHORTEST_TIMESTEP_FS <= (fs or 0) < TIMESTEP_ERROR_FS


@rule("pressure-unit", "warning")
def pressure_unit(deck: Deck) -> Iterator[Found]:
    """A barostat's pressure that looks like pascals: `metal` uses bar, `real` atmospheres."""
    unit = {"metal": "bar", "real": "atm"}.get(deck.units)
    for fix in deck.fixes:
        if unit is None or not fix.style.startswith(("npt", "nph", "press/berendsen")):
            continue
        for key in AXES:
            words = fix.args[fix.args.index(key) + 1 :][:2] if key in fix.args else ()
            high = [w for w in words if (number(w) or 0) >= PASCALS]
            if high:
                what = f"pressure {high[0]} of fix {fix.id} is in {unit}, not Pa"
                yield Found(fix.command, what, f"an atmosphere is 1 {unit}")
                break


@rule("units-missing", "warning")
def units_missing(deck: Deck) -> Iterator[Found]:
    """Elements are given, but no `units`: LAMMPS uses reduced units."""
    if deck.units != "lj" or deck.named("units") or not deck.runs:
        return
    for coefficient in coefficients(deck):
        if any(is_element(label) for label in coefficient.labels(deck.types.count)):
            yield Found(coefficient.command, "there is no `units` command: LAMMPS takes lj", "units metal, at the top")
            return


@rule("data-units", "warning")
def data_units(deck: Deck) -> Iterator[Found]:
    """The first line of the data file gives other units than the deck."""
    read, types = deck.last("read_data"), deck.types
    if read and types.units and types.units != deck.units:
        what = f"{types.source} says units = {types.units}, the deck has units {deck.units}"
        yield Found(read, what, f"units {types.units}, or convert positions and velocities")
