"""`dynamics.stages` that this coupling or these frozen atoms make impossible, or that average over temperatures."""

from __future__ import annotations

from collections.abc import Iterator

from lmpdrive.architectures import Integrated, Problem
from lmpdrive.checks.case import Case


def stages_by_ase(case: Case) -> Iterator[Problem]:
    """ASE's run has an equilibration and a production only."""
    if isinstance(case.config.potential.chosen, Integrated) and case.config.dynamics.stages:
        text = (
            "dynamics.stages: with coupling: ase there are equilibrate_ps and production_ps only; "
            "use coupling: callback for stages."
        )
        yield Problem("error", text)


def production_over_temperatures(case: Case) -> Iterator[Problem]:
    """Averages of a production that is ramped mix temperatures."""
    productions = [stage for stage in case.config.plan if stage.production and stage.listed]
    targets = [T for stage in productions for T in (stage.begin_K, stage.end_K)]
    if len(set(targets)) > 1:
        yield Problem(
            "warning",
            f"dynamics.stages: the production goes from {targets[0]:g} to {targets[-1]:g} K, and its averages mix "
            "these temperatures. Give the ramp a stage of its own without production: true.",
        )
