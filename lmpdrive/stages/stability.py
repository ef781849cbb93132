"""The guard in the pipeline: the state of a run by its events, the stable part of a trajectory, the exit code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from lmpdrive import guard
from lmpdrive.common.manifest import read_manifest
from lmpdrive.engine.run import State
from lmpdrive.errors import UnstableError
from lmpdrive.stability import Event

if TYPE_CHECKING:
    import pandas as pd

    from lmpdrive.trajectory import Trajectory

R = TypeVar("R")


def begin(run_dir: Path) -> None:
    """A run begins anew: what the guard wrote about an earlier one there is gone."""
    guard.forget(run_dir)


def judged(run_dir: Path, state: State) -> State:
    """`unstable` if the guard stopped the run, else `state`; writes what was seen."""
    end = guard.first_end(guard.after_run(run_dir))
    return "unstable" if end is not None and end.action == "stop" else state


def told(run_dir: Path, result: R) -> R:
    """The result of a run that the guard did not stop.

    Raises UnstableError, with what happened and what is kept, for one that it did.
    """
    if read_manifest(run_dir).get("state") != "unstable":
        return result
    end = guard.first_end(guard.events_of(run_dir))
    assert end is not None
    more = end.more or {}
    lines = [f"{end.sentence}."]
    if "frames" in more:
        lines.append(
            f"The last {more['good_frames']} frames before are kept with all digits in {run_dir / more['frames']}"
        )
    lines.append(
        "Likely causes: a structure unlike the training data, too long a timestep, a start that was not relaxed. "
        f"Limits: guard: in the YAML file (docs/guard.md). Run directory: {run_dir}"
    )
    raise UnstableError("\n".join(lines))


def stable_part(
    run_dir: Path,
    frames: Trajectory,
    thermo: pd.DataFrame | None,
    manifest: Mapping[str, Any],
    say: Callable[[str], None],
) -> tuple[Trajectory, pd.DataFrame | None, dict[str, Any]]:
    """Frames and thermo rows before the first event, and the manifest with what the report says about it.

    Raises UnstableError if no frame is left.
    """
    events = guard.events_of(run_dir)
    end = guard.first_end(events)
    if not events:
        return frames, thermo, dict(manifest)
    whole = frames.n_frames
    if end is not None:
        from lmpdrive.trajectory.joined import Joined

        keep = frames.steps < end.step
        if not keep.any():
            raise UnstableError(f"{end.sentence}. There is no frame before it: nothing is averaged.")
        if not keep.all():
            frames = Joined.of_frames(frames, keep, frames.steps[keep], frames.times_ps[keep])
        if thermo is not None:
            thermo = thermo[_before(thermo, end.step)].reset_index(drop=True)
        say(f"{end.sentence}; {frames.n_frames} of {whole} frames are before it, and only these are analysed")
    used = {"used": frames.n_frames, "last_ps": float(frames.times_ps[-1])}
    return frames, thermo, {**manifest, "stability": _seen(events) | {"frames": whole} | used}


def without_frames(run_dir: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest with what the report says about the guard, where no frame was written."""
    events = guard.events_of(run_dir)
    return {**manifest, "stability": _seen(events) | {"frames": 0}} if events else dict(manifest)


def _seen(events: Sequence[Event]) -> dict[str, Any]:
    end = guard.first_end(events)
    told = [event.sentence for event in events if event is end or event.action not in ("stop", "continue")]
    return {"events": told, "ended": end is not None}


def _before(thermo: pd.DataFrame, step: int) -> pd.Series[bool]:
    """Rows before `step`; a minimisation counts its own steps and stays."""
    if "run" not in thermo:
        return thermo["Step"] < step
    starts = thermo.groupby("run")["Step"].first()
    minimised = len(starts) > 1 and int(starts.iloc[1]) == 0
    return (thermo["Step"] < step) | ((thermo["run"] == starts.index[0]) & minimised)
