"""Errors of the real LAMMPS: its words, the line of the deck, and a cause or a cure."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest

from lmpdrive.engine.explain import explain

DECK = """\
units metal
atom_modify map yes
boundary p p f
region box block 0 10 0 10 0 15
create_box 1 box
create_atoms 1 single 2 3 4
create_atoms 1 single 5 3 4
mass 1 40
pair_style lj/cut 4
pair_coeff * * 0.01 3
"""

ERRORS = {
    "fix b all plumed plumedfile plumed.dat outfile p.log": ["PLUMED package", "line 11", "Packages_details"],
    "fix b all no/such/style 1": ["no/such/style", "misspelt"],
    "compute c all not_there": ["not_there", "misspelt"],
    "pair_style deepmdd model.pb": ["deepmdd", "install the potential's package"],
    "fix m all npt temp 300 300 0.1 iso 0 0 1": ["non-periodic z dimension", "coupling: xy"],
    "fix b all colvars cv.in output cv": ["cannot open configuration file", "cv.in", "beside your template"],
    "fix m all nvt temp 300": ["Illegal fix nvt", "line 11", "in the words above"],
    "frobnicate all": ["frobnicate", "misspelt"],
}


def worker(folder) -> int:
    """Exit code of the worker with the deck of a folder."""
    command = [sys.executable, "-m", "lmpdrive.engine.worker", "in.lammps", "--no-plugins", "--log=log.lammps"]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode


@pytest.mark.parametrize("line", ERRORS)
def test_errors_are_explained(tmp_path, line):
    (tmp_path / "in.lammps").write_text(f"{DECK}{line}\nrun 0\n")
    assert worker(tmp_path) == 1
    said = explain(tmp_path)
    for words in ERRORS[line]:
        assert words in said, said
    assert "unknown" not in said.split("Likely cause:")[1]


def test_the_words_of_colvars(tmp_path):
    """Its parser wants line breaks: what it says of that stands before LAMMPS' own error."""
    (tmp_path / "cv.in").write_text(
        "colvar {\n name d\n distanceZ { main { atomNumbers 1 } ref { atomNumbers 2 } }\n}\n"
    )
    (tmp_path / "in.lammps").write_text(f"{DECK}fix b all colvars cv.in output cv\nrun 0\n")
    assert worker(tmp_path) == 1
    assert "Before that: Parse error: reached the end while looking for closing brace" in explain(tmp_path)


@pytest.mark.parametrize("reason", ["No space left on device", "Disk quota exceeded", "File too large"])
def test_a_full_disk_is_a_cause_with_a_command_to_paste(tmp_path, reason):
    folder = tmp_path / "my runs; rm -rf x"
    folder.mkdir()
    (folder / "in.lammps").write_text(DECK)
    (folder / "log.lammps").write_text(f"ERROR on proc 0: Cannot open restart file a.restart: {reason} (src/x.cpp:1)\n")
    said = explain(folder)
    command = next(line for line in said.splitlines() if line.startswith("Likely cause")).partition("then: ")[2]
    assert shlex.split(command) == ["lmpdrive", "resume", str(folder)]
