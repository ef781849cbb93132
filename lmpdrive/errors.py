"""Errors that reach the user, each with the exit code that scripts see.

Every message names the value, lists the choices and says what to do.  Each class also subclasses the
built-in that a library caller would expect.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

DIFFERENT = 13
"""Exit code of `lmpdrive reproduce` where something is not as it was: an answer, not an error."""


class LmpdriveError(Exception):
    """Base of all errors that lmpdrive raises on purpose."""

    exit_code = 1


class ConfigError(LmpdriveError, ValueError):
    """The YAML file or a `--set` override is wrong."""

    exit_code = 2


class UntrustedError(ConfigError):
    """A model file can run code when it is loaded, and the user has not accepted it."""


class StructureError(LmpdriveError, ValueError):
    """A structure cannot be built, read, or does not fit the potential."""

    exit_code = 3


class RestartFileError(StructureError):
    """LAMMPS cannot read a restart file."""

    def __init__(self, path: object, reason: str, cure: str = "") -> None:
        super().__init__(f"{path} {reason}{cure}")
        self.reason = reason


class ModelError(LmpdriveError, ValueError):
    """A potential is missing, unreadable, or does not know an element."""

    exit_code = 4


class DeckError(LmpdriveError, ValueError):
    """A template cannot be found or rendered."""

    exit_code = 5


class RunDirectoryError(LmpdriveError, FileExistsError):
    """The run directory exists already, cannot be written, or has a manifest that cannot be read."""

    exit_code = 6


class InUseError(RunDirectoryError):
    """Another process runs or analyses in the run directory."""

    exit_code = 14


class EngineError(LmpdriveError, RuntimeError):
    """LAMMPS stopped with an error, or could not be started."""

    exit_code = 7


class UnstableError(EngineError):
    """The trajectory passed a limit of the guard: what is after that is not physics."""

    exit_code = 12


class UncertainError(UnstableError):
    """The committee disagreed, or the model extrapolated, by more than the guard's gate allows."""

    exit_code = 16


class SeamError(EngineError):
    """A restart file is not where the log was at its step, so the run cannot be resumed from it."""

    REASON = "does not continue the log"

    def __init__(self, restart: str, step: int) -> None:
        super().__init__(f"{restart} {self.REASON} at step {step}: not used")
        self.restart, self.step = restart, step


class NotFiniteError(FloatingPointError):
    """A model gave an energy, force or virial that is not a finite number."""

    def __init__(self, step: int) -> None:
        super().__init__(f"the model gave an energy, force or virial that is not finite at step {step}")
        self.step = step


class TrajectoryError(LmpdriveError, ValueError):
    """A trajectory is empty, unreadable, or misses information."""

    exit_code = 8


class InstallError(LmpdriveError, RuntimeError):
    """An environment cannot be made or used, or its lmpdrive is another one."""

    exit_code = 9


class PlaceError(LmpdriveError, RuntimeError):
    """A campaign cannot work at a place: its batch system refuses, or the engine cannot start there."""

    exit_code = 15


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """`"; did you mean 'x'?"` for the closest choice, or an empty string."""
    close = difflib.get_close_matches(str(word), list(choices), n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else ""
