"""Vacuum, density of the water, and width of the cell."""

from __future__ import annotations

from collections.abc import Iterator

from lmpdrive.architectures import Problem
from lmpdrive.checks.case import Case

LEAST_VACUUM_A = 10.0
A_BUBBLE_A = 8.0
"""Longer gaps contain no water: `system.two_sided` is decided by the same length."""
DENSITY_G_PER_CM3 = (0.8, 1.2)
SAME_HEIGHT_A = 1e-6
WIDEST_A = 24.0
"""Twice the longest cutoff in use: in wider cells the model need not be read."""


def missing_vacuum(case: Case) -> Iterator[Problem]:
    """One wet face: the film must not touch the slab's dry face above it."""
    gap = _gap_A(case)
    if len(case.group("metal")) and not case.system.two_sided and gap < LEAST_VACUUM_A:
        yield Problem(
            "warning",
            f"the vacuum is {gap:.1f} Å; with one wet face it should be {LEAST_VACUUM_A:g} Å or more, or the film "
            "meets the other face of the slab. Set system.build.vacuum_A: 20, or 0 for two wet faces.",
        )


def hole_in_a_closed_cell(case: Case) -> Iterator[Problem]:
    """Both faces wet, but with a gap between them."""
    gap = _gap_A(case)
    if len(case.group("metal")) and case.system.two_sided and gap > A_BUBBLE_A and not _between_slabs(case):
        yield Problem(
            "warning",
            f"both faces of the slab are said to be wet, but {gap:.1f} Å along z are empty (at most {A_BUBBLE_A:g} Å "
            "in a liquid). Set system.two_sided: false, or add water.",
        )


def slab_correction_of_a_skewed_cell(case: Case) -> Iterator[Problem]:
    """LAMMPS' sums of long-ranged forces know a vacuum along z in orthogonal cells only."""
    long_ranged = case.config.potential.atom_style == "full"
    skewed = abs(float(case.system.atoms.cell[1, 0])) > SAME_HEIGHT_A
    if long_ranged and skewed and len(case.group("metal")) and case.system.vacuum_along_z:
        yield Problem(
            "error",
            f"the cell is skewed (b has {case.system.atoms.cell[1, 0]:.3f} Å along x), and LAMMPS has no slab "
            f"correction for that, which {case.config.potential.architecture} needs with one wet face. Choose a "
            "surface with an orthogonal cell (system.build.facet), or two wet faces (vacuum_A: 0).",
        )


def density_of_the_water(case: Case) -> Iterator[Problem]:
    """In the middle of the film, where there is one, of water without other solvents."""
    build = case.config.system.build
    if build is not None and (build.liquid or build).solvent:
        return  # water is only a part of the liquid
    density = case.system.report.bulk_water_density_g_per_cm3
    low, high = DENSITY_G_PER_CM3
    if density is not None and not low <= density <= high:
        yield Problem(
            "warning",
            f"the water has {density:.3f} g/cm^3 in the bulk region; the range is {low:g} to {high:g}, 0.997 at 298 K. "
            "Change system.build.waters (auto fills the film) or the cell's height.",
        )


def narrow_cell(case: Case) -> Iterator[Problem]:
    """An atom within the cutoff of its own image, or of two images of another atom."""
    width = case.nearest_image_A
    if width >= WIDEST_A or case.receptive_field is None:
        return
    cutoff = case.receptive_field.cutoff_A
    if cutoff == float("inf"):
        return
    if width < cutoff:
        yield Problem(
            "warning",
            f"the cell repeats after {width:.2f} Å, less than the cutoff {cutoff:g} Å: atoms feel their own "
            f"images. Take {2 * cutoff:g} Å or more (system.build.repeat).",
        )
    elif width < 2 * cutoff:
        yield Problem(
            "note",
            f"the cell repeats after {width:.2f} Å, less than twice the cutoff {cutoff:g} Å: atoms see some "
            f"neighbours twice. Forces are right, the structure is that of a small cell; {2 * cutoff:g} Å or more "
            "avoids it.",
        )


def _between_slabs(case: Case) -> bool:
    """Whether the widest gap is the vacuum behind two electrodes: metal on both of its sides."""
    import numpy as np

    from lmpdrive.constituents.layers import widest_gap

    z, height = case.system.atoms.positions[:, 2], case.system.atoms.cell[2, 2]
    gap, low = widest_gap(z, height)
    metal = z[case.group("metal")] % height
    ends = [float(np.abs((metal - end + height / 2) % height - height / 2).min()) for end in (low, low + gap)]
    return max(ends) < SAME_HEIGHT_A


def _gap_A(case: Case) -> float:
    from lmpdrive.constituents.layers import widest_gap

    atoms = case.system.atoms
    return widest_gap(atoms.positions[:, 2], atoms.cell[2, 2])[0]
