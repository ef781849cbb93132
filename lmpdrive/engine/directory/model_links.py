"""The model files of a run directory, which LAMMPS reads by their names there: links, or copies of a person."""

from __future__ import annotations

from pathlib import Path

from lmpdrive.common.hashing import sha256
from lmpdrive.common.manifest import read_manifest
from lmpdrive.common.say import Say
from lmpdrive.config import Config
from lmpdrive.errors import ModelError


def restore_links(run_dir: Path, config: Config, say: Say) -> None:
    """Make links again that are missing or lead nowhere, where the original is there and its sha256 is the recorded."""
    recorded, sources = read_manifest(run_dir).potential.sha256, config.potential.files()
    for name, digest in recorded.items():
        link, source = run_dir / name, sources.get(name)
        if not link.exists() and source is not None and source.exists() and sha256(source) == digest:
            why = "led nowhere" if link.is_symlink() else "was not there"
            link.unlink(missing_ok=True)
            link.symlink_to(source, target_is_directory=source.is_dir())
            say(f"the link {name} {why}: made again, to {source}, whose sha256 is that in the manifest")


def must_be_the_models(run_dir: Path) -> None:
    """Raise ModelError for a file that was put in a link's place and is another model.

    A link may lead to a compressed twin.
    """
    for name, digest in read_manifest(run_dir).potential.sha256.items():
        path = run_dir / name
        if path.exists() and not path.is_symlink() and sha256(path) != digest:
            raise ModelError(
                f"{path} is not the model that the run began with (sha256). Remove it, and the link to that model is "
                "made again; for another model begin a new run."
            )
