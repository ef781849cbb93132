"""Which model files may be loaded although loading them can run code.

A pickle is a program: whoever wrote it decides what happens when it is read.  Such files (`Architecture.programs` names
them) are loaded only if one of these holds:

- their sha256 is in the user's record, where `lmpdrive trust FILE` and `--trust` put it;
- they came with lmpdrive (a card of potentials/ has their sha256), or lmpdrive made them (they lie in its cache);
- the environment variable LMPDRIVE_TRUST is `all`, for scripts.

The record has one JSON object on a line: {"sha256": ..., "file": ..., "date": ...}.  docs/running.md.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from lmpdrive.common import resources
from lmpdrive.common.hashing import sha256
from lmpdrive.common.shell import to_paste
from lmpdrive.errors import ConfigError, UntrustedError

VARIABLE = "LMPDRIVE_TRUST"
SHORTEST = 8
"""Digits of a sha256 that are enough to name an entry of the record."""


@dataclass(frozen=True)
class Entry:
    """A file that was accepted: hexadecimal digest, path and day of that time."""

    sha256: str
    file: str
    date: str


def require(files: Iterable[Path], accepting: bool = False) -> None:
    """Raise UntrustedError unless all `files` may be loaded; with `accepting` they are accepted first."""
    files = list(files)
    if accepting:
        accept(files)
    if reason := refusal(files):
        raise UntrustedError(reason)


def refusal(files: Iterable[Path]) -> str:
    """What to tell the user about those of `files` that may not be loaded; empty if all may."""
    refused = untrusted(files)
    if not refused:
        return ""
    known = {entry.file: entry for entry in entries()}
    lines = []
    for file, digest in refused.items():
        before = known.get(str(file))
        changed = f"\n  it has changed since it was accepted on {before.date}" if before else ""
        lines.append(f"  {file}\n  sha256 {digest}{changed}")
    one = len(refused) == 1
    return "\n".join(
        [
            f"potential: {'this model file' if one else 'these model files'} can run code when loaded, and "
            f"{'was' if one else 'were'} not accepted:",
            *lines,
            f"Whoever made {'it' if one else 'them'} could read, change or delete what you can. If you know where "
            f"{'it comes' if one else 'they come'} from, accept once:",
            f"  {to_paste('trust', *refused)}",
        ]
    )


def untrusted(files: Iterable[Path]) -> dict[Path, str]:
    """File -> sha256, of those that may not be loaded.  Raises ConfigError for an unknown value of LMPDRIVE_TRUST."""
    setting = os.environ.get(VARIABLE, "")
    if setting not in ("", "all"):
        raise ConfigError(f"the environment variable {VARIABLE} is '{setting}'; it may be 'all', or not set")
    if setting == "all":
        return {}
    # a link in a run directory and its target are one file
    digests = {file: sha256(file) for file in dict.fromkeys(file.resolve() for file in files) if not _made_here(file)}
    known = {entry.sha256 for entry in entries()} | (_shipped() if digests else set())
    return {file: digest for file, digest in digests.items() if digest not in known}


def accept(files: Iterable[Path]) -> list[Entry]:
    """Put files into the user's record, but for those that are trusted already; returns what is new.

    Raises ConfigError if a file is not there, or the record cannot be written.
    """
    known = {entry.sha256 for entry in entries()} | _shipped()
    new = []
    for file in dict.fromkeys(file.resolve() for file in files):
        if not file.exists():
            raise ConfigError(f"there is no file {file}")
        entry = Entry(sha256(file), str(file), date.today().isoformat())
        if entry.sha256 not in known and not _made_here(file):
            new.append(entry)
            known.add(entry.sha256)
    if new:
        _append(new)
    return new


def forget(words: Sequence[str]) -> list[Entry]:
    """Take entries out of the record: by file, or by the first digits of their sha256; returns them.

    Raises ConfigError for a word that names none.
    """
    all_, gone = entries(), set()
    for word in words:
        file = Path(word).resolve()
        digest = sha256(file) if file.exists() else None
        named = {e for e in all_ if e.sha256 == digest or e.file == str(file)}
        if not named and len(word) >= SHORTEST:
            named = {e for e in all_ if e.sha256.startswith(word.lower())}
        if not named:
            raise ConfigError(
                f"no accepted file is '{word}'. Name a file, or {SHORTEST} or more digits of a sha256, as in "
                "`lmpdrive trust --list`"
            )
        gone |= named
    path = record()
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.touch(0o600)
    temporary.write_text("".join(_line(e) for e in all_ if e not in gone))
    temporary.replace(path)
    return [e for e in all_ if e in gone]


def entries() -> list[Entry]:
    """What the user accepted.  A line that is not one of ours, or was cut off, accepts nothing."""
    try:
        lines = record().read_text().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {record()}: {error}") from None
    found = []
    for line in lines:
        try:
            found.append(Entry(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return found


def record() -> Path:
    """The user's list of accepted files."""
    from platformdirs import user_data_path

    return user_data_path("lmpdrive") / "trusted.jsonl"


def _append(new: Sequence[Entry]) -> None:
    path = record()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # appended in one write, so that two runs that start together both leave their line
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write("".join(map(_line, new)))
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}. For this process only: {VARIABLE}=all") from None


def _line(entry: Entry) -> str:
    return json.dumps(asdict(entry)) + "\n"


def _shipped() -> set[str]:
    """Digests on the cards of the demonstration potentials."""
    import yaml

    cards = resources.potentials().glob("*/card.yaml")
    return {str(yaml.safe_load(card.read_text()).get("sha256")) for card in cards}


def _made_here(file: Path) -> bool:
    """Whether lmpdrive made this file from one that was trusted, such as a compressed model."""
    from platformdirs import user_cache_path

    return file.is_relative_to(user_cache_path("lmpdrive").resolve())
