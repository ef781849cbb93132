"""What a campaign needs, and what is wrong with it, before anything runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lmpdrive.campaigns.plan import Plan, PlannedRun
from lmpdrive.campaigns.state import states
from lmpdrive.common.say import Say, silent
from lmpdrive.config import Config, load
from lmpdrive.errors import ConfigError, LmpdriveError

BYTES_OF_A_FRAME = 3 * 4 + 3 * 9
"""Per atom: positions in the DCD file, velocities or positions as text beside it."""
LIKE = ("dynamics.seed", "system.build.seed", "dynamics.production_ps", "dynamics.equilibrate_ps")
"""Keys in which two runs may differ and still cost and check the same."""


@dataclass
class Estimate:
    """Of a campaign.

    problems : run -> what is wrong with it.  md_hours : of all runs, where speeds are known; `unknown`: runs without.
    """

    runs: int
    problems: dict[str, list[str]] = field(default_factory=dict)
    md_ns: float = 0.0
    md_hours: float = 0.0
    unknown: list[str] = field(default_factory=list)
    disk_GB: float = 0.0
    kinds: int = 0

    def lines(self) -> list[str]:
        """In words."""
        yield_ = [f"{self.runs} runs of {self.kinds} kinds, {self.md_ns:.4g} ns in all, about {self.disk_GB:.3g} GB"]
        if self.md_hours:
            yield_.append(f"MD: about {self.md_hours:.3g} h, one run at a time")
        if self.unknown:
            more = f" and {len(self.unknown) - 3} more" if len(self.unknown) > 3 else ""
            names = ", ".join(self.unknown[:3])
            yield_.append(f"speed not known yet of {names}{more}: --probe measures it")
        return yield_


def estimate(plan: Plan, probe: bool = False, say: Say = silent) -> Estimate:
    """Check every run's configuration, and one run of each kind whole; time from speeds measured or seen before.

    Runs are of one kind if they differ in seeds and lengths only.
    """
    from lmpdrive.pipeline import check, measure_speed

    found = Estimate(len(plan.runs))
    speeds = {state.run.name: state.ns_per_day for state in states(plan) if state.ns_per_day}
    for kind in _kinds(plan).values():
        found.kinds += 1
        configs = _configurations(plan, kind, found.problems)
        if not configs:
            continue
        first = next(iter(configs))
        say(f"checking {first} ({len(kind)} runs of this kind)")
        overrides = plan.runs[first].overrides
        errors = [p.message for p in check(plan.base, overrides, here=False) if p.level == "error"]
        if errors:
            found.problems |= dict.fromkeys(configs, errors)
            continue
        ns_per_day = next((speeds[run.name] for run in kind if run.name in speeds), None)
        atoms = _atoms(configs[first])
        if probe and ns_per_day is None:
            say(f"measuring {first}")
            try:
                ns_per_day = measure_speed(plan.base, overrides).ns_per_day
            except LmpdriveError as error:
                found.problems |= {name: [str(error)] for name in configs}
        for name, config in configs.items():
            _add(found, name, config, ns_per_day, atoms)
    return found


def _kinds(plan: Plan) -> dict[str, list[PlannedRun]]:
    kinds: dict[str, list[PlannedRun]] = {}
    for run in plan.runs.values():
        settings = {key: value for key, value in run.settings.items() if key not in LIKE}
        kinds.setdefault(json.dumps(settings, sort_keys=True), []).append(run)
    return kinds


def _configurations(plan: Plan, runs: Sequence[PlannedRun], problems: dict[str, list[str]]) -> dict[str, Config]:
    found = {}
    for run in runs:
        try:
            found[run.name] = load(plan.base, run.overrides)
        except ConfigError as error:
            problems[run.name] = str(error).splitlines()
    return found


def _atoms(config: Config) -> int:
    from lmpdrive.system import make_system

    return len(make_system(config).species)


def _add(found: Estimate, name: str, config: Config, ns_per_day: float | None, atoms: int) -> None:
    steps = config.equilibrate_steps + config.production_steps
    ns = steps * config.dynamics.timestep_fs * 1e-6
    found.md_ns += ns
    found.disk_GB += atoms * BYTES_OF_A_FRAME * steps / config.steps(config.output.frames_every_fs) * 1e-9
    if ns_per_day:
        found.md_hours += ns / ns_per_day * 24
    else:
        found.unknown.append(name)


def problems_in_words(problems: Mapping[str, Sequence[str]]) -> list[str]:
    """Each problem once, with the runs that have it."""
    runs: dict[str, list[str]] = {}
    for name, messages in problems.items():
        for message in messages:
            runs.setdefault(message, []).append(name)
    return [f"{names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''}: {m}" for m, names in runs.items()]
