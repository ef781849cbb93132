"""Make labelled frames of close contacts, where 500 DFT frames have nothing and a fit goes wrong first.

    DATA=../shared/data/pt-water-rpbe-d3
    python potentials/contacts.py contacts.xyz.gz $DATA/interface.xyz.gz $DATA/protons.xyz.gz

Molecular dynamics with a model fitted to the DFT frames alone failed after about 30 ps: two H of different
molecules came closer than any in the data (1.56 Å) and met no wall there.  Each new frame x' is a DFT frame x
of the training part with some water molecules pushed against a neighbour, or with every atom shaken.  It is
labelled by difference with a foundation model, SevenNet-0 (Park et al., J. Chem. Theory Comput. 20, 4857
(2024); weights in the package's wheel, MIT licence; PBE):

    E(x') = E_DFT(x) + E_7net(x') - E_7net(x),    F(x') = F_DFT(x) + F_7net(x') - F_7net(x)

so that the foundation model adds only the cost of the displacement: the repulsive wall, of some eV, in which
PBE and RPBE-D3 differ little.  These are not DFT labels; they never enter a test set.

Needs `pip install torch sevenn` and some 20 minutes of one core.  Units: eV, Å, eV/Å.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.geometry import find_mic
from ase.io import write
from ase.neighborlist import neighbor_list

from lmpdrive.training import frames as labelled_frames
from lmpdrive.training.recipe import load_recipe
from lmpdrive.training.splits import split

SEED = 5
MAX_FORCE_EV_PER_A = 30.0

CONTACTS_A = {
    ("H", "H"): (1.05, 1.65),
    ("O", "O"): (2.00, 2.45),
    ("H", "O"): (1.25, 1.65),
    ("H", "Pt"): (1.35, 1.90),
    ("O", "Pt"): (1.80, 2.20),
}
"""Pair -> range of the distances that are made; no pair is ever brought below its lower end."""

SHARES = (0.5, 0.2, 0.1, 0.1, 0.1)
"""How often each pair is tried."""

SHAKE_A = (0.03, 0.11)
SHAKE_OF_ELEMENT = {"H": 1.0, "O": 0.9}
SHAKE_OF_METAL = 0.6


def molecules(atoms: Atoms) -> list[list[int]]:
    """[O, H, H] of every intact water: each H belongs to its nearest O within 1.3 Å."""
    symbols = np.array(atoms.get_chemical_symbols())
    owner: dict[int, tuple[int, float]] = {}
    for i, j, d in zip(*neighbor_list("ijd", atoms, {("O", "H"): 1.3}), strict=True):
        if symbols[i] == "H" and (i not in owner or d < owner[i][1]):
            owner[i] = (j, d)
    members: dict[int, list[int]] = {}
    for hydrogen, (oxygen, _) in owner.items():
        members.setdefault(oxygen, [oxygen]).append(hydrogen)
    return [m for m in members.values() if len(m) == 3]


def rotation(axis: np.ndarray, angle: float) -> np.ndarray:
    """(3, 3) rotation by `angle` [rad] about `axis` (Rodrigues)."""
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def too_close(atoms: Atoms, members: list[int], others: np.ndarray) -> bool:
    """Whether a pair between a molecule and the rest is below the lower end of its range."""
    symbols = np.array(atoms.get_chemical_symbols())
    for atom in members:
        _, distances = find_mic(atoms.positions[others] - atoms.positions[atom], atoms.cell, atoms.pbc)
        for (a, b), (lowest, _) in CONTACTS_A.items():
            partner = {a: b, b: a}.get(symbols[atom])
            of_pair = symbols[others] == partner
            if of_pair.any() and distances[of_pair].min() < lowest - 1e-6:
                return True
    return False


def candidates(atoms: Atoms, members: list[int], others: np.ndarray, kind: tuple[str, str]) -> list:
    """(distance, atom of the molecule, vector) of the nearest few pairs of a kind within 4 Å."""
    symbols = np.array(atoms.get_chemical_symbols())
    found = []
    for atom in members:
        for mine, theirs in dict.fromkeys((kind, kind[::-1])):
            partners = others[symbols[others] == theirs]
            if symbols[atom] != mine or not len(partners):
                continue
            vectors, distances = find_mic(atoms.positions[partners] - atoms.positions[atom], atoms.cell, atoms.pbc)
            found += [(distances[k], atom, vectors[k]) for k in np.argsort(distances)[:3] if distances[k] < 4.0]
    return found


def pushed(atoms: Atoms, rng: np.random.Generator) -> Atoms | None:
    """A copy with one water in twelve pushed against a neighbour; None if none could be."""
    out = atoms.copy()
    symbols = atoms.get_chemical_symbols()
    waters = molecules(atoms)
    if len(waters) < 2:
        return None
    wanted, moved, made = max(1, len(waters) // 12), set[int](), []
    for _ in range(60):
        if len(made) == wanted:
            break
        members = waters[rng.integers(len(waters))]
        if set(members) & moved:
            continue
        kind = list(CONTACTS_A)[rng.choice(len(SHARES), p=SHARES)]
        target = rng.uniform(*CONTACTS_A[kind])
        others = np.setdiff1d(np.arange(len(atoms)), members)
        pairs = candidates(out, members, others, kind)
        if not pairs:
            continue
        distance, atom, vector = pairs[rng.integers(len(pairs))]
        if distance < target:
            continue
        before = out.positions[members].copy()
        if rng.random() < 0.5 and symbols[atom] == "H":  # also turn the H towards the partner
            centre = out.positions[members[0]]
            arm = out.positions[atom] - centre
            goal = arm + vector
            axis = np.cross(arm, goal)
            if np.linalg.norm(axis) > 1e-3:
                cosine = arm @ goal / np.linalg.norm(arm) / np.linalg.norm(goal)
                turn = rotation(axis, np.arccos(np.clip(cosine, -1, 1)) * rng.uniform(0.3, 1))
                out.positions[members] = centre + (out.positions[members] - centre) @ turn.T
            vector = before[members.index(atom)] + vector - out.positions[atom]
            distance = np.linalg.norm(vector)
        if distance > target:
            out.positions[members] += vector / distance * (distance - target)
        if too_close(out, members, others):
            out.positions[members] = before
            continue
        moved |= set(members)
        made.append(f"{'-'.join(kind)} {target:.2f}")
    out.info = {"kind": "pushed", "contacts_A": ", ".join(made)}
    return out if made else None


def shaken(atoms: Atoms, rng: np.random.Generator) -> Atoms:
    """A copy with normally distributed displacements, smaller for the metal."""
    out = atoms.copy()
    sigma = rng.uniform(*SHAKE_A)
    scale = np.array([SHAKE_OF_ELEMENT.get(s, SHAKE_OF_METAL) for s in atoms.get_chemical_symbols()])
    out.positions += rng.normal(size=(len(atoms), 3)) * sigma * scale[:, None]
    out.info = {"kind": "shaken", "sigma_A": round(sigma, 3)}
    return out


def labelled(frame: Atoms, displaced: list[Atoms], calculator) -> list[Atoms]:
    """Displaced frames with energies and forces by difference; frames with an extreme force are left out."""

    def evaluate(atoms: Atoms) -> tuple[float, np.ndarray]:
        bare = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=atoms.pbc, calculator=calculator)
        return bare.get_potential_energy(), bare.get_forces()

    energy_0, forces_0 = evaluate(frame)
    out = []
    for atoms in displaced:
        energy, forces = evaluate(atoms)
        forces = frame.arrays["REF_forces"] + forces - forces_0
        if np.abs(forces).max() > MAX_FORCE_EV_PER_A:
            continue
        new = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=atoms.pbc, info=dict(atoms.info))
        new.info["REF_energy"] = frame.info["REF_energy"] + energy - energy_0
        new.arrays["REF_forces"] = forces
        out.append(new)
    return out


def training_part(files: list[Path]) -> list[Atoms]:
    """The frames that the shipped recipes fit, so that none is made from a held-back one."""
    frames = labelled_frames.read(files)
    elements = labelled_frames.species(frames, ())
    settings = load_recipe("deepmd").split
    parts = split([frame.formula for frame in frames], settings.seed, settings.test, settings.validation)
    return [labelled_frames.sorted_by_element(frames[i], elements).atoms for i in parts.train]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="extended XYZ file to write, e.g. contacts.xyz.gz")
    parser.add_argument("data", type=Path, nargs="+", help="labelled frames, as they are given to `lmpdrive train`")
    parser.add_argument("--frames", type=int, default=150, help="DFT frames to start from (default: 150)")
    args = parser.parse_args()

    import torch
    from sevenn.calculator import SevenNetCalculator

    torch.set_num_threads(1)
    calculator = SevenNetCalculator("7net-0", device="cpu")
    rng = np.random.default_rng(SEED)
    train = training_part(args.data)
    with_water = [train[i] for i in rng.permutation(len(train)) if "O" in train[i].get_chemical_symbols()]
    frames: list[Atoms] = []
    for done, frame in enumerate(with_water[: args.frames], start=1):
        displaced = [pushed(frame, rng), pushed(frame, rng) if len(frame) > 100 else None, shaken(frame, rng)]
        frames += labelled(frame, [atoms for atoms in displaced if atoms is not None], calculator)
        print(f"{done}/{args.frames} DFT frames, {len(frames)} new frames", flush=True)
    write(args.out, frames, format="extxyz", columns=["symbols", "positions", "REF_forces"])


if __name__ == "__main__":
    main()
