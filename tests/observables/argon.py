"""A Lennard-Jones liquid by LAMMPS, cut into pieces: does each piece's interval contain the answer of the whole run?

The pieces of a chaotic liquid are independent after a few ps; the answer is that of all of them together.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from lmpdrive.observables import analyse
from lmpdrive.observables.thermodynamics import thermo_tables
from lmpdrive.trajectory import open_trajectory, read_thermo
from tests.observables.coverage import trial
from tests.observables.synthetic_frames import Frames

FRAMES = 500
"""Of a piece, 0.04 ps apart: 20 ps, the length of a short run."""
INTERVAL_PS = 0.04
ATOMS = 256
OPTIONS = {
    "rdf": {"pairs": [("Ar", "Ar")], "r_max_A": 8.0},
    "mean_square_displacement": {"window_ps": 2.0, "sample_ps": 0.0},
}
NAMES = ["rdf", "mean_square_displacement"]

DECK = """\
units           metal
atom_style      atomic
lattice         fcc 5.72
region          cell block 0 4 0 4 0 4
create_box      1 cell
create_atoms    1 box
mass            1 39.948
pair_style      lj/cut 8.5
pair_coeff      1 1 0.0104 3.405
velocity        all create 220 4928459
timestep        0.004
fix             integrate all nve
fix             heat all langevin 110 110 1.0 699483
thermo_style    custom step time temp pe ke etotal press
thermo_modify   format float %.12g
run             5000
reset_timestep  0 time 0
write_data      argon.data
thermo          10
dump            frames all dcd 10 argon.dcd
run             {steps}
"""


def trials(folder: Path, pieces: int):
    """Every number of every piece against that of the whole run."""
    (folder / "in.argon").write_text(DECK.format(steps=10 * FRAMES * pieces))
    lmp = Path(sys.executable).parent / "lmp"
    subprocess.run([lmp, "-in", "in.argon"], cwd=folder, check=True, capture_output=True)
    whole = open_trajectory(
        folder / "argon.dcd", data=folder / "argon.data", elements=["Ar"], timestep_fs=4.0, every=10
    )
    log = read_thermo(folder / "log.lammps")
    log = log[log["run"] == log["run"].max()].reset_index(drop=True)
    truth = numbers(whole, log)
    for piece in range(pieces):
        start = piece * FRAMES
        chunk = whole.read(start, start + FRAMES)
        frames = Frames(["Ar"] * ATOMS, chunk.positions, chunk.cells[0])
        frames.times_ps = INTERVAL_PS * np.arange(FRAMES)
        for name, scalar in numbers(frames, log[start : start + FRAMES].reset_index(drop=True)).items():
            yield trial(name, scalar, truth[name].value)


def numbers(frames, log):
    """The numbers of a trajectory and its log, by name."""
    tables = analyse(frames, names=NAMES, options=OPTIONS) | thermo_tables(log, ATOMS, 10)
    found = {name: scalar for table in tables.values() for name, scalar in table.scalars.items()}
    return {name: scalar for name, scalar in found.items() if name != "drift"}  # a Langevin thermostat has none
