"""Fit a small GAP of Pt, O and H with `gap_fit`, in seconds.

    python tests/architectures/make_gap.py BIN/gap_fit FOLDER        # writes FOLDER/gap.xml and its sparse points

Pairs and SOAP within 4 Å on a few small frames of potentials/ (DFT, and made close contacts): poor, but a real model.
"""

import os
import subprocess
import sys
from pathlib import Path

from ase.io import read, write

POTENTIALS = Path(__file__).resolve().parents[2] / "potentials"
ISOLATED_eV = {"H": -1.2058, "O": -1.6348, "Pt": -0.6548}
"""RPBE, of the source of the frames: ../shared/data/pt-water-rpbe-d3/isolated-atoms.xyz."""
PAIRS = "distance_2b cutoff=4.0 covariance_type=ard_se delta=1.0 theta_uniform=0.7 sparse_method=uniform n_sparse=12"
SOAP = (
    "soap n_max=2 l_max=1 cutoff=4.0 cutoff_transition_width=0.8 atom_sigma=0.6 zeta=2 delta=0.3 "
    "covariance_type=dot_product sparse_method=cur_points n_sparse=20"
)


def make(gap_fit: Path, folder: Path) -> Path:
    """Fit in `folder`; returns the `.xml`."""
    files = (POTENTIALS / "pt-water-test" / "held-back.xyz.gz", POTENTIALS / "pt-water-contacts" / "contacts.xyz.gz")
    frames = [atoms for file in files for atoms in read(file, ":50") if len(atoms) <= 60]
    for atoms in frames:
        atoms.info = {"REF_energy": float(atoms.info["REF_energy"])}
    write(folder / "train.xyz", frames)
    isolated = ":".join(f"{element}:{energy}" for element, energy in ISOLATED_eV.items())
    arguments = {
        "atoms_filename": "train.xyz",
        "energy_parameter_name": "REF_energy",
        "force_parameter_name": "REF_forces",
        "virial_parameter_name": "none",
        "e0": f"{{{isolated}}}",
        "default_sigma": "{0.002 0.2 0 0}",
        "sparse_jitter": "1e-8",
        "do_copy_at_file": "F",
        "gp_file": "gap.xml",
        "gap": f"{{{PAIRS} add_species=T : {SOAP} add_species=T}}",
    }
    words = [f"{key}={value}" for key, value in arguments.items()]
    one_core = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([gap_fit, *words], cwd=folder, capture_output=True, text=True, env=one_core, check=False)
    if done.returncode:
        raise RuntimeError(f"gap_fit failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return folder / "gap.xml"


if __name__ == "__main__":
    print(make(Path(sys.argv[1]).absolute(), Path(sys.argv[2])))
