"""The limits of one run as numbers: from the `guard:` section and the system, kept in the manifest.

The temperature of N mobile atoms fluctuates by σ_T = T √(2/(3N)) in the canonical ensemble.  Units: steps, ps, K, eV,
eV/Å, Å.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import numpy as np

from lmpdrive.common.manifest import Manifest
from lmpdrive.common.run_files import MANIFEST
from lmpdrive.config import Config
from lmpdrive.config.guard import Guard
from lmpdrive.config.stages import PlannedStage
from lmpdrive.errors import RunDirectoryError

if TYPE_CHECKING:
    from lmpdrive.system import BuiltSystem

BIN_A = 0.005
"""Half sums of covalent radii are multiples of it, so that bins of this width give limits exactly."""
BOND_A = 1.3
"""An O-H pair beyond this is no bond (design, part 2)."""
SPACING_A = 2.3
"""Spacing of metal layers where there is only one."""


@dataclass(frozen=True)
class Pair:
    """The closest that two elements may come."""

    elements: tuple[str, str]
    limit_A: float

    @property
    def bin(self) -> int:
        """Number of the histogram bins below the limit."""
        return round(self.limit_A / BIN_A)


@dataclass(frozen=True, kw_only=True)
class StageLimits:
    """The temperatures of a stage: at its beginning and at its end, linear in time between them; None: no rule.

    first, steps : its first step, which is the last of the stage before, and its length.
    """

    name: str
    first: int
    steps: int
    low_K: tuple[float, float] = (0.0, 0.0)
    high_K: tuple[float, float] | None = None

    def range_K(self, step: int) -> tuple[float, float] | None:
        """Lowest and highest temperature at a step."""
        if self.high_K is None:
            return None
        part = min(1.0, max(0.0, (step - self.first) / max(1, self.steps)))
        low, high = (begin + part * (end - begin) for begin, end in (self.low_K, self.high_K))
        return low, high


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Levels of an uncertainty that the run records, and what they lead to.

    rule : model_deviation [eV/Å] or extrapolation_grade; file : of the record in the run directory; every : its steps.
    """

    rule: str
    file: str
    every: int
    low: float
    high: float
    on_high: str
    most_frames: int


@dataclass(frozen=True, kw_only=True)
class _Run:
    """What the limits of a run depend on, besides the `guard:` section."""

    timestep_fs: float
    production_from: int
    target_K: float
    ensemble: str
    mobile: int
    elements: Sequence[str]
    energies: bool = True
    """Whether the potential has energies, not forces only."""
    conserves: bool = True
    damping_fs: float = 0.0
    metal_A: float | None = None
    water: bool = False


@dataclass(frozen=True, kw_only=True)
class Limits:
    """None: the rule is off, or does not apply."""

    timestep_fs: float
    every: int
    """Steps between two checks."""
    on_instability: str = "stop"
    production_from: int = 0
    """Step of the first frame that is analysed."""
    target_K: float = 0.0
    energy: bool = True
    drift_fraction: float | None = None
    drift_eV: tuple[float, float] = (0.0, 0.0)
    """Least and most of the limit on the conserved quantity, for the whole system."""
    drift_looks: int = 0
    hottest_K: float | None = None
    band_K: tuple[float, float] | None = None
    """Lowest and highest temperature of a thermostatted production."""
    warm_K: float | None = None
    """Highest temperature elsewhere."""
    temperature_looks: int = 0
    """So many checks in a row outside of these two are too long."""
    force_eV_per_A: float | None = None
    pairs: tuple[Pair, ...] = field(default=())
    metal_A: float | None = None
    water: bool = False
    lost: bool = True
    stages: tuple[StageLimits, ...] = field(default=())
    """Of the stages in order; empty for runs of an older version, whose limits are `band_K` and `warm_K`."""
    gates: tuple[Gate, ...] = field(default=())

    @classmethod
    def of(
        cls, config: Config, system: BuiltSystem, targets_K: Mapping[str, tuple[float, float]] | None = None
    ) -> Limits:
        """The numbers for a run of `system`.

        targets_K : stage -> target at its beginning and end, where that is not the configuration's.
        """
        dynamics, potential, plan = config.dynamics, config.potential, config.plan
        about = _Run(
            timestep_fs=dynamics.timestep_fs,
            production_from=config.equilibrate_steps,
            target_K=dynamics.temperature_K,
            ensemble=dynamics.ensemble,
            mobile=len(system.groups.get("mobile", system.species)),
            elements=system.elements,
            energies=not potential.forces_only,
            conserves=potential.conserves,
            damping_fs=max((stage.thermostat.damping_fs for stage in plan), default=0.0),
            metal_A=_metal(config.guard, system),
            water=_water(config, system),
        )
        of_others = {stage.name: (stage.begin_K, stage.end_K) for stage in plan} | dict(targets_K or {})
        targets = {stage.name: mean_targets_K(config, system, of_others[stage.name], stage.ensemble) for stage in plan}
        found = cls._of_run(config.guard, about)._with_stages(config.guard, plan, targets, about.mobile)
        return replace(found, gates=_gates(config))

    def _with_stages(
        self, guard: Guard, plan: Sequence[PlannedStage], targets_K: Mapping[str, tuple[float, float]], mobile: int
    ) -> Limits:
        """With the limits of each stage; those that count at once are above the hottest of them."""
        spread = (_number(guard.temperature_sigmas) or 0.0) * float(np.sqrt(2 / (3 * max(1, mobile))))
        warm, hottest = _number(guard.temperature_factor_elsewhere), _number(guard.temperature_factor)
        found, first = [], 0
        for stage in plan:
            begin, end = targets_K[stage.name]
            low, high = (0.0, 0.0), None if warm is None else (_tidy(warm * begin), _tidy(warm * end))
            if stage.production and begin == end and stage.ensemble != "nve" and spread:
                low = 2 * (max(0.0, _tidy(begin - spread * begin)),)
                high = 2 * (_tidy(begin + spread * begin),)
            found.append(StageLimits(name=stage.name, first=first, steps=stage.steps, low_K=low, high_K=high))
            first += stage.steps
        top = max((T for targets in targets_K.values() for T in targets), default=self.target_K)
        return replace(self, stages=tuple(found), hottest_K=None if hottest is None else hottest * top)

    def stage_at(self, step: int) -> str:
        """Name of the stage that a step is of; the first step of a stage is the stage's."""
        begun = [stage for stage in self.stages if stage.first <= step and stage.steps]
        if begun:
            return begun[-1].name
        return "equilibrate" if step < self.production_from else "production"

    def range_K(self, stage: str, step: int) -> tuple[float, float] | None:
        """Lowest and highest temperature at a step of a stage; None: no rule."""
        known = next((one for one in self.stages if one.name == stage), None)
        if known is not None:
            return known.range_K(step)
        if stage == "production" and self.band_K is not None:
            return self.band_K
        return None if self.warm_K is None else (0.0, self.warm_K)

    @classmethod
    def of_manifest(cls, manifest: Manifest) -> Limits | None:
        """Of a run that has its limits in the manifest, else the default ones; None if too little is known.

        Raises RunDirectoryError for limits that are damaged.
        """
        if manifest.guard is not None:
            try:
                return cls.read(manifest.guard)
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                raise RunDirectoryError(f"{MANIFEST} is damaged: guard: {error}") from None
        dynamics, system = manifest.dynamics, manifest.system
        if dynamics.timestep_fs is None or dynamics.temperature_K is None or not system.species:
            return None
        steps = {stage.name: stage.steps or 0 for stage in dynamics.stages}
        about = _Run(
            timestep_fs=dynamics.timestep_fs,
            production_from=steps.get("equilibrate", 0),
            target_K=dynamics.temperature_K,
            ensemble=(dynamics.ensemble or "nvt").lower(),
            mobile=len(system.species) - len(system.members("fixed")),
            elements=sorted(set(system.species)),
        )
        return cls._of_run(Guard(), about)

    @classmethod
    def _of_run(cls, guard: Guard, about: _Run) -> Limits:
        mobile, timestep_fs, target_K = max(1, about.mobile), about.timestep_fs, about.target_K
        every = max(1, round(guard.check_every_fs / timestep_fs))
        check_ps = every * timestep_fs * 1e-3
        sigmas = _number(guard.temperature_sigmas)
        # a weak thermostat takes its time to bring heat back
        outside_ps = max(guard.temperature_ps, 2e-3 * about.damping_fs)
        spread_K = (sigmas or 0.0) * target_K * float(np.sqrt(2 / (3 * mobile)))
        band = (max(0.0, _tidy(target_K - spread_K)), _tidy(target_K + spread_K))
        hottest, warm = _number(guard.temperature_factor), _number(guard.temperature_factor_elsewhere)
        low, high = guard.drift_meV_per_atom
        return cls(
            timestep_fs=timestep_fs,
            every=every,
            on_instability=guard.on_instability,
            production_from=about.production_from,
            target_K=target_K,
            energy=about.energies and guard.energy == "on",
            drift_fraction=_number(guard.drift_fraction) if about.energies and about.conserves else None,
            drift_eV=(_tidy(low * 1e-3 * mobile), _tidy(high * 1e-3 * mobile)),
            drift_looks=max(2, round(guard.drift_window_ps / check_ps)),
            hottest_K=None if hottest is None else hottest * target_K,
            band_K=band if sigmas is not None and about.ensemble != "nve" else None,
            warm_K=None if warm is None else warm * target_K,
            temperature_looks=max(1, round(outside_ps / check_ps)) + 1,
            force_eV_per_A=_number(guard.force_eV_per_A),
            pairs=pairs(about.elements, _number(guard.distance_factor)),
            metal_A=about.metal_A,
            water=about.water,
            lost=guard.lost == "on",
        )

    def every_steps(self, every: int) -> Limits:
        """The same limits for values that are `every` steps apart."""
        ratio = self.every / max(1, every)
        return replace(
            self,
            every=every,
            drift_looks=max(2, round(self.drift_looks * ratio)),
            temperature_looks=max(1, round((self.temperature_looks - 1) * ratio)) + 1,
        )

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> Limits:
        """From `content()`, as the manifest holds it."""
        known = {name: content[name] for name in cls.__dataclass_fields__ if name in content}
        known["pairs"] = tuple(Pair(tuple(p["elements"]), p["limit_A"]) for p in known.get("pairs", ()))
        known["gates"] = tuple(Gate(**gate) for gate in known.get("gates", ()))
        known["stages"] = tuple(_stage(content) for content in known.get("stages", ()))
        for name in ("drift_eV", "band_K"):
            known[name] = tuple(known[name]) if known.get(name) is not None else cls.__dataclass_fields__[name].default
        return cls(**known)

    def content(self) -> dict[str, Any]:
        """For the manifest."""
        return asdict(self)

    @property
    def any(self) -> bool:
        """Whether there is anything to check during a run."""
        return any(
            (
                self.energy,
                self.drift_fraction,
                self.hottest_K,
                self.band_K,
                self.warm_K,
                self.force_eV_per_A,
                self.pairs,
                self.metal_A,
                self.water,
            )
        )

    @property
    def bins(self) -> int:
        """Bins of the histogram of distances."""
        return max((pair.bin for pair in self.pairs), default=0)


def mean_targets_K(
    config: Config, system: BuiltSystem, targets_K: tuple[float, float], ensemble: str = "nvt"
) -> tuple[float, float]:
    """Target of all mobile atoms at the beginning and the end of a stage, with those of `dynamics.thermostats`."""
    regions = config.dynamics.thermostats
    if not regions or ensemble == "nve":
        return targets_K
    sizes = [len(system.groups[f"heat_{i}"]) for i in range(1, len(regions) + 1)]
    own = sum(size * one.temperature_K for size, one in zip(sizes, regions, strict=True))
    rest = len(system.groups["rest"])
    begin, end = ((rest * T + own) / (rest + sum(sizes)) for T in targets_K)
    return begin, end


def pairs(elements: Sequence[str], factor: float | None) -> tuple[Pair, ...]:
    """`factor` times the sum of the covalent radii (Cordero et al., Dalton Trans. 2832, 2008) for each two elements."""
    if factor is None:
        return ()
    from ase.data import atomic_numbers, covalent_radii

    radius = {e: covalent_radii[atomic_numbers[e]] for e in elements}
    found = []
    for a, b in combinations_with_replacement(elements, 2):
        limit = round(factor * (radius[a] + radius[b]) / BIN_A) * BIN_A
        found.append(Pair((a, b), _tidy(limit)))
    return tuple(found)


def _gates(config: Config) -> tuple[Gate, ...]:
    """Those of the guard that this potential has a record for; `check` refuses the others."""
    files = config.potential.uncertainty_files() if config.guard.gates else {}
    return tuple(
        Gate(
            rule=rule,
            file=files[rule],
            every=config.potential.uncertainty_every,  # type: ignore[attr-defined]  # of all that have a record
            low=gate.levels[0],
            high=gate.levels[1],
            on_high=gate.on_high,
            most_frames=gate.most_frames,
        )
        for rule, gate in config.guard.gates.items()
        if rule in files
    )


def _metal(guard: Guard, system: BuiltSystem) -> float | None:
    layers = [i for name, i in system.groups.items() if name.startswith("layer_")]
    factor = _number(guard.metal_layers)
    if factor is None or not layers or np.isin(system.groups["metal"], system.groups.get("fixed", ())).all():
        return None
    heights = sorted(float(system.atoms.positions[i, 2].mean()) for i in layers)
    return _tidy(factor * (float(np.median(np.diff(heights))) if len(heights) > 1 else SPACING_A))


def _water(config: Config, system: BuiltSystem) -> bool:
    if not len(system.water_molecules) or config.guard.water == "off":
        return False
    return config.guard.water == "on" or not config.potential.reactive


def _stage(content: Mapping[str, Any]) -> StageLimits:
    pairs_K = {key: content[key] and tuple(content[key]) for key in ("low_K", "high_K")}
    return StageLimits(**{**content, **pairs_K})


def _number(limit: float | str) -> float | None:
    return None if isinstance(limit, str) else limit


def _tidy(value: float) -> float:
    return float(f"{value:.6g}")
