"""What is shipped of a folder that is a registry: what git tracks of it, where this is a checkout.

A file that was only dropped into the folder must pass the tests with no page of its own yet.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.conftest import ROOT


def shipped(folder: str) -> set[str]:
    """Names of the modules in a folder; of all that lie there, where git knows nothing of it."""
    done = subprocess.run(["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True, check=False)
    files = [ROOT / line for line in done.stdout.splitlines()] or list((ROOT / folder).rglob("*.py"))
    return {Path(file.relative_to(ROOT / folder).parts[0]).stem for file in files}
