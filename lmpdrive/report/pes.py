"""What frames made from given ones say of potential-energy surfaces (`trajectory/probe_frames.py` has how).

Extrapolation: energies and forces of strained, compressed and hot frames, and how far each potential's forces are from
the first one's: where potentials of the same accuracy disagree, the frames are outside of what at least one knows.
Smoothness: the roughness of the energy along lines (`roughness.py`), and how far the forces are from its slope, by the
central difference of fourth order, (E_{k-2} - 8 E_{k-1} + 8 E_{k+1} - E_{k+2})/(12 h) + F·u.

σ: over frames or lines, a jackknife that leaves out one at a time; NaN with fewer than two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lmpdrive.common.atomic import write_atomically
from lmpdrive.observables.blocks import jackknife_error
from lmpdrive.report.figures import save
from lmpdrive.report.numbers import sigma_of
from lmpdrive.report.pes_figures import extrapolation_figure, line_figure
from lmpdrive.report.roughness import roughness
from lmpdrive.trajectory.probe_frames import Group, ProbeFrames

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Answers = Mapping[str, tuple[Array, Array]]
"""Label -> energies (F,) [eV] and forces (N, 3) [eV/Å]; NaN for a frame that a potential could not evaluate."""


def extrapolation(probe: ProbeFrames, answers: Answers) -> pd.DataFrame:
    """A row for each potential, kind and amount."""
    import pandas as pd

    first = next(iter(answers), "")
    rows = []
    for label, (energies, forces) in answers.items():
        for group in probe.extrapolated:
            counts, numbers = probe.frames.counts[group.frames], range(*group.frames.indices(len(energies)))
            base = probe.extrapolated[0].frames
            change = 1e3 * (energies[group.frames] - energies[base]) / counts
            own = [_of_frame(probe, forces, number) for number in numbers]
            others = [_of_frame(probe, answers[first][1], number) for number in numbers]
            apart = [a - b for a, b in zip(own, others)]
            row: dict[str, object] = {"potential": label, "frames made": group.kind, "amount": group.amount}
            row |= {"unit": group.unit, "frames [1]": len(counts)}
            row |= {"not finite [1]": int(sum(not np.isfinite(f).all() for f in own))}
            row |= _both("energy change [meV/atom]", change, lambda x: float(np.mean(x)))
            row |= _both("RMS force [eV/Å]", own, _rms)
            row["largest force [eV/Å]"] = float(max(np.abs(f).max() for f in own))
            row |= _both(f"RMS force difference from {first} [eV/Å]", apart, _rms)
            rows.append(row)
    return pd.DataFrame(rows)


def smoothness(probe: ProbeFrames, answers: Answers) -> pd.DataFrame:
    """A row for each potential and kind of line."""
    import pandas as pd

    rows = []
    for label, (energies, forces) in answers.items():
        for kind in dict.fromkeys(group.kind for group in probe.lines):
            lines = [group for group in probe.lines if group.kind == kind]
            found = [roughness(1e3 * energies[group.frames]) for group in lines]
            off = [_off_slope(probe, group, energies, forces) for group in lines]
            row: dict[str, object] = {"potential": label, "line": kind, "lines [1]": len(lines)}
            row["points [1]"] = lines[0].frames.stop - lines[0].frames.start
            row["h [Å]"] = lines[0].amount
            row |= _both("roughness [meV]", [np.array([one.value]) for one in found], _rms)
            row |= _both("as noise of the energy [meV]", [np.array([one.noise]) for one in found], _rms)
            row["largest deviation [meV]"] = max(one.largest for one in found)
            row |= _both("force - slope of the energy [eV/Å]", off, _rms)
            rows.append(row)
    return pd.DataFrame(rows)


def write_pes(probe: ProbeFrames, answers: Answers, out: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write `pes-extrapolation.csv`, `pes-smoothness.csv` and their figures into `out`; returns the tables."""
    strange, smooth = extrapolation(probe, answers), smoothness(probe, answers)
    (out / "figures").mkdir(parents=True, exist_ok=True)
    for data, name in ((strange, "extrapolation"), (smooth, "smoothness")):
        write_atomically(out / f"pes-{name}.csv", data.to_csv(index=False, float_format="%.6g"))
    save(extrapolation_figure(strange), out / "figures", "pes-extrapolation")
    energies = {label: own for label, (own, _) in answers.items()}
    save(line_figure(probe, energies), out / "figures", "pes-lines")
    return strange, smooth


def _both(header: str, parts: Iterable[Array], of: Callable[[list[Array]], float]) -> dict[str, object]:
    """A quantity of all parts, and its σ from leaving out one at a time."""
    every = list(parts)
    without = np.array([of(every[:i] + every[i + 1 :]) for i in range(len(every))]) if len(every) > 1 else np.array([])
    error = float(jackknife_error(without)) if len(without) else float("nan")
    return {header: of(every), sigma_of(header): error}


def _rms(parts: list[Array]) -> float:
    return float(np.sqrt(np.mean(np.concatenate([np.ravel(part) for part in parts]) ** 2)))


def _of_frame(probe: ProbeFrames, forces: Array, number: int) -> Array:
    end = int(probe.frames.counts[: number + 1].sum())
    return forces[end - int(probe.frames.counts[number]) : end]


def _off_slope(probe: ProbeFrames, group: Group, energies: Array, forces: Array) -> Array:
    """dE/ds + F·u at the points that have two neighbours on both sides [eV/Å]."""
    assert group.direction is not None
    own = energies[group.frames] - energies[group.frames].mean()
    numbers = range(*group.frames.indices(len(energies)))
    along = np.array([float((_of_frame(probe, forces, number) * group.direction).sum()) for number in numbers])
    slope = (own[:-4] - 8 * own[1:-3] + 8 * own[3:-1] - own[4:]) / (12 * group.amount)
    return slope + along[2:-2]
