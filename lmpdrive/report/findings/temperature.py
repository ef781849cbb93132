"""Has every group of atoms the temperature of the thermostat?  Equipartition, group by group.

The mean over all atoms can be right while a cold metal and a hot water cancel in it.  Each group's mean is compared
with the target (without a thermostat: with the mean over all), given its degrees of freedom and its own error.  Fixed
atoms are in no group.  Units: K.

Limits: diffusion in water changes by some 2 % per kelvin (E_a of 17 kJ/mol, E_a/RT² = 2.3 %/K at 300 K), so 1 % of
300 K is 7 % in a rate, and 5 % a third.  For the idea see Merz and Shirts, PLoS ONE 13, e0202764 (2018).
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


@dataclass(frozen=True)
class _Group:
    """Mean temperature of some atoms.

    low_K, high_K : what is expected.  A group of 3 N degrees of freedom is a little colder where the centre of mass is
    at rest.
    """

    name: str
    mean_K: float
    error_K: float
    low_K: float
    high_K: float

    @property
    def off_K(self) -> float:
        """Signed distance from what is expected."""
        return max(0.0, self.mean_K - self.high_K) + min(0.0, self.mean_K - self.low_K)

    @property
    def words(self) -> str:
        error = f" ± {2 * self.error_K:.2g}" if np.isfinite(self.error_K) else ""
        return f"{self.name} {self.mean_K:.1f}{error} K"

    def off_by(self, fraction: float) -> bool:
        """Whether it is off by more than this part of what is expected, and by more than chance."""
        # without an error nothing is significant
        return abs(self.off_K) > max(fraction * self.high_K, SIGMAS * np.nan_to_num(self.error_K, nan=np.inf))

    @property
    def vague(self) -> bool:
        """The error is too large to see what would be bad."""
        return not 2 * self.error_K <= BAD * self.high_K


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
    whole = _Group("all atoms", float(series.mean()), _error(series), expected, expected)
    if manifest.dynamics.thermostats:  # groups are not to have the temperature of the whole
        return [_of_all(whole)] if thermostatted else []
    groups = list(_groups(tables, manifest.system, expected))
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
    clear = [group for group in groups if not group.vague and group not in off]
    vague = [group for group in groups if group.vague and group not in off]
    tail = f" Too small or too short to say: {', '.join(g.words for g in vague)}." if vague else ""
    if off:
        listed = ", ".join(f"{g.words} ({abs(g.off_K):.0f} K {'above' if g.off_K > 0 else 'below'})" for g in off)
        bad = any(group.off_by(BAD) for group in off)
        limit = f"by more than {100 * (BAD if bad else CAUTION):g} % and {SIGMAS:g}σ"
        return [
            Finding(
                "bad" if bad else "caution",
                f"Groups of atoms are not at {of}: {listed}, {limit}. Energy is not shared between them: equilibrate "
                f"longer, or use a thermostat that reaches each of them.{tail}",
            )
        ]
    if not clear:
        return []
    listed = ", ".join(group.words for group in clear)
    return [Finding("good", f"Each group of atoms is at {of}: {listed}.{tail}")]


def _groups(tables: Mapping[str, Table], system: SystemSection, expected: float) -> Iterator[_Group]:
    """Those of the thermo table, and the elements where velocities were written."""
    fixed = set(system.members("fixed"))
    table = tables["temperature"]
    for column in table.data.columns:
        if str(column).startswith("T_"):
            name = str(column)[2:].removesuffix(" [K]")
            atoms = [i for i in system.members(name) if i not in fixed]
            values = table.data[column].to_numpy(dtype=float)
            yield _group(name.removeprefix("ion_"), values, _rest(atoms, system), expected)
    elements = tables.get("species_temperature")
    for column in elements.data.columns if elements is not None else ():
        if str(column).startswith("T_"):
            assert elements is not None
            name = str(column)[2:].removesuffix(" [K]")
            atoms = [i for i, species in enumerate(system.species) if species == name and i not in fixed]
            values = elements.data[column].to_numpy(dtype=float)
            yield _group(f"element {name}", values, _rest(atoms, system), expected)


def _group(name: str, values: NDArray[np.float64], at_rest: float, expected: float) -> _Group:
    return _Group(name, float(values.mean()), _error(values), expected * (1.0 - at_rest), expected)


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
