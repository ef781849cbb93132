"""Moment tensor potentials of MLIP-2 (`.mtp`): what the file says, and the form that motep 0.2.0 reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lmpdrive.errors import ModelError

COUNT = "radial_funcs_count"
BEGINNING = "radial_coeffs"


@dataclass(frozen=True)
class MtpFile:
    """What an `.mtp` file says about itself: number of species, cutoff [Å]."""

    species_count: int
    cutoff_A: float


def about(path: Path) -> MtpFile:
    """Of a file.  Raises ModelError if it is not an MTP, or one with magnetic moments."""
    text = path.read_text(errors="replace")
    if not text.lstrip().startswith("MTP"):
        raise ModelError(f"{path.name} is not a moment tensor potential: its first line must be MTP")
    if re.search(r"^\s*(magnetic_basis_type|mag_basis_size)\b", text, re.M):
        raise ModelError(f"{path.name} has magnetic moments, which LAMMPS' atoms do not have here: use one without")
    count = re.search(r"^\s*species_count\s*=\s*(\d+)", text, re.M)
    cutoff = re.search(r"^\s*(?:max_dist|max_val|max)\s*=\s*(\S+)", text, re.M)
    if count is None or cutoff is None:
        raise ModelError(f"{path.name} has no {'max_dist' if count else 'species_count'}")
    if not re.search(r"^\s*moment_coeffs\s*=", text, re.M):
        raise ModelError(f"{path.name} has no moment_coeffs: it is an untrained potential")
    return MtpFile(int(count[1]), float(cutoff[1]))


def readable(text: str) -> str:
    """The text with `radial_funcs_count` before the coefficients that it counts.

    motep 0.2.0 needs it there and does not write it there itself: its `write_mtp` puts it after them.
    """
    lines = text.splitlines(keepends=True)
    start = next((k for k, line in enumerate(lines) if line.strip() == BEGINNING), None)
    if start is None or any(line.strip().startswith(COUNT) for line in lines[:start]):
        return text
    rows = 0
    for line in lines[start + 2 :]:  # the first pair, `0-0`, then its rows
        if not line.strip().startswith("{"):
            break
        rows += 1
    return "".join([*lines[:start], f"\t{COUNT} = {rows}\n", *lines[start:]])
