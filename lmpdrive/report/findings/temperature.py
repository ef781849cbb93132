"""Has every group of atoms the temperature of the thermostat?  Equipartition, group by group.

The mean over all atoms can be right while a cold metal and a hot water cancel in it.  Each group's mean is compared
with the target (without a thermostat: with the mean over all), given its degrees of freedom and its own error.  Fixed
atoms are in no group.  Units: K.

Limits: diffusion in water changes by some 2 % per kelvin (E_a of 17 kJ/mol, E_a/RT² = 2.3 %/K at 300 K), so 1 % of
300 K is 7 % in a rate, and 5 % a third.  For the idea see Merz and Shirts, PLoS ONE 13, e0202764 (2018).

A thermostat of the mean leaves the energy of a group to its exchange with the others.  In the canonical ensemble that
of N harmonic atoms fluctuates by k_B T sqrt(3 N), which is T / sqrt(3 N) in temperature: 34 K for 32 atoms at 330 K.
It is correlated over the time of exchange τ, and blocks shorter than that do not see it.  For an exponential
correlation the mean over a run of length t has σ² = T²/(3 N) · (1 - N/M) · 2τ/t (1 - τ/t (1 - exp(-t/τ))), where the
energy of all M atoms is that of the thermostat.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmpdrive.common.manifest import Manifest, SystemSection
from lmpdrive.observables.tables import Table
from lmpdrive.observables.thermodynamics import mean_error
from lmpdrive.report.findings.finding import Finding

CAUTION = 0.01
BAD = 0.05
"""Deviations, as fractions of the target."""
SIGMAS = 4.0
"""What 3σ of a normal distribution is for the error of ten blocks (Student's t with 9 degrees of freedom)."""
BLOCKS = 10
EXCHANGE_PS = 5.0
"""Time of exchange between metal and water, per mobile layer: C/(G A), with C/A = 6e-4 J/(K m²) of a layer of atoms
and a conductance G of 1e8 to 3e8 W/(K m²) of a surface that water wets (Ge, Cahill and Braun, PRL 96, 186101 (2006)).
"""
SEEN_BY_BLOCKS = 5.0
"""Blocks of so many times of exchange show its fluctuations themselves; with two, ten are too few to trust."""
SIGMAS_OF_EXCHANGE = 3.0
"""Its σ is computed, not estimated."""


@dataclass(frozen=True)
class _Group:
    """Mean temperature of some atoms.

    low_K, high_K : what is expected.  A group of 3 N degrees of freedom is a little colder where the centre of mass is
    at rest.
    exchange_K : σ of the mean from the exchange of energy with the other groups, where blocks are too short to show it.
    length_ps : of the run.
    """

    name: str
    mean_K: float
    error_K: float
    low_K: float
    high_K: float
    exchange_K: float
    length_ps: float

    @property
    def off_K(self) -> float:
        """Signed distance from what is expected."""
        return max(0.0, self.mean_K - self.high_K) + min(0.0, self.mean_K - self.low_K)

    @property
    def words(self) -> str:
        error = f" ± {2 * self.sigma_K:.2g}" if np.isfinite(self.sigma_K) else ""
        return f"{self.name} {self.mean_K:.1f}{error} K"

    @property
    def sigma_K(self) -> float:
        return float(np.hypot(self.error_K, self.exchange_K))

    def off_by(self, fraction: float) -> bool:
        """Whether it is off by more than this part of what is expected, and by more than chance."""
        # without an error nothing is significant
        blocks_K = SIGMAS * np.nan_to_num(self.error_K, nan=np.inf)
        chance_K = float(np.hypot(blocks_K, SIGMAS_OF_EXCHANGE * self.exchange_K))
        return abs(self.off_K) > max(fraction * self.high_K, chance_K)

    @property
    def open(self) -> bool:
        """It is off by what would be bad if it were not the fluctuation that a short run is bound to see."""
        if self.off_by(BAD) or not np.isfinite(self.error_K):
            return False
        return abs(self.off_K) > max(BAD * self.high_K, SIGMAS * self.error_K)

    @property
    def words_off(self) -> str:
        return f"{self.words} ({abs(self.off_K):.0f} K {'above' if self.off_K > 0 else 'below'})"

    @property
    def vague(self) -> bool:
        """The error is too large to see what would be bad."""
        return not 2 * self.sigma_K <= BAD * self.high_K


def temperature(tables: Mapping[str, Table], manifest: Manifest) -> list[Finding]:
    """One finding on the mean over all atoms, and one on the groups."""
    table, target = tables.get("temperature"), manifest.dynamics.temperature_K
    if table is None:
        return []
    series = table.value
    if not np.isfinite(series).all():
        return [Finding("bad", "The temperature is not a number in part of the run.")]
    thermostatted = target is not None and (manifest.dynamics.ensemble or "").lower() != "nve"
    expected = float(target) if thermostatted and target is not None else float(series.mean())
    whole = _Group("all atoms", float(series.mean()), _error(series), expected, expected, 0.0, _length_ps(table))
    if manifest.dynamics.thermostats:  # groups are not to have the temperature of the whole
        return [_of_all(whole)] if thermostatted else []
    groups = list(_groups(tables, manifest, expected))
    found = [_of_all(whole)] if thermostatted else []
    return found + _of_groups(groups, expected, thermostatted)


def _of_all(whole: _Group) -> Finding:
    error = f" ± {2 * whole.error_K:.2g} K (2σ)" if np.isfinite(whole.error_K) else " K"
    text = f"The mean temperature is {whole.mean_K:.1f}{error}; the target is {whole.high_K:g} K"
    level = "bad" if whole.off_by(BAD) else "caution" if whole.off_by(CAUTION) else "good"
    if level == "good":
        if whole.vague:
            return Finding("short", f"{text}: the run is too short to see whether it is reached.")
        return Finding("good", f"{text}.")
    limit = BAD if level == "bad" else CAUTION
    why = f"off by more than {100 * limit:g} % and {SIGMAS:g}σ: not equilibrated, or a weak thermostat"
    return Finding("bad" if level == "bad" else "caution", f"{text}, {why}.")


def _of_groups(groups: list[_Group], expected: float, thermostatted: bool) -> list[Finding]:
    """One finding on all groups: those that are off are named, and those too small to say."""
    if not groups:
        return []
    of = f"the target of {expected:g} K" if thermostatted else f"the mean of {expected:.1f} K"
    off = [group for group in groups if group.off_by(CAUTION)]
    undecided = [group for group in groups if group.open and group not in off]
    clear = [group for group in groups if not group.vague and group not in off + undecided]
    vague = [group for group in groups if group.vague and group not in off + undecided]
    tail = f" Too small or too short to say: {', '.join(g.words for g in vague)}." if vague else ""
    if off:
        listed = ", ".join(group.words_off for group in off)
        bad = any(group.off_by(BAD) for group in off)
        limit = f"by more than {100 * (BAD if bad else CAUTION):g} % and more than chance"
        return [
            Finding(
                "bad" if bad else "caution",
                f"Groups of atoms are not at {of}: {listed}, {limit}. Energy is not shared between them: equilibrate "
                f"longer, or use a thermostat that reaches each of them.{tail}",
            )
        ]
    if undecided:
        listed = ", ".join(group.words_off for group in undecided)
        return [
            Finding(
                "short",
                f"Groups of atoms are not at {of}: {listed}. In so short a run this may be chance, because energy is "
                f"exchanged between metal and liquid in {EXCHANGE_PS:g} ps or more.{tail}",
                more_ps=BLOCKS * SEEN_BY_BLOCKS * EXCHANGE_PS - max(group.length_ps for group in undecided),
            )
        ]
    if not clear:
        return [Finding("good", f"No group of atoms is seen to differ from {of}.{tail}")]
    listed = ", ".join(group.words for group in clear)
    return [Finding("good", f"Each group of atoms is at {of}: {listed}.{tail}")]


def _groups(tables: Mapping[str, Table], manifest: Manifest, expected: float) -> Iterator[_Group]:
    """Those of the thermo table, and the elements where velocities were written."""
    system, friction_fs = manifest.system, manifest.dynamics.friction_fs
    exchange_ps = EXCHANGE_PS if friction_fs is None else min(EXCHANGE_PS, 1e-3 * friction_fs)
    fixed = set(system.members("fixed"))
    mobile = {name: [i for i in system.members(name) if i not in fixed] for name in system.groups}

    def group(name: str, table: Table, column: str, atoms: list[int], of: str) -> _Group:
        """of : the group that exchanges energy as a whole; within a molecule, and around an ion, it is fast."""
        values, length_ps = table.data[column].to_numpy(dtype=float), _length_ps(table)
        own_ps = 0.0 if of.startswith("ion_") else exchange_ps
        part = len(mobile.get(of, atoms)), len(system.species) - len(fixed)
        exchange_K = _exchange_K(expected, *part, length_ps, own_ps)
        low = expected * (1.0 - _rest(atoms, system))
        return _Group(name, float(values.mean()), _error(values), low, expected, exchange_K, length_ps)

    reported = _columns(tables["temperature"])
    for name, column in reported.items():
        yield group(name.removeprefix("ion_"), tables["temperature"], column, mobile.get(name, []), name)
    elements = tables.get("species_temperature")
    if elements is None:
        return
    for element, column in _columns(elements).items():
        atoms = [i for i, species in enumerate(system.species) if species == element and i not in fixed]
        of = next((name for name in reported if set(atoms) <= set(mobile.get(name, []))), "")
        yield group(f"element {element}", elements, column, atoms, of)


def _columns(table: Table) -> dict[str, str]:
    """Group or element -> column."""
    columns = [str(column) for column in table.data.columns if str(column).startswith("T_")]
    return {column[2:].removesuffix(" [K]"): column for column in columns}


def _length_ps(table: Table) -> float:
    return float(np.ptp(table.data["t [ps]"].to_numpy(dtype=float))) if len(table.data) else 0.0


def _exchange_K(expected: float, n_atoms: int, n_mobile: int, length_ps: float, exchange_ps: float) -> float:
    """σ of a group's mean from its exchange of energy with the others; 0 where blocks show it."""
    if not n_atoms or length_ps >= BLOCKS * SEEN_BY_BLOCKS * exchange_ps:
        return 0.0
    x = max(length_ps / exchange_ps, 1e-6)
    in_time = 2 / x * (1 - (1 - np.exp(-x)) / x)
    return float(expected * np.sqrt((1 - min(1.0, n_atoms / n_mobile)) / (3 * n_atoms) * in_time))


def _rest(atoms: list[int], system: SystemSection) -> float:
    """Part of a group's 3 N degrees of freedom that it lacks where the centre of mass of all is at rest.

    Of the three, each group lacks its share of the mass; atoms that are held take up momentum, and none is lacking.
    """
    if not atoms or system.groups.get("fixed"):
        return 0.0
    from ase.data import atomic_masses, atomic_numbers

    mass = np.array([atomic_masses[atomic_numbers[species]] for species in system.species])
    return float(mass[atoms].sum() / mass.sum() / len(atoms))


def _error(values: NDArray[np.float64]) -> float:
    return mean_error(values, BLOCKS) if np.isfinite(values).all() else float("nan")
