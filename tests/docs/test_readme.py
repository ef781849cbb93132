"""README's first two bash blocks are the promise to a newcomer: exactly these, and CI runs the second."""

from __future__ import annotations

import os
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
VENV = "python3 -m venv .venv"
RUN = f'{VENV} && .venv/bin/pip install ".[deepmd]" && .venv/bin/lmpdrive simulate inputs/pt111-water.yaml'
TEST = f'{VENV} && .venv/bin/pip install -e ".[deepmd,mace,test]" && .venv/bin/pytest'


def bash_blocks() -> list[str]:
    return re.findall(r"^```bash\n(.*?)^```$", (ROOT / "README.md").read_text(), re.M | re.S)


def test_the_first_block_installs_and_runs_the_main_job():
    assert bash_blocks()[0].strip() == RUN
    assert (ROOT / "inputs" / "pt111-water.yaml").is_file()


def test_the_second_block_installs_and_passes_the_tests():
    assert bash_blocks()[1].strip() == TEST


def test_ci_runs_the_second_block():
    script = ROOT / ".ci" / "run"
    assert TEST in script.read_text()
    assert os.access(script, os.X_OK)
