"""Where environments are stored, and which of them are complete.

<data directory>/envs/<family>/        a virtual environment
<data directory>/envs/<family>/state.json      what was installed so far
<data directory>/envs/<family>/complete.json   written last: without it the environment is not used
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from lmpdrive.common.atomic import write_atomically
from lmpdrive.errors import InstallError, did_you_mean

STATE, COMPLETE, LOG = "state.json", "complete.json", "install.log"


def root() -> Path:
    """Folder of all environments: `$LMPDRIVE_ENVS`, or `envs` in the user's data directory."""
    if configured := os.environ.get("LMPDRIVE_ENVS"):
        return Path(configured).absolute()
    from platformdirs import user_data_path

    return user_data_path("lmpdrive") / "envs"


def folder(name: str) -> Path:
    """Of one environment, there or not."""
    return root() / name


def names() -> list[str]:
    """Environments that were started, complete or not."""
    return sorted(p.name for p in root().iterdir() if p.is_dir()) if root().is_dir() else []


def read(path: Path) -> dict[str, Any]:
    """A JSON object, or {} if it is missing or truncated."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write(path: Path, content: dict[str, Any]) -> None:
    """A JSON object, through a temporary name."""
    write_atomically(path, json.dumps(content, indent=1) + "\n")


def complete(name: str) -> dict[str, Any] | None:
    """Content of `complete.json`; None if the environment is missing or incomplete."""
    return read(folder(name) / COMPLETE) or None


def python(name: str) -> Path:
    """Interpreter of an environment: its own, or the one it points to."""
    pointed = read(folder(name) / COMPLETE).get("python")
    return Path(pointed) if pointed else folder(name) / "bin" / "python"


def remove(name: str) -> None:
    """Delete an environment; an interpreter that it points to is left alone.

    Raises InstallError if there is none of that name.
    """
    if name not in names():
        raise InstallError(
            f"there is no environment '{name}'{did_you_mean(name, names()) or '.'} "
            f"There are: {', '.join(names()) or 'none'} (in {root()})"
        )
    (folder(name) / COMPLETE).unlink(missing_ok=True)  # first, so that what is left of an interruption is not used
    shutil.rmtree(folder(name))
