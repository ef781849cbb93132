"""Whether the barostat acts along directions that can hold a pressure.  Lengths in Å, pressures in bar."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lmpdrive.architectures import Problem
from lmpdrive.checks.case import Case
from lmpdrive.checks.rules.space import A_BUBBLE_A
from lmpdrive.checks.slab_term import slab_term_bar
from lmpdrive.deck.context import boundary

VARIES = {"z": (2,), "xy": (0, 1)}
"""`barostat.coupling` -> cell vectors that vary; all three for the others."""
AXES = "abc"
NEGLIGIBLE_BAR = 1.0
UNREDUCED, REFUSED = 0.5 + 1e-6, 1.5 - 1e-6
"""Skew of a cell vector in units of the other's length: LAMMPS' own limits (src/domain.cpp, src/fix_nh.cpp)."""


def npt_over_vacuum(case: Case) -> Iterator[Problem]:
    """A vacuum holds no pressure: the barostat closes it, or opens it without end."""
    if case.npt is None:
        return
    coupling = case.config.dynamics.barostat.coupling
    gaps = case.gaps_A
    empty = [k for k in range(3) if gaps[k] > A_BUBBLE_A]
    if len(empty) == 3:
        yield Problem(
            "warning",
            f"{case.npt}: gaps of {min(gaps):.1f} Å or more along all cell vectors. The barostat closes the vacuum "
            "around a cluster; only a gas keeps its volume. Use nvt for a cluster.",
        )
        return
    cure = "Set dynamics.barostat.coupling: xy (a and b together, c is kept), or ensemble: nvt."
    for k in set(empty) & set(VARIES.get(coupling, (0, 1, 2))):
        yield Problem(
            "error",
            f"{case.npt} with dynamics.barostat.coupling: {coupling}: the cell has {gaps[k]:.1f} Å of vacuum along "
            f"{AXES[k]}, which holds no pressure, so the barostat closes or opens it. "
            + (cure if empty == [2] else "Use ensemble: nvt."),
        )
    if not empty and _slab_corrected(case) and coupling != "xy":
        yield Problem(
            "error",
            f"{case.npt} with dynamics.barostat.coupling: {coupling}: the cell is not periodic along c (boundary "
            f"p p f, for the slab correction of {case.config.potential.architecture}), and LAMMPS can change periodic "
            f"lengths only. {cure}",
        )


def skew_of_the_cell(case: Case) -> Iterator[Problem]:
    """The same lattice has less skewed vectors: LAMMPS is slower with these, and its barostat refuses large skews."""
    a, b, c = case.system.atoms.cell.array
    for name, tilt, by, length in (("b", b[0], "a", a[0]), ("c", c[0], "a", a[0]), ("c", c[1], "b", b[1])):
        if abs(tilt) <= UNREDUCED * length:
            continue
        times = round(tilt / length)
        vector = f"{name} {'-' if times > 0 else '+'} {abs(times)} {by}"
        what = f"the cell vector {name} leans {abs(tilt):.2f} Å along {by}, more than half of its {length:.2f} Å"
        refused = case.npt is not None and abs(tilt) > REFUSED * length
        yield Problem(
            "error" if refused else "note",
            f"{what}: {'the barostat of LAMMPS refuses it' if refused else 'LAMMPS is slower with it'}. {vector} in "
            "its place is the same lattice.",
        )


def pressure_without_the_slab_correction(case: Case) -> Iterator[Problem]:
    """LAMMPS' in-plane pressure lacks the term of `kspace_modify slab` (docs/checks.md has the measurement)."""
    if case.npt is None or not case.readable or not _slab_corrected(case):
        return
    charges = case.config.potential.charges_e(case.system)
    if charges is None:
        return
    atoms = case.system.atoms
    dipole_eA = float(np.dot(charges, atoms.positions[:, 2]))
    missing_bar = slab_term_bar(dipole_eA, atoms.get_volume())
    if missing_bar > NEGLIGIBLE_BAR:
        yield Problem(
            "warning",
            f"{case.npt} with the slab correction: LAMMPS leaves its term out of the pressure, in-plane "
            f"{missing_bar:.0f} bar for this structure's dipole of {dipole_eA:+.2f} e Å; it varies with the dipole. "
            "The cell will be slightly too small; use nvt, or two wet faces (system.build.vacuum_A: 0).",
        )


def _slab_corrected(case: Case) -> bool:
    return boundary(case.config, case.system).endswith("f")
