"""The charge of the cell, and the total charge that the potential is given."""

from __future__ import annotations

from collections.abc import Iterator

from lmpdrive.architectures import Problem
from lmpdrive.checks.case import Case

NEUTRAL_E = 1e-3


def charges_that_do_not_cancel(case: Case) -> Iterator[Problem]:
    """Periodic electrostatics of a charged cell: an unintended background charge."""
    if not case.readable:
        return
    charges = case.config.potential.charges_e(case.system)
    total = 0.0 if charges is None else sum(charges)
    if abs(total) > NEUTRAL_E:
        yield Problem(
            "error",
            f"the charges of {case.config.potential.architecture} sum to {total:+.3g} e; the cell must be neutral "
            f"(within {NEUTRAL_E:g} e). Add counter-ions (system.build.ions), or let a metal balance them.",
        )


def total_charge_of_the_model(case: Case) -> Iterator[Problem]:
    """A model that takes the total charge is given a value that differs from that of the atoms."""
    given = case.config.potential.total_charge_e
    if given is None or given == _charge_e(case):
        return
    why = "the metal balances the ions" if _has_metal(case) else "from ions, hydronium and hydroxide"
    yield Problem(
        "warning",
        f"potential.charge: {given:+d} e, but the cell carries {_charge_e(case):+d} e ({why}). "
        f"Set potential.charge: {_charge_e(case)}.",
    )


def ions_without_counter_charge(case: Case) -> Iterator[Problem]:
    """A charged cell without metal, for a model that has no notion of charge."""
    potential, charge = case.config.potential, _charge_e(case)
    if not charge or potential.total_charge_e is not None:
        return
    if case.readable and potential.charges_e(case.system) is not None:
        return  # checked by the first rule
    yield Problem(
        "warning",
        f"the cell carries {charge:+d} e and there is no metal to balance it: {potential.architecture} takes "
        "no total charge, and reproduces that of similar structures in its training data. Add counter-ions (the sum "
        "should be 0 e), unless the model was trained on charged cells.",
    )


def _has_metal(case: Case) -> bool:
    return len(case.group("metal")) > 0


def _charge_e(case: Case) -> int:
    """Of the cell: zero with a metal, which balances the ions."""
    report = case.system.report
    return 0 if _has_metal(case) else case.system.charge_of_ions_e + report.hydroniums - report.hydroxides
