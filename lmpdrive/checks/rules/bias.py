"""A bias that this coupling cannot have, or that would tear an ion away at the start."""

from __future__ import annotations

from collections.abc import Iterator

from lmpdrive.architectures import Integrated, Problem
from lmpdrive.checks.case import Case
from lmpdrive.common.units import K_B_EV_PER_K
from lmpdrive.constituents import known_slab
from lmpdrive.deck.bias import colvars_text, plumed_file
from lmpdrive.errors import DeckError

WEAK_EV_PER_A2 = 0.05
"""F(z) of ions over metals has curvatures of about -0.1 eV/Å^2 between the layers."""
STRAINED_KT = 50
"""An ion whose spring holds more than this at the start is far from its window."""


def bias_by_ase(case: Case) -> Iterator[Problem]:
    """Colvars and PLUMED are parts of LAMMPS."""
    if case.config.dynamics.bias is not None and isinstance(case.config.potential.chosen, Integrated):
        yield Problem("error", "dynamics.bias: not with coupling: ase; use another coupling.")


def bias_in_the_deck(case: Case) -> Iterator[Problem]:
    """A file that cannot be read, an ion or a layer that is not there."""
    try:
        colvars_text(case.config, case.system)
        plumed_file(case.config)
    except DeckError as error:
        yield Problem("error", str(error))


def ion_far_from_its_window(case: Case) -> Iterator[Problem]:
    """Its spring would heat the system."""
    dynamics, system = case.config.dynamics, case.system
    umbrella = None if dynamics.bias is None else dynamics.bias.umbrella
    _, layers = known_slab(system.groups)
    if umbrella is None or umbrella.at_A is None or not layers or len(case.group(f"ion_{umbrella.ion}")) != 1:
        return  # the rule above says what is missing
    z = system.atoms.positions[:, 2]
    height = float(z[case.group(f"ion_{umbrella.ion}")][0] - z[layers[-1]].mean())
    energy = 0.5 * umbrella.stiffness_eV_per_A2(dynamics.temperature_K) * (height - umbrella.at_A) ** 2
    kt = K_B_EV_PER_K * dynamics.temperature_K
    if energy > STRAINED_KT * kt:
        yield Problem(
            "warning",
            f"dynamics.bias.umbrella: {umbrella.ion} is {height:.1f} Å above the layer at the start, and its window at "
            f"{umbrella.at_A:g} Å: the spring holds {energy / kt:.0f} kT. Place it there: system.build.ion_heights_A, "
            "or place: true for a structure from a file.",
        )


def spring_weaker_than_layers(case: Case) -> Iterator[Problem]:
    """The ion leaves its window where F(z) is more curved than the spring."""
    dynamics = case.config.dynamics
    umbrella = None if dynamics.bias is None else dynamics.bias.umbrella
    if umbrella is None or umbrella.k_eV_per_A2 is None or umbrella.k_eV_per_A2 >= WEAK_EV_PER_A2:
        return
    yield Problem(
        "warning",
        f"dynamics.bias.umbrella: {umbrella.k_eV_per_A2:g} eV/Å^2 is weak: between layers of water F(z) has barriers "
        "that are more curved, and no window holds the ion on them. Take more windows, or a stiffer spring.",
    )
