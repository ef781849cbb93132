"""During a run: frames above the low level of a gate go to `candidates.xyz`; above the high one the run is to end.

The driver calls `Keeper.poll` a few times a second.  The record's rows name the steps, and LAMMPS keeps the last frames
of these steps in `gate.*.bin`.  Steps of a minimisation have rows and no frames, and are passed over.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lmpdrive.common.atomic import write_atomically
from lmpdrive.guard.frames import Frame, frame_text, frames_of
from lmpdrive.guard.gate import CANDIDATES, KEY, records, row
from lmpdrive.stability import Gate, Limits

RING = "gate.*.bin"
RING_FRAMES = 200
"""LAMMPS keeps so many: those of some seconds, whatever the system."""


def clear(run_dir: Path) -> None:
    """Remove what was kept of an earlier run in this folder."""
    remove_gate_ring(run_dir)
    (run_dir / CANDIDATES).unlink(missing_ok=True)


def remove_gate_ring(run_dir: Path) -> None:
    """The frames were not needed, or are kept."""
    for path in run_dir.glob(RING):
        path.unlink(missing_ok=True)


@dataclass
class _Reading:
    """How far a file of a record was read; `waiting`: step -> value of rows whose frame is not there yet."""

    offset: int = 0
    last: int = -1
    waiting: dict[int, float] = field(default_factory=dict)


class Keeper:
    """Keeps the candidates of one start of a run.

    models : sha256 of the model files, for the frames; from_step : where a run is resumed, else -1.
    """

    def __init__(
        self, run_dir: Path, limits: Limits, species: Sequence[str], models: Mapping[str, str], from_step: int = -1
    ) -> None:
        self.run_dir, self.limits, self.species, self.from_step = run_dir, limits, species, from_step
        self.models = ",".join(digest[:16] for digest in models.values())
        self._reading: dict[Path, _Reading] = {}
        self._kept = _headers(run_dir / CANDIDATES)
        if limits.gates and from_step >= 0:
            self._forget(from_step)

    def poll(self) -> bool:
        """Keep what is new; whether the run is to end."""
        return max((self._look(gate) for gate in self.limits.gates), default=False)  # every gate looks

    def _look(self, gate: Gate) -> bool:
        found = records(self.run_dir, gate)
        if not found:
            return False
        with contextlib.suppress(OSError):  # a full disk is no reason to end a run here
            reading = self._reading.setdefault(found[-1], _Reading())
            self._read(found[-1], reading, gate)
            return self._keep(reading, gate)
        return False

    def _read(self, path: Path, reading: _Reading, gate: Gate) -> None:
        if path.stat().st_size < reading.offset:  # rows were taken back, where a run is resumed
            reading.offset, reading.last = 0, -1
        with path.open("rb") as stream:
            stream.seek(reading.offset)
            text = stream.read()
        whole = text[: text.rfind(b"\n") + 1]
        reading.offset += len(whole)
        for line in whole.decode(errors="replace").splitlines():
            one = row(line, gate)
            if one is None:
                continue
            step, value = one
            if step < reading.last:  # a minimisation has ended
                reading.waiting.clear()
            reading.last = step
            if value > gate.low and step > self.from_step:
                reading.waiting[step] = value

    def _keep(self, reading: _Reading, gate: Gate) -> bool:
        """Write the frames that are there; whether one of them is above the high level and ends the run."""
        if not reading.waiting:
            return False
        paths = [self.run_dir / RING.replace("*", str(step)) for step in reading.waiting]
        there = {frame.step: frame for frame in frames_of([p for p in paths if p.is_file()], self.species)}
        end = False
        for step in sorted(there.keys() & reading.waiting.keys()):
            value = reading.waiting.pop(step)
            self._write(there[step], value, gate)
            end |= value > gate.high and gate.on_high != "keep"
        for step in [s for s in reading.waiting if s < reading.last - RING_FRAMES * gate.every]:
            del reading.waiting[step]  # its frame will not come
        return end

    def _write(self, frame: Frame, value: float, gate: Gate) -> None:
        """Append a frame, unless it is there, or enough are."""
        mine = [header for header in self._kept if f"rule={gate.rule} " in header]
        if any(f" step={frame.step} " in header for header in mine) or len(mine) >= gate.most_frames:
            return
        about = {
            "rule": gate.rule,
            KEY[gate.rule]: f"{value:.6g}",
            "level": "high" if value > gate.high else "low",
            "run": f'"{self.run_dir.absolute()}"',
            "models": self.models or "unknown",
        }
        text = frame_text(frame, self.species, self.limits.timestep_fs, about)
        with (self.run_dir / CANDIDATES).open("a") as stream:
            stream.write(text)
        self._kept.append(text.split("\n", 2)[1] + " ")

    def _forget(self, from_step: int) -> None:
        """Take out frames of steps that the resumed run repeats."""
        path = self.run_dir / CANDIDATES
        until_ps = from_step * self.limits.timestep_fs * 1e-3
        if not self._kept:
            return
        lines = path.read_text().splitlines(keepends=True)
        size = len(self.species) + 2
        frames = [lines[at : at + size] for at in range(0, len(lines), size)]
        frames = [frame for frame in frames if _time_ps(frame[1]) <= until_ps + 1e-9]
        write_atomically(path, "".join(line for frame in frames for line in frame))
        self._kept = _headers(path)


def _headers(path: Path) -> list[str]:
    """Second lines of the frames there are."""
    if not path.is_file():
        return []
    return [line.rstrip("\n") + " " for line in path.read_text().splitlines() if line.startswith("Lattice=")]


def _time_ps(header: str) -> float:
    return float(header.partition(" time_ps=")[2].split()[0])
