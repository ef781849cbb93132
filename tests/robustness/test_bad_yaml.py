"""Wrong configurations: never a traceback, never a hang, never exit code 0 for a file that does not mean what it says.

Where a mutant is accepted, `resolved.yaml` must say what the file says, number by number, and (long form) LAMMPS must
accept the deck.
"""

from __future__ import annotations

import math
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.robustness.command import lmpdrive
from tests.robustness.yaml_mutants import BASE, Mutant, mutants

LARGEST = 1e13


def untrue(given: Any, resolved: Any, at: str = "") -> list[str]:
    """What an accepted file says, and `resolved.yaml` does not."""
    if isinstance(given, dict):
        if given and not isinstance(resolved, dict):
            return [f"{at}: {given} became {resolved}"]
        return [x for k, v in given.items() for x in untrue(v, (resolved or {}).get(k, "nothing"), f"{at}.{k}")]
    if isinstance(given, list):
        same = isinstance(resolved, list) and len(given) == len(resolved)
        return (
            [x for g, r in zip(given, resolved) for x in untrue(g, r, at)] if same else [f"{at}: {given} != {resolved}"]
        )
    if isinstance(resolved, bool) or resolved is None or isinstance(given, bool) or given is None:
        return [] if given is resolved else [f"{at}: {given} became {resolved}"]
    if isinstance(resolved, int | float):
        try:
            number = float(given)
        except (TypeError, ValueError, OverflowError):
            return [f"{at}: {given!r} became {resolved}"]
        if not math.isclose(number, resolved, rel_tol=1e-12) or not math.isfinite(resolved) or abs(resolved) > LARGEST:
            return [f"{at}: {given!r} became {resolved}"]
        return []
    return (
        [] if str(given) == str(resolved) or str(resolved).endswith(f"/{given}") else [f"{at}: {given} != {resolved}"]
    )


def faults(mutant: Mutant, folder: Path, run_lammps: bool = False) -> tuple[int, list[str]]:
    """Exit code of `render` (of every third `check`), and everything that must not be."""
    folder.mkdir()
    (folder / "system.yaml").write_bytes(mutant.content)
    done = lmpdrive("render", "system.yaml", "--out", "run", cwd=folder)
    found = [done.fault] if done.fault else []
    if (folder / "pwned").exists():
        found.append("the file ran a program")
    if done.code:
        left = sorted(p.name for p in folder.iterdir())
        if left != ["system.yaml"]:
            found.append(f"left behind: {left}")
        if not found and "error" not in done.err.lower():
            found.append(f"no error was told: {done.err}")
    else:
        given = yaml.safe_load(mutant.content)
        found += untrue(given, yaml.safe_load((folder / "run" / "resolved.yaml").read_text()))
        if run_lammps:
            found += refused_by_lammps(folder / "run")
    return done.code, found


def refused_by_lammps(run: Path) -> list[str]:
    """Whether LAMMPS stops in the set-up of the deck, without its runs."""
    code = (
        "from lmpdrive.engine.lammps_library import load\n"
        "load(plugins=False)(cmdargs=['-skiprun', '-screen', 'none']).file('in.lammps')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=run, capture_output=True, text=True, timeout=120, check=False
    )
    return [f"LAMMPS refuses the accepted file: {done.stderr[-300:]}"] if done.returncode else []


def all_faults(seed: int, n: int, folder: Path, run_lammps: bool = False) -> tuple[Counter, dict[str, list[str]]]:
    codes: Counter = Counter()
    found: dict[str, list[str]] = {}
    for i, mutant in enumerate(mutants(seed, n)):
        code, wrong = faults(mutant, folder / f"{i:04d}", run_lammps)
        codes[code] += 1
        if wrong:
            found[f"{i:04d} {mutant.name}"] = wrong
    return codes, found


def test_the_file_that_the_mutants_are_made_of_is_right(tmp_path):
    code, wrong = faults(Mutant("base", yaml.safe_dump(BASE).encode()), tmp_path / "base", run_lammps=True)
    assert (code, wrong) == (0, [])
    assert lmpdrive("check", "system.yaml", cwd=tmp_path / "base").code == 0


def test_mutated_configurations(tmp_path):
    codes, found = all_faults(seed=2, n=60, folder=tmp_path)
    assert not found, found
    assert codes[2] > 30 and codes.total() == 60


@pytest.mark.validation
@pytest.mark.parametrize("seed", [11, 12, 13])
def test_many_mutated_configurations(tmp_path, seed):
    codes, found = all_faults(seed, 400, tmp_path, run_lammps=True)
    print(f"seed {seed}: exit codes {dict(sorted(codes.items()))}")
    assert not found, found


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("dynamics.temperature_K=yes", "yes, no, true and false are no numbers"),
        ("dynamics.temperature_K=.inf", "finite"),
        ("dynamics.temperature_K=0300", "base 8"),
        ("dynamics.production_ps=1:30", "base 8 or 60"),
        ("dynamics.production_ps=1e9", "counts to 2^31 timesteps"),
        ("dynamics.seed=1000000000", "900000000"),
        ("system.build.repeat=[100000, 100000]", "at most 1e+07"),
        ("system.build.repeat=[true, 4]", "true and false"),
        ("run.threads=1000000", "1024"),
        ('potential={architecture: ase, calculator: "x:Y\\nshell ls"}', "line break"),
    ],
)
def test_what_pydantic_and_yaml_would_let_through(tmp_path, override, told):
    (tmp_path / "system.yaml").write_text(yaml.safe_dump(BASE))
    done = lmpdrive("render", "system.yaml", "--out", "run", "--set", override, cwd=tmp_path)
    assert done.code == 2 and told in done.err and not done.fault, done


def test_a_key_that_is_given_twice_names_both_lines(tmp_path):
    (tmp_path / "system.yaml").write_text(yaml.safe_dump(BASE) + "dynamics:\n  temperature_K: 330\n")
    done = lmpdrive("check", "system.yaml", cwd=tmp_path)
    assert done.code == 4 and "'dynamics' is in line 1 too" in done.err
