"""Text formats that have the content of a LAMMPS dump in another form: XYZ, `dump yaml`, `dump cfg`.

Each module turns one of them into the text of a dump, in a temporary file (in `TMPDIR`) that is unlinked at once, so
that one reader (`lammps_dump`) sorts atoms, converts units and meets damage for all of them.  A module has

    recognises(plain) -> bool       by the content
    translate(plain, ask) -> Translation
"""

from __future__ import annotations

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.plain_file import PlainFile
from lmpdrive.trajectory.request import Request
from lmpdrive.trajectory.translated import cfg, xyz, yaml_dump
from lmpdrive.trajectory.translated.dump_text import Translation

FORMATS = (yaml_dump, cfg, xyz)


def translate(plain: PlainFile, ask: Request) -> Translation | None:
    """The dump that has the file's content; None if it is in none of these formats.

    Raises TrajectoryError for a file that is damaged or lacks what a dump needs.
    """
    module = next((module for module in FORMATS if module.recognises(plain)), None)
    try:
        return module.translate(plain, ask) if module else None
    except (ValueError, IndexError, KeyError) as error:  # a word where a number should be, a header without its step
        if isinstance(error, TrajectoryError):
            raise
        raise TrajectoryError(f"{plain.path} is damaged: {error}") from error
