"""The contract of an architecture: what LAMMPS computes is what the model says, in any cell and order.

The structures are rendered as any system is, so decks, element order and coupling are those of a real run.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from ase import Atoms
from ase.build import bulk
from ase.data import covalent_radii
from ase.io import write
from numpy.typing import NDArray

import lmpdrive
from lmpdrive.architectures import HasCommittee
from lmpdrive.architectures.shared.committee import MODEL_DEVI
from lmpdrive.config import load as load_config
from lmpdrive.engine.lammps_library import environment
from lmpdrive.errors import EngineError, LmpdriveError

Array = NDArray[np.float64]

RARE_ELEMENTS = ("Xe", "Rn", "Og")
"""Most models do not know at least one of them."""

STRAINS = {"xx": (0, 0), "yy": (1, 1), "zz": (2, 2), "xy": (0, 1)}


@dataclass(frozen=True)
class Limits:
    """What counts as equal.  Use larger force limits for models in single precision.

    force_eV_per_A, energy_eV, virial_eV : against the calculator; the energy is that of all atoms.
    derivative_eV : virial against finite differences of the energy.
    drift_eV_per_atom : change of the total energy in the NVE run.
    restart_A : positions after a restart against the run without.
    """

    force_eV_per_A: float = 1e-6
    energy_eV: float = 1e-6
    virial_eV: float = 1e-5
    derivative_eV: float = 1e-3
    drift_eV_per_atom: float = 1e-4
    restart_A: float = 1e-6


@dataclass
class Measured:
    """Numbers of a check that passed: property -> largest deviation, and what could not be checked, with the reason."""

    numbers: dict[str, float] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


def check_architecture(
    potential: Mapping[str, Any],
    atoms: Atoms,
    *,
    limits: Limits | None = None,
    timestep_fs: float = 0.25,
    temperature_K: float = 100.0,
    strain: float = 1e-4,
) -> Measured:
    """Assert that LAMMPS computes with an architecture what its model says.

    - energy, forces and virial equal the model's own calculator's, as given, with atoms moved to other images, in
      another order, in a tilted cell, and (without charges) in a cell of four atoms, shorter than most cutoffs;
    - they do not depend on images and order;
    - the virial is -dE/dε (finite differences);
    - NVE conserves the energy (200 steps);
    - a restart continues the run (20 + 20 = 40 steps);
    - a committee of the model and itself, where there are committees, agrees with itself;
    - an element that the model does not know is refused by `lmpdrive check`;
    - a run that explodes ends with an error.

    Parameters
    ----------
    potential : the `potential:` section of a YAML file.
    atoms : a periodic structure near a minimum, without constraints, with every element of interest.
    limits : what counts as equal.
    timestep_fs, temperature_K : of the NVE and restart runs.
    strain : ε of the finite differences.

    Returns the largest deviations.  Raises AssertionError naming the property that is broken.
    """
    limits = limits or Limits()
    with tempfile.TemporaryDirectory(prefix="lmpdrive-check-") as folder:
        return _Check(dict(potential), atoms, Path(folder), limits, timestep_fs, temperature_K, strain).run()


class _Check:
    def __init__(
        self,
        potential: dict[str, Any],
        atoms: Atoms,
        folder: Path,
        limits: Limits,
        timestep_fs: float,
        temperature_K: float,
        strain: float,
    ) -> None:
        self.potential, self.atoms, self.folder, self.limits = potential, atoms, folder, limits
        self.timestep_fs, self.temperature_K, self.strain = timestep_fs, temperature_K, strain
        self.measured = Measured()

    def run(self) -> Measured:
        """All checks; LAMMPS and the calculator are each started once."""
        order = np.random.default_rng(1).permutation(len(self.atoms))
        structures = {
            "as given": self.atoms,
            "other images": _other_images(self.atoms),
            "another order": self.atoms[order],
        }
        folders = {name: self.render(name, atoms) for name, atoms in structures.items()}
        slab = "boundary        p p f" in (folders["as given"] / "in.lammps").read_text()
        if not slab:  # slab-corrected electrostatics needs an upright cell
            structures["tilted cell"] = _strained(self.atoms, np.array([[0, 0, 0], [0.15, 0, 0], [-0.1, 0.1, 0]]))
        if load_config(folders["as given"] / "resolved.yaml").potential.atom_style == "atomic":
            structures["small cell"] = _small_cell(self.atoms)  # a force field with charges is not made for bare metals
        folders |= {name: self.render(name, atoms) for name, atoms in structures.items() if name not in folders}
        strains = {k: v for k, v in STRAINS.items() if not slab or v in ((0, 0), (1, 1))}
        for name, (a, b) in strains.items():
            for sign in (+1, -1):
                epsilon = np.zeros((3, 3))
                epsilon[a, b] += sign * self.strain / 2
                epsilon[b, a] += sign * self.strain / 2
                folders[f"{name} {sign:+d}"] = self.render(f"{name} {sign:+d}", _strained(self.atoms, epsilon))
        if committee := self.committee_of_itself():
            folders["committee"] = committee
        static = [{"folder": str(f), "start": "data", "commands": ["run 0"]} for f in folders.values()]
        here = str(folders["as given"])
        move = [f"timestep {self.timestep_fs * 1e-3:g}", "fix move mobile nve"]
        start = [f"velocity mobile create {self.temperature_K} 4711 mom yes dist gaussian", *move]
        moving = [
            {"folder": here, "start": "data", "commands": [*start, "run 0"]},
            {"folder": here, "start": "data", "commands": [*start, "run 200"]},
            {"folder": here, "start": "data", "commands": [*start, "run 40"]},
            {"folder": here, "start": "data", "commands": [*start, "run 20", "write_restart half.restart"]},
            {"folder": here, "start": "half.restart", "commands": [*move, "run 20"]},
        ]
        answers = self.answers_of("lammps_jobs", [*static, *moving])
        lammps = dict(zip(folders, answers, strict=False))
        self.against_the_calculator(lammps, [j for j, name in zip(static, folders, strict=True) if name in structures])
        self.images_and_order(lammps, order)
        self.derivative(lammps, strains)
        if committee:
            self.committee(committee)
        self.dynamics(answers[len(static) :])
        self.unknown_element()
        self.explosion()
        return self.measured

    def render(self, name: str, atoms: Atoms) -> Path:
        """A run directory for a structure."""
        folder = self.folder / name.replace(" ", "_")
        return lmpdrive.render(self.write_yaml(name, atoms), folder)

    def write_yaml(self, name: str, atoms: Atoms, **dynamics: Any) -> Path:
        stem = name.replace(" ", "_")
        write(self.folder / f"{stem}.xyz", atoms, format="extxyz")
        path = self.folder / f"{stem}.yaml"
        content = {
            "system": {"read": f"{stem}.xyz"},
            "potential": self.potential,
            "dynamics": {"fixed_layers": 0, "timestep_fs": self.timestep_fs, **dynamics},
        }
        path.write_text(yaml.safe_dump(content))
        return path

    def answers_of(self, module: str, jobs: list[dict[str, Any]]) -> Any:
        questions, answers = self.folder / f"{module}.json", self.folder / f"{module}-answers.json"
        questions.write_text(json.dumps(jobs))
        python = load_config(Path(jobs[0]["folder"]) / "resolved.yaml").potential.interpreter().python
        done = subprocess.run(
            [python, "-m", f"lmpdrive.testing.{module}", questions, answers],
            capture_output=True,
            text=True,
            env=environment("cpu", 1),
            check=False,
        )
        assert done.returncode == 0, f"{module} failed:\n{done.stderr[-2000:]}"
        return json.loads(answers.read_text())

    def record(self, what: str, value: float, limit: float, unit: str) -> None:
        """Record a deviation; it must not exceed its limit."""
        assert value <= limit, f"{what}: {value:.3g} {unit}, the limit is {limit:.3g}"
        self.measured.numbers[f"{what} [{unit}]"] = max(value, self.measured.numbers.get(f"{what} [{unit}]", 0.0))

    def against_the_calculator(self, lammps: dict[str, Any], jobs: list[dict[str, Any]]) -> None:
        answers = self.answers_of("calculator_jobs", jobs)
        if answers is None:
            self.measured.skipped["against the calculator"] = "the architecture has no calculator of its own"
            return
        for name, model in zip(lammps, answers, strict=False):
            said = lammps[name]
            where = f"LAMMPS against the calculator, {name}"
            self.record(f"{where}: energy", abs(said["energy"] - model["energy"]), self.limits.energy_eV, "eV")
            self.record(
                f"{where}: forces",
                _largest_difference(said["forces"], model["forces"]),
                self.limits.force_eV_per_A,
                "eV/Å",
            )
            self.record(
                f"{where}: virial", _largest_difference(said["virial"], model["virial"]), self.limits.virial_eV, "eV"
            )

    def images_and_order(self, lammps: dict[str, Any], order: NDArray[np.int64]) -> None:
        first, images, shuffled = (lammps[name] for name in ("as given", "other images", "another order"))
        limit = self.limits.force_eV_per_A
        self.record(
            "forces with atoms in other images", _largest_difference(first["forces"], images["forces"]), limit, "eV/Å"
        )
        forces = np.array(first["forces"])[order]
        self.record(
            "forces with atoms in another order", _largest_difference(forces, shuffled["forces"]), limit, "eV/Å"
        )

    def derivative(self, lammps: dict[str, Any], strains: Mapping[str, tuple[int, int]]) -> None:
        components = {"xx": 0, "yy": 1, "zz": 2, "xy": 3}
        for name in strains:
            slope = (lammps[f"{name} +1"]["energy"] - lammps[f"{name} -1"]["energy"]) / (2 * self.strain)
            virial = lammps["as given"]["virial"][components[name]]
            self.record(f"virial {name} against -dE/dε", abs(-slope - virial), self.limits.derivative_eV, "eV")

    def committee_of_itself(self) -> Path | None:
        """The structure with two models that are one; None for an architecture without committees."""
        potential = load_config(self.folder / "as_given" / "resolved.yaml").potential
        if not isinstance(potential, HasCommittee) or potential.committee:
            return None
        alone = self.potential
        self.potential = alone | {"committee": [alone.get("model", {})]}
        try:
            return self.render("committee", self.atoms)
        except LmpdriveError as error:
            self.measured.skipped["committee"] = str(error)
            return None
        finally:
            self.potential = alone

    def committee(self, folder: Path) -> None:
        (row,) = np.loadtxt(folder / MODEL_DEVI, ndmin=2)[:1]
        self.record("deviation of a model from itself", float(row[4]), self.limits.force_eV_per_A, "eV/Å")

    def dynamics(self, answers: list[dict[str, Any]]) -> None:
        start, end, through, _, resumed = answers
        per_atom = abs(end["total"] - start["total"]) / len(self.atoms)
        self.record("NVE, 200 steps: total energy", per_atom, self.limits.drift_eV_per_atom, "eV/atom")
        moved = np.abs(_minimum_image(np.array(end["positions"]) - start["positions"], np.array(start["cell"]))).max()
        assert moved > 1e-3, f"NVE: no atom moved more than {moved:.1e} Å; are there forces and velocities?"
        difference = _minimum_image(np.array(through["positions"]) - resumed["positions"], np.array(through["cell"]))
        self.record("restart: positions", float(np.abs(difference).max()), self.limits.restart_A, "Å")

    def unknown_element(self) -> None:
        known = load_config(self.folder / "as_given.yaml").potential.model_elements()
        unknown = next((s for s in RARE_ELEMENTS if known is not None and s not in known), None)
        if unknown is None:
            self.measured.skipped["unknown element"] = "the architecture does not say which elements it knows"
            return
        atoms = self.atoms.copy()
        atoms.symbols[0] = unknown
        found = lmpdrive.check(self.write_yaml("unknown element", atoms), here=False)
        assert any(p.level == "error" and unknown in p.message for p in found), (
            f"unknown element: `check` does not refuse {unknown}: {[p.message for p in found]}"
        )

    def explosion(self) -> None:
        atoms = self.atoms.copy()
        atoms.set_momenta(np.random.default_rng(3).normal(scale=20.0, size=(len(atoms), 3)))
        hot = self.write_yaml(
            "explosion", atoms, ensemble="nve", temperature_K=10, equilibrate_ps=0, production_ps=0.05, minimise=None
        )
        try:
            lmpdrive.simulate(hot, self.folder / "explosion", ["output.report=false"])
        except EngineError:
            return
        except LmpdriveError as error:
            raise AssertionError(f"a run that explodes: ended with {type(error).__name__}: {error}") from error
        raise AssertionError("a run that explodes (thousands of kelvins, 10 asked for) ended normally")


def _largest_difference(a: Any, b: Any) -> float:
    return float(np.abs(np.array(a) - np.array(b)).max())


def _minimum_image(vectors: Array, cell: Array) -> Array:
    fractions = vectors @ np.linalg.inv(cell)
    return (fractions - np.round(fractions)) @ cell


def _other_images(atoms: Atoms) -> Atoms:
    out = atoms.copy()
    out.positions += np.random.default_rng(2).integers(-1, 2, size=(len(atoms), 3)) @ atoms.cell.array
    return out


def _small_cell(atoms: Atoms) -> Atoms:
    """The cubic fcc cell of the largest element, with touching covalent spheres, a little off its sites."""
    largest = max(set(atoms.numbers), key=lambda z: covalent_radii[z])
    symbol = atoms.symbols[list(atoms.numbers).index(largest)]
    out = bulk(symbol, "fcc", a=2 * 2**0.5 * covalent_radii[largest], cubic=True)
    out.positions += np.random.default_rng(4).normal(scale=0.05, size=(4, 3))
    return out


def _strained(atoms: Atoms, strain: Array) -> Atoms:
    out = atoms.copy()
    out.set_cell(atoms.cell.array @ (np.eye(3) + strain), scale_atoms=True)
    return out
