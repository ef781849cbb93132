"""The rules: checks the values of one step after the other, and says which limit is passed first.

`templates/guard.lmp.j2` makes the same comparisons with variables of LAMMPS; tests/stability/test_watch.py compares
them.
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from lmpdrive.stability.limits import BOND_A, Limits

DID = {"stop": "stopped", "continue": "unstable", "restart": "rolled back", "keep": "frames were kept from the first"}
"""Action -> what was done, in a sentence."""


@dataclass(frozen=True, kw_only=True)
class Values:
    """What is known of one step; None where it is not."""

    step: int
    T_K: float | None = None
    E_eV: float | None = None
    conserved_eV: float | None = None
    force_eV_per_A: float | None = None
    """Largest component."""
    close: float | None = None
    """Above 0 if two atoms are closer than their limit."""
    metal_A: float | None = None
    """Largest displacement of a metal atom along the surface normal."""
    water: float | None = None
    """Above 0 if a water molecule is broken."""
    begins: bool = False
    """The first of a stage or of a resumed run: another conserved quantity, or one that counts from elsewhere."""
    stage: str = ""
    """Its name, where it is known otherwise than by the step."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One limit that was passed: a line of `events.jsonl`."""

    step: int
    time_ps: float
    rule: str
    value: float | None
    limit: float | str | None
    unit: str = ""
    what: str
    """What happened, as the rest of a sentence: "the temperature is 3412 K (limit 3000 K)"."""
    stage: str = "production"
    action: str = "stop"
    """`stop` or `continue`; `restart`: the run was rolled back to before this event; `accepted`: by a person; `keep`:
    frames were kept.  The last three end nothing."""
    more: dict[str, Any] | None = None
    """Files that keep what was before, and what else was seen."""

    @property
    def sentence(self) -> str:
        """What happened, when, and what was done."""
        did = DID.get(self.action, self.action)
        where = "" if self.stage == "production" else f" of the {self.stage} stage"
        return f"{did} at {self.time_ps:.6g} ps{where}: {self.what}"

    def line(self) -> str:
        """As JSON, in one line."""
        content = asdict(self)
        more = content.pop("more") or {}
        return json.dumps(content | {"sentence": self.sentence} | more, allow_nan=False)

    @classmethod
    def read(cls, line: str) -> Event:
        """From a line of `events.jsonl`; raises ValueError or TypeError if it is none."""
        content = json.loads(line)
        content.pop("sentence", None)
        own = {k: content.pop(k) for k in list(content) if k in cls.__dataclass_fields__}
        return cls(**own, more=content or None)


class Watch:
    """The rules applied to the values of one step after the other."""

    def __init__(self, limits: Limits, action: str = "stop") -> None:
        self.limits, self.action = limits, action
        self._stage, self._was_inside = "", False
        self._outside: deque[bool] = deque(maxlen=max(1, limits.temperature_looks))
        self._conserved: deque[float] = deque(maxlen=max(1, limits.drift_looks))

    def check(self, values: Values) -> list[Event]:
        """The limits that these values pass, the gravest first."""
        begins = self._new_stage(values) or values.begins
        if begins:
            self._outside.clear()
            self._conserved.clear()
            self._was_inside = False
        passed = list(self._passed(values))
        if begins:  # LAMMPS checks after steps, not before the first
            return []
        return [
            Event(
                step=values.step,
                time_ps=round(values.step * self.limits.timestep_fs * 1e-3, 9),
                rule=rule,
                value=value if value is not None and math.isfinite(value) else None,
                limit=limit,
                unit=unit,
                what=what,
                stage=self._stage,
                action=self.action,
            )
            for rule, value, limit, unit, what in passed
        ]

    def _new_stage(self, values: Values) -> bool:
        """Whether these values are the first of a stage."""
        stage = values.stage or self.limits.stage_at(values.step)
        new, self._stage = stage != self._stage, stage
        return new

    def _passed(self, v: Values) -> Iterator[tuple[str, float | None, float | str | None, str, str]]:
        yield from self._energy(v)
        yield from self._explosion(v)
        yield from self._temperature(v)
        limit = self.limits
        force = v.force_eV_per_A
        if force is not None and limit.force_eV_per_A is not None and not force <= limit.force_eV_per_A:
            largest = limit.force_eV_per_A
            what = f"a force has a component of {force:.4g} eV/Å (limit {largest:g} eV/Å)"
            yield "force", force, largest, "eV/Å", what
        if limit.pairs and v.close is not None and not v.close <= 0:
            yield "distance", None, None, "Å", "two atoms came closer than half the sum of their covalent radii"
        if limit.metal_A is not None and v.metal_A is not None and not v.metal_A <= limit.metal_A:
            what = (
                f"a metal atom left the slab: it moved {v.metal_A:.3g} Å along the normal (limit {limit.metal_A:g} Å)"
            )
            yield "metal", v.metal_A, limit.metal_A, "Å", what
        if limit.water and v.water is not None and not v.water <= 0:
            yield "water", None, BOND_A, "Å", f"a water molecule broke (O-H bonds end at {BOND_A} Å)"

    def _energy(self, v: Values) -> Iterator[tuple[str, float | None, float | str | None, str, str]]:
        limit = self.limits
        if limit.energy and v.E_eV is not None and not math.isfinite(v.E_eV):
            yield "energy", None, "finite", "eV", "the energy is not a finite number"
            return
        if limit.drift_fraction is None or v.conserved_eV is None:
            return
        self._conserved.append(v.conserved_eV)
        change = v.conserved_eV - math.fsum(self._conserved) / len(self._conserved)
        least, most = limit.drift_eV
        allowed = min(max(limit.drift_fraction * abs(v.E_eV or 0.0), least), most)
        if not abs(change) <= allowed:
            window = limit.drift_looks * limit.every * limit.timestep_fs * 1e-3
            what = (
                f"the conserved quantity deviates from its mean of the last {window:.4g} ps by {change:+.4g} eV "
                f"(limit {allowed:.4g} eV)"
            )
            yield "drift", change, allowed, "eV", what

    def _explosion(self, v: Values) -> Iterator[tuple[str, float | None, float | str | None, str, str]]:
        limit, T = self.limits, v.T_K
        if T is None:
            return
        if limit.hottest_K is not None and not limit.hottest_K >= T:
            what = f"the temperature is {T:.4g} K (limit {limit.hottest_K:g} K, the target {limit.target_K:g} K)"
            yield "explosion", T, limit.hottest_K, "K", what

    def _temperature(self, v: Values) -> Iterator[tuple[str, float | None, float | str | None, str, str]]:
        limit, T = self.limits, v.T_K
        allowed = limit.range_K(self._stage, v.step)
        if T is None or allowed is None:
            return
        low, high = allowed
        inside = low <= T <= high
        self._outside.append(not inside)
        self._was_inside |= inside
        if not self._was_inside:  # not yet equilibrated: not an instability
            return
        if len(self._outside) == self._outside.maxlen and all(self._outside):
            time_ps = (limit.temperature_looks - 1) * limit.every * limit.timestep_fs * 1e-3
            what = f"for {time_ps:.3g} ps the temperature was outside {low:.4g} to {high:.4g} K; it is {T:.4g} K"
            yield "temperature", T, f"{low:.4g} to {high:.4g}", "K", what
