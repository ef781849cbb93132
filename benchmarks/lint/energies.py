"""What LAMMPS computes for decks that `lmpdrive lint` refuses: each beside the deck that is right.

    python benchmarks/lint/energies.py [FOLDER [WORD]]

Six atoms, three of Pt and a water molecule, with the demonstration model potentials/pt-water-dp through plain `lmp`
(`pip install ".[deepmd]"`).  Prints the potential energy [eV] of the first frame and, for runs, the mean displacement
[Å] of the water molecule's atoms and the change of the total energy [eV] after them.  Nothing is written outside
FOLDER (a temporary folder by default).  With WORD only the decks whose names contain it.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

MODEL = Path(__file__).parents[2] / "potentials" / "pt-water-dp" / "model.pb"
LMP = Path(sys.executable).parent / "lmp"

DATA = """water on metal

6 atoms
3 atom types

0 12 xlo xhi
0 12 ylo yhi
0 30 zlo zhi

Masses

1 1.008
2 15.999
3 195.084

Atoms # charge

1 3 0 3 3 2
2 3 0 5.8 3 2
3 3 0 3 5.8 2
4 2 0 4 4 6
5 1 0 4.76 4 6.59
6 1 0 3.24 4 6.59
"""
BONDS = "\nBonds\n\n1 1 4 5\n2 1 4 6\n"

RIGHT = """units metal
atom_style charge
atom_modify map yes
read_data s.data
group slab type 3
group mobile subtract all slab
pair_style deepmd model.pb
pair_coeff * * H O Pt
compute d mobile displace/atom
compute away mobile reduce ave c_d[4]
thermo_style custom step pe c_away etotal
timestep 0.0005
run 0
"""
BONDED = "bond_style zero\nbond_coeff *\n"
MOVED = "velocity mobile create 300 7 mom yes rot no\nfix move mobile {}\nrun 100\n"
ZBL = "pair_style hybrid/overlay deepmd model.pb zbl 1 2\npair_coeff * * deepmd H O Pt\n"
D3, D3_ARGS = "pair_style hybrid/overlay deepmd model.pb", "dispersion/d3 bj pbe 20 10"
D3_COEFF = "dispersion/d3 H O Pt"
CHARGES = "pair_coeff 1 1 zbl 1 1\npair_coeff 2 2 zbl 8 8\npair_coeff 3 3 zbl 78 78\n"


def full(text: str) -> str:
    """With bonds between O and H."""
    return text.replace("atom_style charge", "atom_style full").replace("s.data\n", "bonded.data\n", 1)


def after(word: str, new: str) -> Callable[[str], str]:
    """Lines after the first line that begins with a word."""
    return lambda text: re.sub(rf"^({word}.*\n)", lambda m: m[1] + new, text, count=1, flags=re.M)


def pairs(new: str) -> Callable[[str], str]:
    """Other lines in place of pair_style and pair_coeff."""
    return lambda text: re.sub(r"^pair_style.*\npair_coeff.*\n", lambda _: new, text, flags=re.M)


def moved(fix: str, more: str = "") -> Callable[[str], str]:
    """A run of 100 steps after the first energy."""
    return lambda text: text + MOVED.format(fix).replace("run 100", f"{more}run 100")


CASES: dict[str, tuple[str, Callable[[str], str]]] = {
    "right": ("", lambda text: text),
    "bonds, special_bonds by default": ("special-bonds", lambda t: after("pair_coeff", BONDED)(full(t))),
    "bonds, special_bonds lj/coul 1 1 1": (
        "",
        lambda t: after("pair_coeff", BONDED + "special_bonds lj/coul 1 1 1\n")(full(t)),
    ),
    "bonds, special_bonds lj 0 0 0 coul 0 0 1e-9": (
        "special-bonds",
        lambda t: after("pair_coeff", BONDED + "special_bonds lj 0 0 0 coul 0 0 1e-9\n")(full(t)),
    ),
    "bonds, special_bonds lj 0 0 0 coul 1e-9 1e-9 1e-9": (
        "",
        lambda t: after("pair_coeff", BONDED + "special_bonds lj 0 0 0 coul 1e-9 1e-9 1e-9\n")(full(t)),
    ),
    "bonds, kspace_style (energy of deepmd only)": (
        "",
        lambda t: after("pair_coeff", BONDED + "kspace_style ewald 1e-3\ncompute dp all pair deepmd\n")(
            pairs(
                "set type 1 charge 0.4\nset type 2 charge -0.8\npair_style hybrid/overlay deepmd model.pb coul/long 6\n"
                "pair_coeff * * coul/long\npair_coeff * * deepmd H O Pt\n"
            )(full(t))
        ).replace("step pe", "step c_dp"),
    ),
    "neigh_modify exclude group slab slab": (
        "neigh-exclude",
        after("pair_coeff", "neigh_modify exclude group slab slab\n"),
    ),
    "pair_coeff * * O H Pt": ("pair-coeff-order", pairs("pair_style deepmd model.pb\npair_coeff * * O H Pt\n")),
    "no elements": ("pair-coeff-no-elements", pairs("pair_style deepmd model.pb\npair_coeff * *\n")),
    "hybrid/overlay with zbl, charges of the elements": ("", pairs(ZBL + CHARGES)),
    "hybrid/overlay with zbl 1 1 for all": ("zbl-charges", pairs(ZBL + "pair_coeff * * zbl 1 1\n")),
    "dispersion/d3": ("", pairs(f"{D3} {D3_ARGS}\npair_coeff * * {D3_COEFF}\npair_coeff * * deepmd H O Pt\n")),
    "dispersion/d3 twice": (
        "dispersion-twice",
        pairs(
            f"{D3} {D3_ARGS} {D3_ARGS}\npair_coeff * * {D3_COEFF.replace('d3', 'd3 1')}\n"
            f"pair_coeff * * {D3_COEFF.replace('d3', 'd3 2')}\npair_coeff * * deepmd H O Pt\n"
        ),
    ),
    "units real": ("", lambda t: t.replace("units metal", "units real")),
    "100 steps of nve": ("", moved("nve")),
    "neigh_modify every 50 check no, skin 0.3": (
        "neigh-interval",
        moved("nve", "neighbor 0.3 bin\nneigh_modify every 50 delay 0 check no\n"),
    ),
    "neigh_modify every 1 check yes, skin 0.3": ("", moved("nve", "neighbor 0.3 bin\n")),
    "fix efield, charges 0": ("efield-no-charge", moved("nve", "fix e mobile efield 0 0 1\n")),
    "fix efield, charges set": (
        "",
        lambda t: moved("nve", "fix e mobile efield 0 0 1\n")(
            after("group mobile", "set type 1 charge 0.4\nset type 2 charge -0.8\n")(t)
        ),
    ),
    "two fixes that integrate": ("integrated-twice", moved("nve", "fix again mobile nve\n")),
    "fix langevin without nve": ("thermostat-alone", moved("langevin 300 300 0.1 7")),
}


def run(folder: Path, text: str) -> tuple[float, float, float]:
    """Energy [eV] before the first step; displacement [Å] and change of the total energy [eV] after the last run."""
    (folder / "in.lammps").write_text(text)
    done = subprocess.run([LMP, "-in", "in.lammps"], cwd=folder, capture_output=True, text=True, check=False)
    rows = re.findall(r"^ +(\d+) +(-?\d[\d.e+-]*) +(-?\d[\d.e+-]*) +(-?\d[\d.e+-]*) *$", done.stdout, re.M)
    if done.returncode or not rows:
        raise SystemExit(f"LAMMPS failed ({done.returncode}):\n{text}\n{done.stdout[-2000:]}\n{done.stderr[-1000:]}")
    last_run = [row for row in rows if row[0] == "0"][-1]
    return float(rows[0][1]), float(rows[-1][2]), float(rows[-1][3]) - float(last_run[3])


def main(folder: Path, word: str = "") -> None:
    (folder / "s.data").write_text(DATA)
    rows = DATA.replace("# charge", "# full").replace("6 atoms", "6 atoms\n2 bonds\n1 bond types")
    rows = re.sub(r"^(\d) (\d) 0 (.*)$", r"\1 1 \2 0 \3", rows, flags=re.M)
    (folder / "bonded.data").write_text(rows + BONDS)
    (folder / "model.pb").write_bytes(MODEL.read_bytes())
    print(f"{'deck':52} {'lint':24} {'pe':>10} {'moved':>8} {'drift':>9}")
    for name, (code, change) in CASES.items():
        if word not in name:
            continue
        energy, way, drift = run(folder, change(RIGHT))
        print(f"{name:52} {code:24} {energy:10.4f} {way:8.4f} {drift:9.5f}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]), *sys.argv[2:3])
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
