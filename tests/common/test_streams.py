"""Output whose reader ends: a `tee` that dies must not end a run."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lmpdrive.common.manifest import read_manifest
from tests.stages.resuming import METAL, rendered

PRINT = """
import os, sys, time
from lmpdrive.common.streams import closed_at, outlive_readers
outlive_readers()
for number in range(20000):
    print(number, "x" * 80, file=sys.{stream}, flush=True)
open("done", "w").write(str(closed_at()))
"""


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("reader", ["head -n 1", "true", "cat"])
def test_the_writer_goes_on(tmp_path, stream, reader):
    (tmp_path / "print.py").write_text(PRINT.format(stream=stream))
    both = " 2>&1" if stream == "stderr" else ""
    command = f"set -o pipefail; {sys.executable} print.py{both} | {reader} > read"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr
    assert ((tmp_path / "done").read_text() == "None") == (reader == "cat")
    if reader == "cat":
        assert len((tmp_path / "read").read_text().splitlines()) == 20000


def test_a_run_outlives_its_tee(tmp_path):
    """Both streams go into a pipe whose reader ends at once."""
    run = rendered(tmp_path / "case", METAL)
    command = f"set -o pipefail; {sys.executable} -m lmpdrive run-deck {run}/in.lammps 2>&1 | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr
    manifest = read_manifest(run)
    assert manifest.state == "finished" and manifest.last_part.output_closed
