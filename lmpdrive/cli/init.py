"""`lmpdrive init` and `lmpdrive schema`: help with writing the YAML file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from lmpdrive.common.shell import to_paste
from lmpdrive.errors import ConfigError, RunDirectoryError

INIT_EXAMPLES = (
    "Examples: `lmpdrive init system.yaml`; `lmpdrive init --mace my.model --read POSCAR`; "
    "`lmpdrive init au.yaml --deepmd pt-water-dp`"
)
SCHEMA_EXAMPLES = "Example: `lmpdrive schema > lmpdrive.schema.json`"
IGNORED = ("runs/", "campaigns/", "learning/")

Model = Annotated[Path | None, typer.Option(metavar="MODEL", help="A model of this architecture, file or shipped.")]


def init(
    file: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("system.yaml"),
    mace: Model = None,
    deepmd: Model = None,
    grace: Model = None,
    architecture: Annotated[str, typer.Option(metavar="NAME", help="Any other architecture.")] = "",
    model: Annotated[Path | None, typer.Option(metavar="MODEL", help="Of `--architecture`.")] = None,
    read: Annotated[
        Path | None, typer.Option("--read", "--from", metavar="FILE", help="A structure, in place of a built one.")
    ] = None,
) -> None:
    """Write a commented starter file, with the schema for editors beside it."""
    from lmpdrive.config import schema as json_schema
    from lmpdrive.config.starter import SCHEMA, starter

    given = {name: path for name, path in (("mace", mace), ("deepmd", deepmd), ("grace", grace)) if path}
    if architecture:
        given[architecture] = model or Path()
    if len(given) > 1:
        raise ConfigError(f"one potential, not {' and '.join(given)}")
    if file.exists():
        raise RunDirectoryError(f"{file} exists: it is not overwritten. Name another file.")
    name, path = next(iter(given.items()), ("", Path()))
    _must_be_there(name, path)
    slab = _has_slab(read)
    where = file.parent
    text = starter(name, "" if path == Path() else _from(where, path), _from(where, read) if read else "", slab)
    try:
        file.write_text(text, encoding="utf-8")
        (file.parent / SCHEMA).write_text(json_schema() + "\n", encoding="utf-8")
        if not (ignored := file.parent / ".gitignore").exists():
            ignored.write_text("".join(f"{line}\n" for line in IGNORED))
    except OSError as error:
        raise RunDirectoryError(f"cannot write {file}: {error.strerror}") from None
    print(f"wrote {file}, and {SCHEMA} for editors; next: {to_paste('check', file)}")


def _must_be_there(architecture: str, model: Path) -> None:
    """Raise ModelError for an architecture, ConfigError for a model that is not there."""
    from lmpdrive.architectures import find
    from lmpdrive.common.resources import shipped_models

    if architecture:
        find(architecture)
    if model != Path() and not model.exists() and str(model) not in shipped_models():
        raise ConfigError(f"there is no model {model}. Shipped ones: {', '.join(sorted(shipped_models()))}")


def _has_slab(structure: Path | None) -> bool:
    """Whether a structure has a slab.  Raises StructureError for one that cannot be read."""
    if structure is None:
        return True
    from lmpdrive.system.read import read

    return bool(len(read(structure).groups.get("metal", [])))


def _from(folder: Path, path: Path) -> str:
    """A path as a file in `folder` names it."""
    return os.path.relpath(path, folder) if path.exists() else str(path)


def schema() -> None:
    """Print the JSON schema of the YAML file, for editors."""
    from lmpdrive.config import schema as json_schema

    print(json_schema())
