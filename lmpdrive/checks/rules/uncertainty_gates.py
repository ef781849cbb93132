"""Gates of the guard on an uncertainty that the run does not record."""

from __future__ import annotations

from collections.abc import Iterator

from lmpdrive.architectures import Integrated, Problem
from lmpdrive.checks.case import Case
from lmpdrive.errors import LmpdriveError

CURE = {
    "model_deviation": "add potential.committee (docs/uncertainty.md)",
    "extrapolation_grade": "take a GRACE or ACE model with an active set (potential.active_set), or model_deviation",
}


def gates_have_a_record(case: Case) -> Iterator[Problem]:
    """A committee, or a model with an extrapolation grade; and LAMMPS, which keeps the frames."""
    config = case.config
    if not config.guard.gates or not case.readable:
        return
    try:
        recorded = config.potential.uncertainty_files()
    except LmpdriveError:  # another rule tells of the file
        return
    for rule in config.guard.gates:
        if rule not in recorded:
            text = f"guard.{rule}: this potential records none during a run: {CURE[rule]}, or leave the gate out."
            yield Problem("error", text)
        elif isinstance(config.potential.chosen, Integrated):
            yield Problem("error", f"guard.{rule}: not with coupling: ase; use another coupling.")
