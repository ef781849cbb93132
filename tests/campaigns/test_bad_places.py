"""Batch systems and disks that misbehave: a clear error in seconds, and bounded retries."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.campaigns.driver import FakeCampaign

pytest.importorskip("parsl", reason="parsl is not in this environment")
CLUSTER = {"cluster": {"kind": "slurm", "address": "127.0.0.1", "cpu": {"walltime": "5min", "max_blocks": 3}}}


@pytest.mark.parametrize(
    ("prints", "status", "says"),
    [
        ("echo hello world", 0, "the batch system gives no block for 'cpu'"),
        ("echo 'sbatch: error: account abc has no budget left' >&2", 1, "account abc has no budget left"),
    ],
)
def test_a_queue_that_answers_nonsense_or_refuses(prints, status, says, tmp_path):
    programs = tmp_path / "bin"
    programs.mkdir()
    calls = tmp_path / "calls"
    for name, body in (("sbatch", f"echo x >> {calls}\n{prints}\nexit {status}"), ("squeue", "exit 1")):
        (programs / name).write_text(f"#!/bin/sh\n{body}\n")
        (programs / name).chmod(0o755)
    campaign = FakeCampaign(tmp_path, runs=5)
    (tmp_path / "places.yaml").write_text(yaml.safe_dump(CLUSTER))
    campaign.env["PATH"] = f"{programs}{os.pathsep}{campaign.env['PATH']}"
    done = campaign.call("run", "--where", "cluster")
    assert done.returncode == 15 and says in done.stderr, done.stderr
    assert len(calls.read_text().split()) <= 4, "the scheduler is not flooded"
    assert "5 waiting" in campaign.call("status").stdout


def test_a_full_disk_ends_each_run_after_its_tries(tmp_path):
    if os.geteuid() != 0 or sys.platform != "linux":
        pytest.skip("a small file system needs root and Linux")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        campaign = FakeCampaign(tmp_path, runs=2, cpus=1, tries=2)
        out = disk / "fake"
        (out / "runs").mkdir(parents=True)
        (out / "engine").symlink_to(tmp_path / "engine")  # Parsl's logs go elsewhere: this is about the runs
        (tmp_path / "engine").mkdir()
        broken = tmp_path / "fills.py"
        broken.write_text(
            "import sys\nfrom pathlib import Path\n"
            "if sys.argv[1] == 'check': sys.exit(0)\n"
            f"Path({str(disk)!r}, 'fill').open('ab').write(bytes(400_000))\n"
        )
        campaign.env["LMPDRIVE"] = f"{sys.executable} {broken}"
        done = campaign.call("run", "--out", str(out))
        assert done.returncode in (1, 6), done.stderr
        begun = sum(line.count('"begin"') for path in Path(out, "journal").glob("*.jsonl") for line in path.open())
        assert begun <= 2 * 3 + 2
    finally:
        subprocess.run(["umount", str(disk)], check=False)
