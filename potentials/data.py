"""The frames that demonstration potentials are fitted to, and their split."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read, write

ELEMENTS = ["H", "O", "Pt"]
"""Order of the species inside the models (deepmd's `type_map`)."""

SPLIT_SEED = 20261121
HELD_BACK = 0.1

CONTACTS_SHARE = 0.25
"""Share of the batches that come from the frames of close contacts."""

CONTACTS_MAX_FORCE_EV_PER_A = 12.0
"""Harder ones would outweigh the liquid, whose forces are below 7 eV/Å."""


@dataclass(frozen=True)
class Split:
    """Frames for fitting, for watching the fit, and for the test that the card reports."""

    train: list[Atoms]
    watch: list[Atoms]
    test: list[Atoms]
    contacts: list[Atoms] = field(default_factory=list)


def load(data: Path) -> list[Atoms]:
    """All labelled frames, atoms sorted by element so that equal compositions share one order."""
    frames = []
    for name in ("interface.xyz.gz", "protons.xyz.gz"):
        for atoms in read(data / name, ":"):
            order = np.argsort([ELEMENTS.index(s) for s in atoms.get_chemical_symbols()], kind="stable")
            frames.append(atoms[order])
    return frames


def by_composition(frames: list[Atoms]) -> dict[str, list[Atoms]]:
    """Group frames by chemical formula."""
    groups: dict[str, list[Atoms]] = defaultdict(list)
    for atoms in frames:
        groups[atoms.get_chemical_formula()].append(atoms)
    return dict(sorted(groups.items()))


def split(frames: list[Atoms]) -> Split:
    """Split every composition 80/10/10, so that the test covers what the fit covers."""
    rng = np.random.default_rng(SPLIT_SEED)
    parts = Split([], [], [])
    for group in by_composition(frames).values():
        order = rng.permutation(len(group))
        n = round(HELD_BACK * len(group))
        parts.test.extend(group[i] for i in order[:n])
        parts.watch.extend(group[i] for i in order[n : 2 * n])
        parts.train.extend(group[i] for i in order[2 * n :])
    return parts


def write_test(data: Path, file: Path) -> None:
    """The held-back frames with their labels, for `lmpdrive compare --test`; the same for every recipe."""
    frames = split(load(data)).test
    write(file, frames, format="extxyz")
    print(f"wrote {len(frames)} held-back frames to {file}")


def load_contacts(path: Path) -> list[Atoms]:
    """Frames of contacts.py whose forces a fit of the liquid can bear."""
    frames = read(path, ":")
    return [a for a in frames if np.abs(a.arrays["REF_forces"]).max() <= CONTACTS_MAX_FORCE_EV_PER_A]
