"""Whether a run wrote all that it should have: frames without a gap, and the files of its end."""

from __future__ import annotations

import shutil
from pathlib import Path

from lmpdrive.common.manifest import read_manifest, update_manifest
from lmpdrive.common.run_files import LAST_RESTART
from lmpdrive.common.shell import to_paste
from lmpdrive.deck.commands import read_deck
from lmpdrive.engine.directory.frames_written import Expected, Written
from lmpdrive.engine.restart.deck import end_of
from lmpdrive.engine.restart.files import candidates, inspect
from lmpdrive.errors import DeckError, RunDirectoryError


def raise_if_incomplete(folder: Path) -> None:
    """Raise RunDirectoryError, and say so in the manifest, if a run that ended did not write all of its files.

    LAMMPS does not check whether the disk took what it wrote.
    """
    restart = folder / LAST_RESTART
    if restart.is_file() and (problem := inspect(restart).problem):
        raise _incomplete(folder, f"{restart.name} {problem}", 0)
    manifest = read_manifest(folder)
    part = manifest.last_part
    try:
        expected = Expected.of(read_deck(folder / manifest.first_part.deck))
        end = end_of(read_deck(folder / part.deck))
    except (DeckError, OSError):
        return
    written = Written.of(folder)
    # what was missing before was said when the run was resumed
    missing = written.missing(expected, (part.from_step or 0) + 1, end)
    if missing:
        raise _incomplete(folder, written.why(missing), missing[0][0])


def _incomplete(folder: Path, what: str, before: int) -> RunDirectoryError:
    """`before` : the step that a restart must not have passed for them to be made again; 0: any will do."""
    update_manifest(folder, state="failed")
    usable = [one for one in candidates(folder) if not one.problem and 0 < one.step <= (before or one.step)]
    again = to_paste("run-deck", folder / read_manifest(folder).first_part.deck, "--overwrite")
    cure = (
        f"Make room, then: {to_paste('resume', folder)}"
        if usable
        else f"No restart file is from before that. Run it again with {again}, or analyse what is there with "
        f"{to_paste('analyse', folder)}"
    )
    free_MB = shutil.disk_usage(folder).free / 1e6
    return RunDirectoryError(
        f"{what}, although LAMMPS ended as planned: it does not look whether a full disk or quota takes what it "
        f"writes ({free_MB:.3g} MB are free in {folder} now). {cure}"
    )
