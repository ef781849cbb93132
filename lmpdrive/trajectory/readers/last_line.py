"""Is the last line of a text file, which has no newline at its end, whole?  LAMMPS ends every line with one.

An editor or a script may have left it out; a run that was killed may have been cut within the last number, which then
has fewer digits than its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence

_LINES = 20
"""Compared with the last one."""


def is_whole(lines: Sequence[bytes], n_columns: int, *, only_frame: bool) -> bool:
    """Whether the last of a frame's atom lines has all columns and all digits of the last one.

    only_frame : the digits are not compared: without this frame nothing would be left.
    """
    words = lines[-1].split() if lines else []
    if len(words) != n_columns:
        return False
    if only_frame or not words[-1][-1:].isdigit() or b"e" in words[-1].lower():
        return only_frame
    others = [line.split() for line in lines[-_LINES - 1 : -1]]
    digits = sorted(len(other[-1].lstrip(b"-+")) for other in others if other)
    return len(digits) > 0 and len(words[-1].lstrip(b"-+")) >= digits[len(digits) // 2]
