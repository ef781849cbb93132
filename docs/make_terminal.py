"""Write docs/figures/terminal.svg: what a terminal shows while README's first run goes on, and at its end.

pip install pyte
python docs/make_terminal.py     # minutes: it runs inputs/pt111-water.yaml in a terminal of 108 columns

The run's output is fed to a terminal emulator; the picture has the screen in the middle of the production, and the last
lines when it has ended.
"""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import tempfile
from pathlib import Path

import pyte
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
FIGURE = ROOT / "docs" / "figures" / "terminal.svg"
COLUMNS, LINES = 108, 60
COMMAND = ["simulate", "inputs/pt111-water.yaml"]
MIDDLE = "production"
"""The first picture is of a moment when this is on the last line."""


def main() -> None:
    """Run, watch, draw."""
    with tempfile.TemporaryDirectory() as name:
        words = [sys.executable, "-m", "lmpdrive", *COMMAND, "--out", f"{name}/pt111-water"]
        during, end = watched(words, name)
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115
    console.print(Text(f"$ lmpdrive {' '.join(COMMAND)}", style="bold"))
    console.print(Text("\n".join(during)))
    console.print(Text("...", style="dim"))
    console.print(Text("\n".join(end)))
    FIGURE.write_text(console.export_svg(title="lmpdrive"))


def watched(words: list[str], folder: str) -> tuple[list[str], list[str]]:
    """The screen in the middle of the production, and what was written after it; the run's folder as `runs`."""
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(screen)
    ours, theirs = pty.openpty()
    size = {"COLUMNS": str(COLUMNS), "LINES": str(LINES), "TERM": "xterm-256color"}
    process = subprocess.Popen(words, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, env=os.environ | size)
    os.close(theirs)
    snapshots: list[list[str]] = []
    while True:
        ready, _, _ = select.select([ours], [], [], 1.0)
        try:
            content = os.read(ours, 65536) if ready else b""
        except OSError:  # the other end is closed
            break
        stream.feed(content)
        lines = shown(screen, folder)
        if lines and MIDDLE in lines[-1]:
            snapshots.append(lines)
        if not content and process.poll() is not None:
            break
    during, end = snapshots[len(snapshots) // 2], shown(screen, folder)
    return during, end[len(during) - 1 :]


def shown(screen: pyte.Screen, folder: str) -> list[str]:
    """Lines of the screen down to the last that is not empty."""
    lines = [line.rstrip().replace(folder, "runs") for line in screen.display]
    while lines and not lines[-1]:
        lines.pop()
    return lines


if __name__ == "__main__":
    main()
