"""A campaign of fake runs in a folder, and drivers of it that can be killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import yaml

FAKE = Path(__file__).parent / "fake_lmpdrive.py"


class FakeCampaign:
    """`runs` runs, `cpus` at a time."""

    def __init__(self, folder: Path, runs: int, cpus: int = 4, seconds: float = 0.1, **changes: object) -> None:
        self.folder = folder
        (folder / "base.yaml").write_text("potential: {architecture: classical}\n")
        content = {
            "campaign": "fake",
            "base": "base.yaml",
            "axes": {"s": {"dynamics.seed": list(range(1, runs + 1))}},
            "tries": 20,
            **changes,
        }
        self.file = folder / "fake.yaml"
        self.file.write_text(yaml.safe_dump(content, sort_keys=False))
        (folder / "places.yaml").write_text(f"workstation: {{kind: local, cpus: {cpus}}}\n")
        self.env = os.environ | {
            "LMPDRIVE": f"{sys.executable} {FAKE}",
            "LMPDRIVE_PLACES": str(folder / "places.yaml"),
            "FAKE_SECONDS": str(seconds),
        }

    @property
    def out(self) -> Path:
        """The campaign's folder."""
        return self.folder / "campaigns" / "fake"

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "lmpdrive", "campaign", *words]

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """A driver."""
        log = (self.folder / "driver.log").open("ab")
        command = self.command("run", str(self.file), *words)
        return subprocess.Popen(command, cwd=self.folder, env=self.env, stdout=log, stderr=log)

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Another command of the campaign."""
        command = self.command(words[0], str(self.file), *words[1:])
        return subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False)

    def slices(self) -> dict[str, int]:
        """Run -> slices that it has done."""
        return {path.parent.name: len(path.read_text().splitlines()) for path in self.out.glob("runs/*/slices")}

    def workers(self) -> list[int]:
        """Processes that run tasks of this campaign: parents of fake runs."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if str(FAKE).encode() in words and any(str(self.out).encode() in word for word in words):
                found.append(parent)
        return found

    def journal(self) -> list[dict]:
        """All entries of all runs."""
        lines = [line for path in self.out.glob("journal/*.jsonl") for line in path.read_text().splitlines()]
        return [json.loads(line) for line in lines]


def kill(pid: int) -> None:
    """As a node that is gone."""
    os.kill(pid, signal.SIGKILL)
