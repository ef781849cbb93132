"""`lmpdrive doctor`: what runs on this machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lmpdrive.cli.options import Verbose
from lmpdrive.errors import EngineError, InstallError

if TYPE_CHECKING:
    from lmpdrive.cli.examination import Finding

EXAMPLES = "Example: `lmpdrive doctor mace`"


def doctor(
    names: Annotated[list[str] | None, typer.Argument(help="Only these architectures.", metavar="[NAME ...]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    verbose: Verbose = False,
) -> None:
    """What runs on this machine: interpreter, versions, LAMMPS, couplings, and a real `run 0` of each architecture.

    Exit code 0 if everything installed works, 7 if something installed does not, 9 if an architecture that was named is
    not installed.
    """
    from lmpdrive.cli.examination import examine

    found = []
    for finding in examine(names or ()):
        found.append(finding)
        if not as_json:
            _print_finding(finding)
    if as_json:
        print(json.dumps([asdict(f) for f in found], indent=1))
    if any(f.state == "broken" for f in found):
        raise typer.Exit(EngineError.exit_code)
    if names and any(f.state == "missing" for f in found):
        raise typer.Exit(InstallError.exit_code)


def _print_finding(finding: Finding) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colour = {"works": "green", "untried": "yellow", "missing": "dim", "broken": "red"}[finding.state]
    table = Table(box=None, show_header=False, title=Text(f"{finding.architecture}: {finding.state}", style=colour))
    table.title_justify = "left"
    lammps = finding.lammps
    rows = {
        "interpreter": finding.interpreter,
        "packages": ", ".join(f"{p} {v}" for p, v in finding.packages.items()),
        "device": finding.device,
        "LAMMPS": f"{lammps['version']} with {', '.join(_packages_of_potentials(lammps))}" if lammps else "",
        "couplings": ", ".join(f"{c}: {'yes' if there else 'no'}" for c, there in finding.couplings.items()),
        "run 0": "{energy_eV:.4f} eV in {seconds} s".format(**finding.trial) if finding.trial else "",
        "says": finding.message,
        "cure": finding.cure,
    }
    for key, value in rows.items():
        if value:
            table.add_row(f"  {key}", Text(value))
    Console().print(table)


def _packages_of_potentials(lammps: Mapping[str, Any]) -> list[str]:
    """LAMMPS packages that potentials come in; `--json` has all."""
    wanted = {"ELECTRODE", "GPU", "KOKKOS", "KSPACE", "MANYBODY", "PLUGIN", "PYTHON"}
    return [p for p in lammps["packages"] if p in wanted or p.startswith(("ML-", "GRACE"))]
