"""A set of umbrella windows -> the runs that it stands for: name, and what each sets over the common YAML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lmpdrive.config import Config
from lmpdrive.errors import ConfigError

SEEDS_APART = 1000
"""Seeds of one set are consecutive, and sets of neighbouring seeds have none in common (at most 1000 windows).  Equal
Langevin noise in two windows would make their trajectories alike (Cerutti et al., J. Chem. Theory Comput. 4, 1669
(2008))."""
MOST_SEED = 900_000_000


@dataclass(frozen=True)
class PlannedWindow:
    """One run: its folder, its height, and dotted key -> value."""

    name: str
    at_A: float
    settings: Mapping[str, Any]

    @property
    def overrides(self) -> list[str]:
        """For `--set`; JSON is YAML."""
        return [f"{key}={json.dumps(value)}" for key, value in self.settings.items()]


def is_set(config: Config) -> bool:
    """Whether a configuration stands for several runs."""
    bias = config.dynamics.bias
    return bias is not None and bias.umbrella is not None and bias.umbrella.is_set


def planned_windows(config: Config) -> list[PlannedWindow]:
    """From the lowest to the highest.  Raises ConfigError where the heights of other ions must be given."""
    assert config.dynamics.bias is not None and config.dynamics.bias.umbrella is not None
    umbrella = config.dynamics.bias.umbrella
    heights = umbrella.heights_A
    names = [f"z{height:05.2f}" for height in heights]
    if len(set(names)) < len(names):
        names = [f"z{height:09.6f}" for height in heights]
    common = {"ion": umbrella.ion, "k_eV_per_A2": umbrella.stiffness_eV_per_A2(config.dynamics.temperature_K)}
    common |= {"every_fs": umbrella.every_fs, "place": config.system.read is not None}
    return [
        PlannedWindow(
            name,
            height,
            {"dynamics.bias.umbrella": common | {"at_A": height}, "dynamics.seed": _seed(config.dynamics.seed, i)}
            | _of_the_build(config, height, i),
        )
        for i, (name, height) in enumerate(zip(names, heights, strict=True))
    ]


def first_overrides(config: Config) -> list[str]:
    """What makes the lowest window of a set; nothing for a single run."""
    return planned_windows(config)[0].overrides if is_set(config) else []


def _of_the_build(config: Config, height: float, i: int) -> dict[str, Any]:
    """The ion at its height, and a packing of its own."""
    build = config.system.build
    if build is None:
        return {}
    assert config.dynamics.bias is not None and config.dynamics.bias.umbrella is not None
    ion = config.dynamics.bias.umbrella.ion
    kinds = [name for name, count in build.ions.items() for _ in range(count)]
    if kinds.count(ion) != 1:
        found = ", ".join(f"{count} {name}" for name, count in build.ions.items() if count) or "none"
        raise ConfigError(
            f"dynamics.bias.umbrella: {ion} must be one ion of the system; system.build.ions has {found}. "
            f"Write ions: {{{ion}: 1}}"
        )
    if len(kinds) > 1 and build.ion_heights_A is None:
        raise ConfigError(
            f"dynamics.bias.umbrella: give system.build.ion_heights_A, one for each of {', '.join(kinds)}: where the "
            f"others begin; that of {ion} is then the window's"
        )
    places = list(build.ion_heights_A or [height])
    places[kinds.index(ion)] = height
    return {"system.build.ion_heights_A": places, "system.build.seed": _seed(build.seed, i)}


def _seed(base: int, i: int) -> int:
    return (base * SEEDS_APART + i) % MOST_SEED + 1
