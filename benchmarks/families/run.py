"""Every family of potentials: how it couples, how fast it is, and whether LAMMPS equals its own calculator.

    python benchmarks/families/run.py                      # all cases whose environment is here
    python benchmarks/families/run.py quip pace --create   # these; make their environments first
    python benchmarks/families/run.py --table              # only write the table again

A case is a file of `cases/`.  The newest result of each is kept in `results.json`, and the table of all of them is
written into docs/architectures/README.md.  Times are those of `lmpdrive check --probe` on one core, the largest force
difference that of `lmpdrive check --compare`: the first frame and five of a short run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from lmpdrive import environments, pipeline
from lmpdrive.architectures import find, recipe
from lmpdrive.common.manifest import read_manifest
from lmpdrive.common.run_files import CONFIG
from lmpdrive.config import load
from lmpdrive.engine.directory.provenance import cpu
from lmpdrive.engine.directory.write import versions_of
from lmpdrive.errors import LmpdriveError

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RESULTS = HERE / "results.json"
PAGE = ROOT / "docs" / "architectures" / "README.md"
BEGIN, END = "<!-- table: benchmarks/families/run.py -->\n", "<!-- end -->\n"
WATER = (
    "system.build.repeat=[6, 4]",
    "system.build.layers=4",
    "system.build.waters=96",
    "system.build.water_thickness_A=21.9",
    "system.build.relax_ps=1",
    "dynamics.fixed_layers=0",
)
"""Pt(111) with water, 384 atoms: the size at which docs/performance.md compares."""


def structure(kind: str, work: Path) -> Path:
    """The start of a case: `pt-water`, or what ASE's `bulk` makes of `element lattice parameter repeat`."""
    from ase.build import bulk
    from ase.io import read, write

    file = work / f"{kind.replace(' ', '-')}.xyz"
    if file.exists():
        return file
    if kind == "pt-water":
        pipeline.render(ROOT / "inputs" / "pt111-water.yaml", work / "built", list(WATER))
        atoms = read(work / "built" / "system.data", format="lammps-data", atom_style="atomic", sort_by_id=True)
    else:
        element, lattice, a, repeat = kind.split()
        atoms = bulk(element, lattice, float(a), cubic=True).repeat((int(repeat),) * 3)
        atoms.rattle(0.02, seed=1)
    write(file, atoms)
    return file


def configuration(case: dict[str, Any], work: Path, start: Path) -> Path:
    """The YAML file of a case in `work`, after making its model there."""
    potential = case["potential"]
    name = potential["architecture"]
    if command := case.get("make"):
        python = find(name).model_validate(potential).interpreter().python
        words = shlex.split(command.format(python=python, bin=Path(python).parent, work=work, root=ROOT))
        subprocess.run(words, cwd=work, check=True, env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)})
    file = work / f"{name}.yaml"
    content = {
        "system": {"read": str(start)},
        "potential": potential,
        "dynamics": {"ensemble": "nve", "temperature_K": 300, "timestep_fs": 0.5, "fixed_layers": 0}
        | {"equilibrate_ps": 0, "production_ps": 1},
        "run": {"threads": 1, "device": "cpu"},
    }
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    return file


def measure(case: dict[str, Any], start: Path, work: Path) -> dict[str, Any]:
    """One row.  Raises LmpdriveError where the family does not run here."""
    file = configuration(case, work, start)
    written = pipeline.render(file, work / "run", trust=True)
    potential = read_manifest(written).potential
    equal = pipeline.compare_with_model(file)
    speed = pipeline.measure_speed(file)
    deviations = [difference.force_eV_per_A for difference in equal.differences]
    package = case.get("package") or potential.package or "lammps"
    version = versions_of(load(written / CONFIG).potential.interpreter(), (package,))[package]
    return {
        "package": f"{package} {version}",
        "coupling": potential.coupling or "",
        "form": speed.model_form.name if speed.model_form else "",
        "atoms": speed.atoms,
        "ms_per_step": speed.ms_per_step,
        "max_dF_eV_per_A": max(deviations) if deviations else None,
        "reason": equal.reason,
        "machine": f"{cpu()}, one core, {platform.system()}",
        "date": datetime.now(UTC).date().isoformat(),
    }


def run_case(file: Path, create: bool, structures: Path) -> dict[str, Any]:
    """Measure a case in a folder of its own; `structures`: where the starts of all cases are kept."""
    case = yaml.safe_load(file.read_text())
    potential = case["potential"]
    # a calculator's own file names its environment only once `make` has written it
    named = case.get("environment")
    needed = recipe(named) if named else find(potential["architecture"]).model_validate(potential).recipe
    if create and needed and not environments.complete(needed.family):
        subprocess.run([sys.executable, "-m", "lmpdrive", "env", "create", needed.family], check=True)
    with tempfile.TemporaryDirectory(prefix="lmpdrive-families-") as folder:
        work = Path(folder)
        return measure(case, structure(case.get("structure", "pt-water"), structures), work)


def table(results: dict[str, dict[str, Any]]) -> str:
    """The rows as Markdown."""
    lines = [
        "| family | package | coupling | atoms | ms/step | max \\|ΔF\\| [eV/Å] | run on |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in sorted(results):
        row = results[name]
        how = row["coupling"] + (f", {row['form']}" if row["form"] else "")
        deviation = f"{row['max_dF_eV_per_A']:.0e}" if row["max_dF_eV_per_A"] is not None else "no calculator"
        ran = f"{row['machine']}, {row['date']}"
        page = f"[{name}]({name.split(' ')[0]}.md)"
        lines.append(
            f"| {page} | {row['package']} | {how} | {row['atoms']} | {row['ms_per_step']:.3g} | {deviation} | {ran} |"
        )
    return "\n".join(lines) + "\n"


def write_page(page: Path, results: dict[str, dict[str, Any]]) -> None:
    """Put the table between its marks in the page."""
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"{page} lacks the lines {BEGIN.strip()} and {END.strip()}, between which the table belongs")
    page.write_text(f"{before}{BEGIN}\n{table(results)}\n{END}{after}")


def main() -> None:
    """Parse, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cases = {file.stem: file for file in sorted((HERE / "cases").glob("*.yaml"))}
    parser.add_argument("cases", nargs="*", help=f"of {', '.join(cases)}; default: all")
    parser.add_argument("--create", action="store_true", help="make the environments that are missing")
    parser.add_argument("--table", action="store_true", help="measure nothing, write the table again")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args()
    if unknown := [name for name in options.cases if name not in cases]:
        parser.error(f"no case {', '.join(unknown)}; there are {', '.join(cases)}")
    results = json.loads(options.results.read_text()) if options.results.is_file() else {}
    failed = []
    structures = tempfile.TemporaryDirectory(prefix="lmpdrive-families-")
    for name in () if options.table else options.cases or cases:
        print(f"{name} ...", flush=True)
        try:
            results[name] = run_case(cases[name], options.create, Path(structures.name))
        except (LmpdriveError, subprocess.CalledProcessError) as error:
            print(f"{name}: {error}", flush=True)
            failed.append(name)
            continue
        print(json.dumps(results[name], ensure_ascii=False), flush=True)
        options.results.write_text(json.dumps(results, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    write_page(options.page, results)
    if failed:
        sys.exit(f"did not run: {', '.join(failed)}")


if __name__ == "__main__":
    main()
