"""What people write today: one frame at a time with MDAnalysis and NumPy.  Written for this comparison.

Water density, orientation and ion profile of one trajectory, as in the usual analysis scripts: every frame selects its
atoms, takes minimum images with MDAnalysis' `minimize_vectors`, and calls `np.histogram` three times.  Density in
g/cm^3, orientation as density times cos θ, ions in mol/L; bins of 0.1 Å from the top metal layer.

Water molecules are found in every frame (each H goes to the nearest O within 1.3 Å; a water is an O with two H), which
is what lmpdrive does.  `--once waters` finds them in the first frame only, which is faster and wrong as soon as a
proton hops; `--once all` selects the atoms once as well, which is as lean as this way gets.

    python benchmarks/analysis/numpy_mdanalysis.py traj.dcd system.data out.npz [--once waters|all]
"""

from __future__ import annotations

import json
import sys
import time

import MDAnalysis as mda
import numpy as np
from MDAnalysis.lib.distances import capped_distance, minimize_vectors

AVOGADRO = 6.02214076e23
MASSES = {196.967: "Au", 1.008: "H", 22.99: "Na", 15.999: "O"}


def universe(trajectory: str, data: str) -> mda.Universe:
    """Atoms from the data file, frames from the trajectory."""
    u = mda.Universe(data, format="DATA", atom_style="id type x y z")
    u.add_TopologyAttr("names", [MASSES[round(float(m), 3)] for m in u.atoms.masses])
    u.load_new(trajectory, format="DCD" if trajectory.endswith(".dcd") else "LAMMPSDUMP")
    return u


def waters(oxygen: np.ndarray, hydrogen: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices (W,) of the O and (W, 2) of the H of each water molecule."""
    pairs, distances = capped_distance(hydrogen, oxygen, 1.3, box=box)
    owner = np.full(len(hydrogen), -1)
    farthest_first = np.argsort(-distances)  # so that the nearest is written last
    owner[pairs[farthest_first, 0]] = pairs[farthest_first, 1]
    found = np.flatnonzero(np.bincount(owner[owner >= 0], minlength=len(oxygen)) == 2)
    order = np.argsort(owner, kind="stable")
    return found, order[np.isin(owner[order], found)].reshape(-1, 2)


def profiles(u: mda.Universe, once: str = "", width: float = 0.1) -> dict[str, np.ndarray]:
    """Three profiles over all frames."""
    u.trajectory[0]
    metal = u.select_atoms("name Au")
    heights = np.unique(np.round(metal.positions[:, 2], 0))
    top = metal[metal.positions[:, 2] > heights.max() - 1.0].indices
    edges = np.arange(0, u.dimensions[2], width)
    water, orientation, ion = (np.zeros(len(edges) - 1) for _ in range(3))
    groups = [u.select_atoms(f"name {name}") for name in ("Na", "O", "H")]
    assigned = None
    for frame in u.trajectory:
        box = frame.dimensions
        if once != "all":
            groups = [u.select_atoms(f"name {name}") for name in ("Na", "O", "H")]
        ions, oxygen, hydrogen = (group.positions for group in groups)
        surface = frame.positions[top, 2].mean()
        if assigned is None or not once:
            assigned = waters(oxygen, hydrogen, box)
        o, h = assigned
        z_water = (oxygen[o, 2] - surface) % box[2]
        bond_1 = minimize_vectors(hydrogen[h[:, 0]] - oxygen[o], box=box)
        bond_2 = minimize_vectors(hydrogen[h[:, 1]] - oxygen[o], box=box)
        dipole = bond_1 + bond_2
        cosine = dipole[:, 2] / np.linalg.norm(dipole, axis=1)
        volume = box[0] * box[1] * width * 1e-24  # cm^3
        water += np.histogram(z_water, edges)[0] * 18.015 / AVOGADRO / volume
        orientation += np.histogram(z_water, edges, weights=cosine)[0] * 18.015 / AVOGADRO / volume
        ion += np.histogram((ions[:, 2] - surface) % box[2], edges)[0] / AVOGADRO / volume * 1e3
    n = len(u.trajectory)
    return {"z": edges[:-1] + width / 2, "water": water / n, "orientation": orientation / n, "ion": ion / n}


if __name__ == "__main__":
    start = time.process_time()
    u = universe(sys.argv[1], sys.argv[2])
    np.savez(sys.argv[3], **profiles(u, sys.argv[5] if len(sys.argv) > 5 else ""))
    n = len(u.trajectory)
    print(json.dumps({"n": n, "loop_us": (time.process_time() - start) / n * 1e6}))
