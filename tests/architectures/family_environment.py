"""The environment of an architecture's family for the tests, made by the product's own command inside the checkout.

    with family_environment("quip"):
        check_architecture({"architecture": "quip", ...}, atoms)

It lies in `build/environments/` (git ignores it) and is kept: the next run only brings lmpdrive's own files up to date.
uv makes one in half a minute or less (the extra `test` has uv), pip in two.  Where packages cannot be had, the test is
skipped with the installer's last line.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lmpdrive import environments
from lmpdrive.architectures import recipe
from tests.conftest import ROOT

FOLDER = ROOT / "build" / "environments"
NO_NETWORK = (
    "No matching distribution",
    "not found in the package registry",
    "Failed to fetch",
    "error sending request",
    "Connection",
    "Temporary failure in name resolution",
)
"""What pip and uv write where packages cannot be had; every other failure fails the test."""


@contextmanager
def family_environment(architecture: str) -> Iterator[Path]:
    """Folder of the environment of `architecture`, which lmpdrive uses inside of the `with`.

    Skips the test where the packages cannot be had.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LMPDRIVE_ENVS", str(FOLDER))
        patch.setenv("XDG_CONFIG_HOME", str(FOLDER / "no-settings"))  # a user's settings may name another interpreter
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")  # where uv is
        found = recipe(architecture)
        assert found, f"{architecture} has no recipe"
        _make(found.family)
        yield environments.folder(found.family)


def _make(family: str) -> None:
    """`lmpdrive env create`, also to bring a kept one up to date; prints what it says and how long it took."""
    started = time.monotonic()
    command = [sys.executable, "-m", "lmpdrive", "env", "create", family]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(f"{' '.join(command[1:])}: {time.monotonic() - started:.0f} s\n{done.stdout}")
    if done.returncode == 0:
        return
    reasons = [line for line in done.stdout.splitlines() if any(words in line for words in NO_NETWORK)]
    if reasons:
        pytest.skip(f"the environment '{family}' cannot be installed here: {reasons[-1].strip()}")
    pytest.fail(f"lmpdrive env create {family} failed:\n{done.stdout[-3000:]}")
