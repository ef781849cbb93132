"""The most different of the candidates, given the frames that are trained on already.

Maximum Set Coverage as QUESTS has it: in turn the frame with the environment that differs most from all that are
known, weighted by its own diversity.  arXiv:2511.10561; the descriptors and their entropy: Nat. Commun. 16, 4014
(2025), https://doi.org/10.1038/s41467-025-59232-0.  They are of distances alone: elements are not told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from ase import Atoms

from lmpdrive.errors import InstallError
from lmpdrive.learning.file import Select

MOST_REFERENCES = 400
"""Frames of the training set that are compared with, spread evenly: the time grows with their number."""


def selected(candidates: Sequence[Atoms], known: Sequence[Atoms], wanted: Select) -> list[int]:
    """Numbers of at most `wanted.n` of the candidates, the most valuable first.

    Raises InstallError without QUESTS, for `msc`.
    """
    n = min(wanted.n, len(candidates))
    if wanted.method == "random" or not n:
        return np.random.default_rng(wanted.seed).permutation(len(candidates))[:n].tolist()
    quests = _quests()
    described = [quests.descriptor.get_descriptors([atoms]) for atoms in candidates]
    entropies = np.array([quests.entropy.entropy(x) for x in described])
    spread = np.linspace(0, len(known) - 1, min(len(known), MOST_REFERENCES)).astype(int)
    references = [quests.descriptor.get_descriptors([known[i]]) for i in spread]
    return [int(i) for i in quests.compression.fps.msc_conditional(described, entropies, n, references)]


def _quests() -> Any:
    try:
        import quests.compression.fps
        import quests.descriptor
        import quests.entropy
    except ModuleNotFoundError:
        cure = 'pip install "lmpdrive[learn]"; or take select.method: random'
        raise InstallError(f"selecting frames needs QUESTS: {cure}") from None
    return quests
