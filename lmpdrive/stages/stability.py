"""What the guard's events mean for a run: its state, its exit code, and the part of its trajectory that is stable."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lmpdrive import guard
from lmpdrive.common.manifest import read_manifest
from lmpdrive.common.say import Say
from lmpdrive.config.guard import GATES
from lmpdrive.engine.run import State
from lmpdrive.errors import UncertainError, UnstableError
from lmpdrive.report.stable_part import StablePart
from lmpdrive.stability import Event

if TYPE_CHECKING:
    import pandas as pd

    from lmpdrive.trajectory import Trajectory


def final_state(run_dir: Path, state: State) -> State:
    """`unstable` if the guard stopped the run, else `state`; writes the events to `events.jsonl`."""
    end = guard.first_end(guard.after_run(run_dir))
    return "unstable" if end is not None and end.action == "stop" else state


def raise_if_unstable(run_dir: Path) -> None:
    """Raise UnstableError, with what happened and which files were kept, if the guard stopped the run."""
    if read_manifest(run_dir).state != "unstable":
        return
    end = guard.first_end(guard.events_of(run_dir))
    assert end is not None
    more = end.more or {}
    lines = [f"{end.sentence}."]
    if "frames" in more:
        lines.append(
            f"The last {more['good_frames']} frames before it are kept in full precision in {run_dir / more['frames']}"
        )
    raise _error(end, "\n".join(lines), run_dir)


def _error(end: Event, text: str, run_dir: Path) -> UnstableError:
    """With what to do about such an event."""
    if end.rule in GATES:
        return UncertainError(
            f"{text}\nLabel the frames in {run_dir / guard.CANDIDATES} and train again, or change guard.{end.rule} in "
            f"the YAML file (docs/guard.md). Run directory: {run_dir}"
        )
    return UnstableError(
        f"{text}\nLikely causes: a structure unlike the training data, too long a timestep, a start that was not "
        f"relaxed. The limits are set under guard: in the YAML file (docs/guard.md). Run directory: {run_dir}"
    )


def cut_to_stable_part(
    run_dir: Path, frames: Trajectory, thermo: pd.DataFrame | None, say: Say
) -> tuple[Trajectory, pd.DataFrame | None, StablePart | None]:
    """Frames and thermo rows before the first event, and what the report says about it; None without any event.

    Raises UnstableError if no frame is left.
    """
    events = guard.events_of(run_dir)
    if not events:
        return frames, thermo, None
    end, n_frames = guard.first_end(events), frames.n_frames
    if end is not None:
        from lmpdrive.trajectory.views.joined import Joined

        before = frames.steps < end.step
        if not before.any():
            raise _error(end, f"{end.sentence}. There is no frame before it: nothing is averaged.", run_dir)
        if not before.all():
            frames = Joined.of_frames(frames, before, frames.steps[before], frames.times_ps[before])
        if thermo is not None:
            thermo = thermo[_before(thermo, end.step)].reset_index(drop=True)
        say(f"{end.sentence}; {frames.n_frames} of {n_frames} frames are before it, and only these are analysed")
    used = StablePart(_sentences(events), end is not None, n_frames, frames.n_frames, float(frames.times_ps[-1]))
    return frames, thermo, used


def stable_part_without_frames(run_dir: Path) -> StablePart | None:
    """What the report says about the guard where no frame was written; None without any event."""
    events = guard.events_of(run_dir)
    return StablePart(_sentences(events), guard.first_end(events) is not None) if events else None


def _sentences(events: Sequence[Event]) -> tuple[str, ...]:
    end = guard.first_end(events)
    return tuple(event.sentence for event in events if event is end or event.action not in ("stop", "continue"))


def _before(thermo: pd.DataFrame, step: int) -> pd.Series[bool]:
    """Rows before `step`; a minimisation counts its own steps and stays."""
    if "run" not in thermo:
        return thermo["Step"] < step
    starts = thermo.groupby("run")["Step"].first()
    minimised = len(starts) > 1 and int(starts.iloc[1]) == 0
    return (thermo["Step"] < step) | ((thermo["run"] == starts.index[0]) & minimised)
