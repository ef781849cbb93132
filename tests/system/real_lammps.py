"""Run LAMMPS commands in a process of their own and get back what it then holds."""

import json
import subprocess
import sys

import numpy as np

_CODE = """
import json, sys
from lmpdrive.common.lammps_module import import_lammps
lmp = import_lammps(plugins=False)(cmdargs=["-log", "none", "-screen", "none", "-nocite"])
lmp.commands_string(sys.stdin.read())
n, kinds = lmp.get_natoms(), lmp.extract_setting("ntypes")
count = {k: lmp.extract_global(k) for k in ("nbonds", "nangles")}
mass = lmp.extract_atom("mass")
held = {
    "id": list(lmp.gather_atoms("id", 0, 1)), "type": list(lmp.gather_atoms("type", 0, 1)),
    "x": list(lmp.gather_atoms("x", 1, 3)), "v": list(lmp.gather_atoms("v", 1, 3)),
    "box": lmp.extract_box(), "mass": [mass[i] for i in range(1, kinds + 1)], **count,
}
if lmp.extract_setting("q_flag"):
    held["q"] = list(lmp.gather_atoms("q", 1, 1))
    held["molecule"] = list(lmp.gather_atoms("molecule", 0, 1))
print(json.dumps(held))
"""

SETUP = {
    "atomic": "units metal\natom_style atomic\natom_modify map yes\n",
    "full": "units metal\natom_style full\natom_modify map yes\nbond_style zero\nangle_style zero\n",
}
COEFFICIENTS = {"atomic": "", "full": "bond_coeff *\nangle_coeff *\n"}
PAIR = "pair_style zero 5.0\npair_coeff * *\n"


def lammps(commands: str, folder):
    """What LAMMPS holds after `commands`: ids, types, positions, velocities, box, masses, charges."""
    done = subprocess.run([sys.executable, "-c", _CODE], input=commands, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    held = json.loads(done.stdout.splitlines()[-1])
    for name in ("x", "v"):
        held[name] = np.array(held[name]).reshape(-1, 3)
    return held
