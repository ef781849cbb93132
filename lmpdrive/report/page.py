"""`report.html`: one self-contained page, from the tables and the manifest of a run.

Everything that it shows is inside the file (picture, SVG figures, style, tables); it has no scripts, and links only to
the files beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lmpdrive.common.atomic import replacing
from lmpdrive.common.manifest import Manifest, Stage, SystemSection
from lmpdrive.common.run_files import REPORT
from lmpdrive.common.shell import to_paste
from lmpdrive.common.units import UC_PER_CM2_PER_E_PER_A2
from lmpdrive.errors import TrajectoryError
from lmpdrive.observables.registry import FROM_THE_LOG
from lmpdrive.observables.reweighting.bands import KIND
from lmpdrive.observables.summary import SAMPLING
from lmpdrive.observables.tables import Table
from lmpdrive.report.alt_text import alt_text
from lmpdrive.report.beside import links, links_of_table
from lmpdrive.report.chapters import in_chapters
from lmpdrive.report.figures import write_figures
from lmpdrive.report.first_screen import KEY_NUMBERS, key_tables, title_of
from lmpdrive.report.labels import typeset, with_typeset_unit
from lmpdrive.report.model_bands import has_model_band, model_chapter, model_tables
from lmpdrive.report.next_step import next_step
from lmpdrive.report.numbers import first_numbers, with_error
from lmpdrive.report.verdict import Verdict, verdict_of
from lmpdrive.report.what_is_what import WhatIsWhat, what_is_what

if TYPE_CHECKING:
    import jinja2
    import pandas as pd
    from markupsafe import Markup

    from lmpdrive.report.picture.snapshot import Snapshot

FROM_ELSEWHERE = Manifest()
"""Of a trajectory that lmpdrive did not write."""
MAX_ROWS = 120
"""Longer tables are shown thinned, so that a page of forty figures stays small; the CSV has all rows."""


def write_report(
    run_dir: str | Path,
    tables: Mapping[str, Table],
    thermo: pd.DataFrame | None,
    manifest: Manifest = FROM_ELSEWHERE,
    verdict: Verdict | None = None,
    *,
    snapshot: Snapshot | None = None,
    run: Path | None = None,
    png: bool = False,
) -> Path:
    """Write figures to `run_dir/observables/` and the page to `run_dir/report.html`; return its path.

    What `lmpdrive uncertainty` wrote there is a chapter of it.

    Parameters
    ----------
    tables : from `analyse`.
    thermo : from `read_thermo`, or None; its runs appear in the timings.
    manifest : of the run; without entries for a trajectory from elsewhere.
    verdict : on the run; default: of these tables and this manifest.
    snapshot : the frame of the picture; without it there is none.
    run : run directory that the page links to, if it is another than `run_dir`; default: `run_dir`, if it is one.
    png : whether each figure is written as PNG too.

    Raises TrajectoryError if the directory cannot be written.
    """
    run_dir = Path(run_dir)
    tables = {**tables, **model_tables(run_dir / "observables")}
    svg = write_figures(tables, run_dir / "observables", png)
    what = what_is_what(tables["summary"].notes if "summary" in tables else ())
    run = run_dir if run is None and not manifest.absent else run
    text = (
        environment()
        .get_template("report.html.j2")
        .render(
            _run_chapters(manifest, thermo),
            name=run_dir.resolve().name,
            first=_first_screen(tables, svg, manifest, verdict or verdict_of(tables, manifest), what, run),
            picture=_picture(snapshot, run_dir),
            files=links(run_dir, run),
            png_by=to_paste("report", run, "--png") if run == run_dir and not png else "",
            summary=_summary(tables),
            sampling=_sampling(tables),
            chapters=_chapters(tables, svg, run_dir),
            model=model_chapter(tables),
            what=what,
        )
    )
    return written(run_dir / REPORT, text)


def written(path: Path, text: str) -> Path:
    """A page on disk, whole or not at all.  Raises TrajectoryError."""
    try:
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise TrajectoryError(f"cannot write {path}: {error.strerror}") from error
    return path


def _run_chapters(manifest: Manifest, thermo: pd.DataFrame | None) -> dict[str, Any]:
    """What is said of the run and its potential."""
    return {"sections": _sections(manifest, thermo), "card": _card(manifest)}


def _chapters(
    tables: Mapping[str, Table], svg: Mapping[str, str], folder: Path
) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """(title, anchor, figures) of each chapter."""
    return [
        (title, _anchor(title), [_figure(table, svg[table.name], folder) for table in members])
        for title, members in in_chapters(tables.values()).items()
    ]


def _first_screen(
    tables: Mapping[str, Table],
    svg: Mapping[str, str],
    manifest: Manifest,
    verdict: Verdict,
    what: WhatIsWhat,
    run: Path | None,
) -> dict[str, Any]:
    """What stands above the chapters."""
    system, dynamics = title_of(manifest, what)
    scalars = {name: scalar for table in tables.values() for name, scalar in table.scalars.items()}
    numbers = first_numbers(scalars, KEY_NUMBERS)
    return {
        "system": system,
        "dynamics": dynamics,
        "verdict": verdict,
        "gravest": [one for one in verdict.findings if one.level == verdict.level != "good"][:2],
        "numbers": [(name, with_typeset_unit(with_error(one), one.unit)) for name, one in numbers.items()],
        "bound": any(scalar.lower_bound for scalar in numbers.values()),
        "figures": [(table.name, table.title, *size_of(svg[table.name])) for table in key_tables(tables)],
        "next": next_step(verdict, manifest.state, run),
    }


def _picture(snapshot: Snapshot | None, folder: Path) -> Markup | None:
    """The picture of the system, also written as `observables/system.svg`."""
    from markupsafe import Markup

    if snapshot is None:
        return None
    from lmpdrive.report.picture.views import picture

    drawn = picture(snapshot)
    written(folder / "observables" / "system.svg", drawn)
    return Markup(drawn)


def environment() -> jinja2.Environment:
    """Of the pages' templates: everything is escaped, and an unknown variable is an error."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def unique_ids(svg: str, name: str) -> Markup:
    """SVG for a page that holds many: its ids begin with `name`."""
    from markupsafe import Markup

    prefix = re.sub(r"\W", "_", name)
    return Markup(re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{prefix}-", svg))


def _stage(stage: Stage) -> str:
    what = f" ({stage.what})" if stage.what else ""
    return f"{stage.name or '?'}{what}{'' if stage.steps is None else f' {stage.steps} steps'}"


def _sections(manifest: Manifest, thermo: pd.DataFrame | None) -> list[tuple[str, list[tuple[str, str]]]]:
    """(heading, rows of label and text); empty rows and sections are left out."""
    dynamics, performance, potential = manifest.dynamics, manifest.performance, manifest.potential
    stages = ", then ".join(map(_stage, dynamics.stages))
    target = _with_unit(dynamics.temperature_K, "K")
    if dynamics.ramp_K is not None:
        target = f"{dynamics.ramp_K[0]:g} to {dynamics.ramp_K[1]:g} K in the production"
    frames = manifest.output.frames_every_steps
    sections = [
        ("System", _system(manifest.system)),
        (
            "Potential",
            [
                ("architecture", potential.architecture),
                ("title", potential.title),
                ("in LAMMPS", (manifest.step0 or {}).get("verdict")),
                *((f"sha256 of {name}", digest) for name, digest in potential.sha256.items()),
            ],
        ),
        (
            "Dynamics",
            [
                ("ensemble", dynamics.ensemble),
                ("temperature", target),
                ("thermostats of their own", "; ".join(dynamics.thermostats)),
                ("timestep", _with_unit(dynamics.timestep_fs, "fs")),
                ("stages", stages),
                ("frames", frames and f"every {frames} steps"),
                ("seeds", _flat(manifest.seeds)),
            ],
        ),
        (
            "Made with",
            [
                *manifest.versions.items(),
                ("host", _flat(manifest.host)),
                ("device", manifest.device),
            ],
        ),
        (
            "Timings",
            [
                ("speed", _with_unit(performance.ns_per_day, "ns/day")),
                ("wall time", _with_unit(performance.wall_s, "s")),
                ("steps in the log", None if thermo is None else _runs(thermo)),
            ],
        ),
    ]
    filled = [(head, [(k, str(v)) for k, v in rows if v not in (None, "")]) for head, rows in sections]
    return [(head, rows) for head, rows in filled if rows]


def _system(system: SystemSection) -> list[tuple[str, Any]]:
    species = system.species
    counts = ", ".join(f"{species.count(e)} {e}" for e in dict.fromkeys([*system.elements, *species]))
    charge = system.surface_charge_e_per_A2
    return [
        ("atoms", f"{len(species)} ({counts})" if species else None),
        ("elements in type order", " ".join(system.elements)),
        (
            "surface charge",
            None if charge is None else f"{charge:.5g} e/Å² = {charge * UC_PER_CM2_PER_E_PER_A2:.3g} µC/cm²",
        ),
        (
            "faces in contact with the electrolyte",
            {True: "two", False: "one (vacuum on the other side)", None: None}[system.two_sided],
        ),
    ]


def _runs(thermo: pd.DataFrame) -> str:
    """`0 to 37, 37 to 20000` for the runs of a log."""
    if not {"run", "Step"} <= set(thermo):
        return ""
    return ", ".join(f"{rows.iloc[0]} to {rows.iloc[-1]}" for _, rows in thermo.groupby("run")["Step"])


def _card(manifest: Manifest) -> list[tuple[str, list[str], bool]]:
    """(key, lines, is a limit) of the potential's card, limits first."""
    card = manifest.potential.card or {}
    rows = [(str(key).replace("_", " "), _lines(value), "limit" in str(key).lower()) for key, value in card.items()]
    return sorted(rows, key=lambda row: not row[2])


def _lines(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{key}: {_flat(item)}" for key, item in value.items()]
    return [_flat(item) for item in value] if isinstance(value, list | tuple) else [str(value)]


def _flat(value: Any) -> str:
    """Any JSON value in one line."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_flat(item)}" for key, item in value.items())
    return ", ".join(map(_flat, value)) if isinstance(value, list | tuple) else str(value)


def _with_unit(value: float | None, unit: str) -> str | None:
    return None if value is None else f"{value:.4g} {unit}"


def _summary(tables: Mapping[str, Table]) -> list[tuple[str, list[tuple[str, str, str, str]]]]:
    """(chapter, rows of quantity, value ± 2σ, unit, note); chapters without numbers are left out."""
    found = []
    for title, members in in_chapters(tables.values()).items():
        rows = [
            (name, with_error(scalar), "" if scalar.unit == "1" else typeset(scalar.unit), scalar.note)
            for table in members
            for name, scalar in table.scalars.items()
        ]
        if rows:
            found.append((title, rows))
    return found


def _sampling(tables: Mapping[str, Table]) -> dict[str, Any]:
    """What the chapter on convergence shows: rows for each table, and sentences on the equilibration."""
    rows = []
    for members in in_chapters(tables.values()).values():
        for table in members:
            verdict = table.convergence
            n = f"{table.n_effective:.0f}" if np.isfinite(table.n_effective) else ""
            if not n and verdict is None:
                continue
            level = "" if verdict is None else "good" if verdict.more_ps == 0 else "caution"
            rows.append((table.name, table.title, n, level, verdict.text if verdict else ""))
    start = []
    if "summary" in tables:
        columns = tables["summary"].data[["quantity", "value", "note"]]
        for quantity, value, note in columns.itertuples(index=False, name=None):
            if str(quantity).startswith(SAMPLING) and str(quantity).endswith("equilibrated after"):
                signal = str(quantity).removeprefix(SAMPLING).partition(":")[0]
                start.append((signal, f"{value:.3g} ps" if value > 0 else "", note))
    return {"rows": rows, "start": start}


def _anchor(title: str) -> str:
    return "chapter-" + re.sub(r"\W+", "-", title.lower())


def size_of(svg: str) -> tuple[float, float]:
    """Width and height of the SVG in its own units."""
    match = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert match is not None
    return float(match[1]), float(match[2])


def named_svg(svg: str, table: Table) -> Markup:
    """The SVG of a table for a page, with an id (`svg-NAME`) and words for those who cannot see it."""
    from markupsafe import Markup, escape

    head = f'<svg id="svg-{escape(table.name)}" role="img" aria-label="{escape(alt_text(table))}" '
    return Markup(head + str(unique_ids(svg, table.name)).removeprefix("<svg "))


def _figure(table: Table, svg: str, folder: Path) -> dict[str, Any]:
    """What the template shows of one table."""
    thin = max(1, -(-len(table.data) // MAX_ROWS))
    rows = [[f"{value:.5g}" for value in row] for row in table.data.iloc[::thin].itertuples(index=False, name=None)]
    banded = table.n_blocks and table.kind not in ("series", "map")
    error = f"band: 95 % (2σ), {table.n_blocks} blocks" if banded else ""
    if table.kind == KIND:
        model = ("model band: 2σ_model",) if has_model_band(table) else ()
        error = "; ".join([f"statistical band: 2σ of {table.n_blocks} blocks", *model, *table.notes])
    if banded and np.isnan(table.error[np.isfinite(table.value)]).any():
        error += "; dotted: no error bar"
    g = table.statistical_inefficiency
    return {
        "name": table.name,
        "title": table.title,
        "svg": named_svg(svg, table),
        "files": links_of_table(folder, table.name),
        "equation": table.equation,
        "caption": "; ".join(
            filter(
                None,
                [
                    error,
                    f"{table.n_frames} {'log rows' if table.name in FROM_THE_LOG else 'frames'}",
                    f"statistical inefficiency {g:.3g}" if np.isfinite(g) else "",
                ],
            )
        ),
        "warnings": table.warnings,
        "headers": [str(header) for header in table.data.columns],
        "rows": rows,
        "thin": thin,
    }
