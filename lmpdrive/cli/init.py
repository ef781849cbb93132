"""`lmpdrive init` and `lmpdrive schema`: help with writing the YAML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lmpdrive.common.shell import to_paste

INIT_EXAMPLES = "Example: `lmpdrive init system.yaml`"
SCHEMA_EXAMPLES = "Example: `lmpdrive schema > lmpdrive.schema.json`"


def init(
    file: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("system.yaml"),
) -> None:
    """Write a commented starter file."""
    from lmpdrive.config.starter import STARTER
    from lmpdrive.errors import RunDirectoryError

    if file.exists():
        raise RunDirectoryError(f"{file} exists: it is not overwritten. Name another file.")
    try:
        file.write_text(STARTER)
    except OSError as error:
        raise RunDirectoryError(f"cannot write {file}: {error.strerror}") from None
    print(f"wrote {file}; next: {to_paste('check', file)}")


def schema() -> None:
    """Print the JSON schema of the YAML file, for editors."""
    from lmpdrive.config import schema as json_schema

    print(json_schema())
