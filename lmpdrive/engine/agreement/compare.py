"""Whether LAMMPS computes what the model's own ASE calculator says, atom by atom.

Both see the same positions; LAMMPS its own types, the calculator the elements of the built system.  So the
comparison covers the deck's element order, units, cell, periodic images, energy, forces and virial.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lmpdrive.architectures import Configuration, Evaluation, Limits
from lmpdrive.engine.agreement.deck import PREFIX
from lmpdrive.errors import EngineError, ModelError

LARGE_FORCE_EV_PER_A, LARGE_COORDINATE_A = 10.0, 50.0
"""Above them rounding grows with forces and coordinates, and so do the limits."""
MOST_ORDERS = 24
"""Orders of the elements that are tried to explain a difference."""
BAR_PER_EV_A3 = 1.6021765e6
"""LAMMPS' own number, in units metal: its pressures are converted back with it."""


class UnequalError(ModelError):
    """LAMMPS and the model disagree."""


@dataclass(frozen=True)
class Frame:
    """A configuration in the order of the ids, and what LAMMPS computed for it."""

    step: int
    configuration: Configuration
    lammps: Evaluation


@dataclass(frozen=True)
class Difference:
    """LAMMPS minus calculator, absolute, in one frame; `factor` is that of the limits."""

    step: int
    energy_eV: float
    energy_eV_per_atom: float
    force_eV_per_A: float
    rms_force_eV_per_A: float
    virial_eV: float
    virial_eV_per_atom: float
    factor: float

    def ratios(self, limits: Limits) -> dict[str, float]:
        """Energy, forces and virial as multiples of what is allowed in this frame; inf where not finite."""
        allowed = limits.times(self.factor)
        found = {
            "energy": self.energy_eV_per_atom / allowed.energy_eV_per_atom,
            "forces": self.force_eV_per_A / allowed.force_eV_per_A,
            "virial": self.virial_eV_per_atom / allowed.virial_eV_per_atom,
        }
        return {name: ratio if np.isfinite(ratio) else np.inf for name, ratio in found.items()}

    def ratio(self, limits: Limits) -> float:
        """The worst of them: above 1 LAMMPS and model differ."""
        return max(self.ratios(limits).values())


@dataclass(frozen=True)
class Equality:
    """Differences of all frames and the limits.

    reason : why nothing was compared, or "".
    note : what else should be known, or "".
    causes : likely ones, where frames are not equal.
    left_out : commands of the deck that could change energies or forces and were not executed.
    """

    limits: Limits
    differences: Sequence[Difference] = ()
    reason: str = ""
    note: str = ""
    causes: Sequence[str] = ()
    left_out: Sequence[str] = ()

    @property
    def equal(self) -> bool:
        """Every frame within the limits; True also where nothing was compared."""
        return all(d.ratio(self.limits) <= 1 for d in self.differences)

    @property
    def verdict(self) -> str:
        """One line."""
        if self.reason:
            return f"LAMMPS is not compared with the model's own calculator: {self.reason}"
        n = len(self.differences)
        worst = max(self.differences, key=lambda d: d.ratio(self.limits))
        limits = self.limits.times(worst.factor)
        return (
            f"LAMMPS {'equals' if self.equal else 'DIFFERS from'} the model's own calculator in "
            f"{'the first frame' if n == 1 else f'{n} frames, at worst at step {worst.step}'}: max |ΔF| "
            f"{worst.force_eV_per_A:.1e} eV/Å (limit {limits.force_eV_per_A:.1e}), |ΔE| "
            f"{worst.energy_eV_per_atom:.1e} eV/atom (limit {limits.energy_eV_per_atom:.1e}), max |Δvirial| "
            f"{worst.virial_eV_per_atom:.1e} eV/atom (limit {limits.virial_eV_per_atom:.1e})"
            + (f". Not part of the comparison: {', '.join(self.left_out)}" if self.left_out else "")
        )

    @property
    def explanation(self) -> str:
        """The verdict, and the likely causes if it is bad."""
        return "\n".join([self.verdict, *(f"Likely cause: {cause}" for cause in self.causes)])

    def content(self) -> dict[str, Any]:
        """For the manifest."""
        return {"verdict": self.verdict, "equal": None if self.reason else self.equal} | asdict(self)

    @classmethod
    def of(cls, content: dict[str, Any]) -> Equality:
        """What `content` gave."""
        given = {key: content[key] for key in ("reason", "note", "causes", "left_out") if key in content}
        return cls(Limits(**content["limits"]), [Difference(**d) for d in content["differences"]], **given)


def read_frames(folder: Path, species: Sequence[str]) -> list[Frame]:
    """What a deck for a comparison wrote in `folder`; `species` are the elements by id.

    Raises EngineError if the deck has other atoms than the system.
    """
    from ase.data import atomic_numbers

    energies = folder / f"{PREFIX}.txt"
    if not energies.is_file():
        return []
    numbers = np.array([atomic_numbers[s] for s in species])
    frames = []
    for n, (step, energy, *rest) in enumerate(np.loadtxt(energies, ndmin=2)):
        dump = folder / f"{PREFIX}.{n}.dump"
        if not dump.is_file():
            break
        with dump.open() as stream:
            header = [next(stream) for _ in range(9)]
            atoms = np.loadtxt(stream, ndmin=2)
        ids = atoms[:, 0].astype(int)
        if ids.max() > len(numbers):
            raise EngineError(
                f"the deck creates atoms: LAMMPS has an atom {ids.max()}, the system {len(numbers)} atoms, so the "
                "elements of the others are not known. Create them in the structure, or set run.compare: never"
            )
        pressure, (volume, xlo, xhi, ylo, yhi, zlo, zhi, xy, xz, yz) = np.array(rest[:6]), rest[6:]
        xx, yy, zz, w_xy, w_xz, w_yz = pressure * volume / BAR_PER_EV_A3
        x, y, z = (word.startswith("p") for word in header[4].split()[-3:])
        frames.append(
            Frame(
                int(step),
                Configuration(
                    numbers[ids - 1],
                    atoms[:, 1:4] - np.array([xlo, ylo, zlo]),
                    np.array([[xhi - xlo, 0, 0], [xy, yhi - ylo, 0], [xz, yz, zhi - zlo]]),
                    (x, y, z),
                ),
                Evaluation(
                    float(energy), atoms[:, 4:7], np.array([[xx, w_xy, w_xz], [w_xy, yy, w_yz], [w_xz, w_yz, zz]])
                ),
            )
        )
    return frames


def compare(
    frames: Sequence[Frame],
    model: Callable[[Configuration], Evaluation],
    limits: Limits,
    note: str = "",
    left_out: Sequence[str] = (),
) -> Equality:
    """Evaluate every frame with `model` (a calculator behind AseEvaluator); raises whatever it raises.

    note, left_out : of the Equality.
    """
    differences = [difference(frame, model(frame.configuration)) for frame in frames]
    if not differences:
        return Equality(limits, reason="LAMMPS wrote no frame")
    found = Equality(limits, differences, note=note, left_out=left_out)
    if found.equal:
        return found
    bad = next(i for i, d in enumerate(differences) if d.ratio(limits) > 1)
    return replace(found, causes=causes(frames[bad], model, limits))


def difference(frame: Frame, model: Evaluation) -> Difference:
    """Absolute differences of one frame."""
    n, forces = len(model.forces), frame.lammps.forces - model.forces
    energy = abs(frame.lammps.energy_eV - model.energy_eV)
    virial = float(np.abs(frame.lammps.virial - model.virial).max())
    return Difference(
        step=frame.step,
        energy_eV=energy,
        energy_eV_per_atom=energy / n,
        force_eV_per_A=float(np.abs(forces).max()),
        rms_force_eV_per_A=float(np.sqrt((forces**2).mean())),
        virial_eV=virial,
        virial_eV_per_atom=virial / n,
        factor=max(
            1.0,
            float(np.abs(model.forces).max()) / LARGE_FORCE_EV_PER_A,
            float(np.abs(frame.configuration.positions).max()) / LARGE_COORDINATE_A,
        ),
    )


def causes(frame: Frame, model: Callable[[Configuration], Evaluation], limits: Limits) -> list[str]:
    """Why a frame may differ: another order of the elements, another unit, parts that are missing."""
    ratios = difference(frame, model(frame.configuration)).ratios(limits)
    if ratios["forces"] <= 1:
        what = [name for name, ratio in ratios.items() if ratio > 1]
        options = " and ".join(f"{name} yes" for name in what)
        return [f"the forces are equal, {' and '.join(what)} not: check that the deck has fix_modify ... {options}"]
    order = _other_order(frame, model, limits)
    if order:
        return [f"the deck's element order: LAMMPS computes what the model says when {order}; check pair_coeff"]
    ratio = _ratio(frame.lammps.forces, model(frame.configuration).forces)
    if ratio is not None:
        return [f"units: every force in LAMMPS is {ratio:.6g} times the model's"]
    return [
        "the element order of the deck (pair_coeff, types of system.data), another model file, a command that takes "
        "interactions out (neigh_modify exclude, special_bonds), or another fix or pair style that acts besides the "
        "model. If the deck changes forces on purpose, set run.compare: never"
    ]


def _other_order(frame: Frame, model: Callable[[Configuration], Evaluation], limits: Limits) -> str:
    """`"H is taken for O, O for H"` if the model with its elements permuted gives LAMMPS' forces."""
    from ase.data import chemical_symbols

    numbers = frame.configuration.numbers
    kinds = np.unique(numbers)
    for order in itertools.islice(itertools.permutations(kinds), 1, MOST_ORDERS):
        taken = dict(zip(kinds, order, strict=True))
        c = frame.configuration
        other = model(Configuration(np.array([taken[z] for z in numbers]), c.positions, c.cell, c.pbc))
        if difference(frame, other).ratios(limits)["forces"] <= 1:
            names = [(chemical_symbols[a], chemical_symbols[b]) for a, b in taken.items() if a != b]
            first, *more = [f"{a} is taken for {b}" if i == 0 else f"{a} for {b}" for i, (a, b) in enumerate(names)]
            return ", ".join([first, *more])
    return ""


def _ratio(a: np.ndarray, b: np.ndarray) -> float | None:
    """The factor between two sets of forces, if there is one."""
    ratio = float((a * b).sum() / max((b * b).sum(), 1e-300))
    return ratio if np.abs(a - ratio * b).max() <= 1e-3 * np.abs(b).max() and abs(ratio) > 1e-3 else None
