"""`lmpdrive uncertainty`: a committee on the frames of a run, and the band of the model beside the statistical one."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lmpdrive.cli.analyse import BinWidth, Blocks, DataFile, Discard, Elements, Names, ResultsFolder, Sources, Timestep
from lmpdrive.cli.arguments import parse_discard
from lmpdrive.cli.options import Quiet, Trust, Verbose
from lmpdrive.cli.printing import progress_printer

if TYPE_CHECKING:
    from lmpdrive.stages.uncertainty import Uncertainty

EXAMPLES = (
    "Examples: `lmpdrive uncertainty runs/pt --committee b.pb c.pb d.pb e.pb --validation held-back.xyz` or "
    "`lmpdrive uncertainty old.dump --data system.data --potential driver.yaml --committee b.yaml c.yaml d.yaml "
    "--temperature-K 300 --out results`; to another potential: `lmpdrive uncertainty runs/pt --target mixed.yaml`"
)

Committee = Annotated[
    list[str] | None,
    typer.Option(
        "--committee",
        metavar="MODEL ...",
        help="Models beside the one that drove, or YAML files with a potential: section; default the run's.",
    ),
]
ArchitectureName = Annotated[
    str | None, typer.Option("--architecture", metavar="NAME", help="Of models that are not of the run's.")
]
Driver = Annotated[
    Path | None, typer.Option("--potential", metavar="YAML", help="What drove a trajectory from elsewhere.")
]
Validation = Annotated[
    list[Path] | None,
    typer.Option("--validation", metavar="FRAMES ...", help="Labelled frames, to calibrate the spread with."),
]
Target = Annotated[
    list[Path] | None,
    typer.Option("--target", metavar="YAML ...", help="Other potentials whose averages are wanted."),
]
Temperature = Annotated[float | None, typer.Option("--temperature-K", help="Of the frames; default the run's.")]
Stride = Annotated[int, typer.Option("--stride", min=1, help="Evaluate every so many frames.")]
Forces = Annotated[bool, typer.Option("--forces", help="Keep forces in committee.nc too.")]
DriverIsMember = Annotated[
    bool | None,
    typer.Option(
        "--driver-in-committee/--driver-apart",
        help="Whether the potential that drove counts as a member; default: if it is of their architecture.",
    ),
]
Processes = Annotated[int, typer.Option("--processes", min=1, help="Models at a time, each in a process of its own.")]
Threads = Annotated[int, typer.Option("--threads", min=1, help="Threads of each.")]
NoReport = Annotated[bool, typer.Option("--no-report", help="Tables only: no figures, no report.html.")]


def uncertainty(
    path: Sources,
    committee: Committee = None,
    architecture: ArchitectureName = None,
    potential: Driver = None,
    validation: Validation = None,
    target: Target = None,
    temperature: Temperature = None,
    stride: Stride = 1,
    forces: Forces = False,
    driver: DriverIsMember = None,
    processes: Processes = 1,
    threads: Threads = 1,
    data: DataFile = None,
    elements: Elements = None,
    timestep_fs: Timestep = None,
    bin_width: BinWidth = None,
    blocks: Blocks = None,
    discard_ps: Discard = None,
    observable: Names = None,
    out: ResultsFolder = None,
    trust: Trust = False,
    no_report: NoReport = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """The model's error: a committee on the frames of a run, calibrated, beside the statistical error."""
    from lmpdrive import pipeline
    from lmpdrive.engine.committee.evaluate import Resources
    from lmpdrive.stages.progress_bar import FramesBar

    whose: dict[str, Any] = {"architecture": architecture, "potential": potential, "driver_is_member": driver}
    whose |= {"validation": validation or (), "targets": target or (), "trust": trust}
    which: dict[str, Any] = {"data": data, "elements": elements, "timestep_fs": timestep_fs, "names": observable}
    which |= {"bin_width_A": bin_width, "blocks": blocks, "discard_ps": parse_discard(discard_ps), "out": out}
    with nullcontext() if quiet else FramesBar() as bar:
        found = pipeline.uncertainty(
            path[0] if len(path) == 1 else path,
            committee or (),
            **whose,
            **which,
            temperature_K=temperature,
            stride=stride,
            forces=forces,
            resources=Resources(processes, threads),
            with_report=not no_report,
            progress=bar,
            say=progress_printer(quiet),
        )
    _print(found, quiet)


def _print(found: Uncertainty, quiet: bool) -> None:
    from lmpdrive.report.model_bands import model_chapter

    for warning in found.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if quiet:
        return
    chapter = model_chapter(found.tables)
    for note in chapter["notes"]:
        print(note)
    widths = [
        max(len(row[i]) for row in (chapter["headers"], *chapter["rows"])) for i in range(len(chapter["headers"]))
    ]
    for row in (chapter["headers"], *chapter["rows"]):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print(found.report or found.directory / "observables")
