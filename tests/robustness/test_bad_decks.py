"""Spoilt decks: `lint` and `run-deck` never show a traceback, never hang, and never exit with 0 for nonsense.

A deck that `run-deck` accepts must have run every step it asks for, to finite numbers.
"""

from __future__ import annotations

import math
import shutil
from collections import Counter
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT, thermo_table
from tests.robustness.command import lmpdrive
from tests.robustness.deck_mutants import Mutant, mutants
from tests.robustness.yaml_mutants import BASE

GOLDEN = [(p.parent.name, p.read_text()) for p in sorted((ROOT / "tests" / "decks").glob("*/in.lammps"))]
BY_HAND = [(p.stem, p.read_text()) for p in sorted((ROOT / "tests" / "lint" / "decks").glob("*.lammps"))]


def lint_faults(seed: int, n: int, folder: Path) -> tuple[Counter, dict[str, str]]:
    codes: Counter = Counter()
    found = {}
    for mutant in mutants(GOLDEN + BY_HAND, seed, n):
        for guard in (ROOT / "tests" / "decks" / mutant.name.partition(":")[0]).glob("guard*.lammps"):
            shutil.copy(guard, folder)
        (folder / "in.lammps").write_bytes(mutant.content)
        done = lmpdrive("lint", "in.lammps", cwd=folder, seconds=5)
        codes[done.code] += 1
        if done.fault or done.code not in (0, 5) or "in.lammps" not in done.out + done.err:
            found[mutant.name] = done.fault or f"{done.code}: {done.out}{done.err}"
    return codes, found


def test_mutated_decks_are_linted(tmp_path):
    codes, found = lint_faults(seed=1, n=70, folder=tmp_path)
    assert not found, found
    assert codes[5] >= 10


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """A run directory of 36 Cu atoms, ready to run."""
    folder = tmp_path_factory.mktemp("decks")
    (folder / "system.yaml").write_text(yaml.safe_dump(BASE))
    assert lmpdrive("render", "system.yaml", "--out", "run", cwd=folder).code == 0
    return folder / "run"


def run_faults(mutant: Mutant, rendered: Path, folder: Path) -> tuple[int, list[str]]:
    """Exit code of `run-deck`, and everything that must not be."""
    shutil.copytree(rendered, folder / "run")
    (folder / "run" / "in.lammps").write_bytes(mutant.content)
    # a run that is merely long is stopped (75)
    done = lmpdrive("run-deck", "run/in.lammps", "-q", "--walltime", "30s", cwd=folder, seconds=90)
    found = [done.fault] if done.fault else []
    if (folder / "run" / "pwned").exists():
        found.append("the deck ran a program that nobody accepted")
    if done.code == 0:
        rows = thermo_table(folder / "run" / "log.lammps")
        if not rows or not all(math.isfinite(float(word)) for row in rows for word in row):
            found.append("numbers that are not finite")
        if not (folder / "run" / "report.html").is_file():
            found.append("no report")
    return done.code, found


@pytest.mark.parametrize(
    ("name", "old", "new", "code"),
    [
        ("cut off before the runs", "# --- dynamics", "quit\n# --- dynamics", 7),
        ("a loop without end", "# --- dynamics", "label x\njump SELF x\n# --- dynamics", 5),
        ("fs for ps", "timestep        0.002", "timestep 2", 5),
        ("elements mixed up", "element Cu", "element Au", 5),
        ("shell", "units ", "shell touch pwned\nunits ", 5),
        ("a word that is none", "thermo_style ", "thermo_styl ", 5),
        ("what only LAMMPS knows", "pair_style      lj/cut", "pair_style lj/cutt", 7),
    ],
)
def test_edited_decks(tmp_path, rendered, name, old, new, code):
    text = (rendered / "in.lammps").read_text()
    assert old in text
    done, found = run_faults(Mutant(name, text.replace(old, new).encode()), rendered, tmp_path)
    assert (done, found) == (code, [])


@pytest.mark.parametrize(
    ("edit", "code"),
    [(lambda text: text.replace("element Cu", "element Au"), 5), (lambda text: text + "pair_style nonsense 3\n", 7)],
    ids=["lint finds it", "only LAMMPS knows"],
)
def test_an_edited_file_of_the_guard_is_an_edited_deck(tmp_path, rendered, edit, code):
    shutil.copytree(rendered, tmp_path / "run")
    file = tmp_path / "run" / "guard.production.lammps"
    file.write_text(edit(file.read_text()))
    done = lmpdrive("run-deck", "run/in.lammps", "-q", cwd=tmp_path)
    assert done.code == code and not done.fault and file.name in done.err, done.err


def test_what_a_comment_accepts_is_run(tmp_path, rendered):
    text = (rendered / "in.lammps").read_text()
    shutil.copytree(rendered, tmp_path / "run")
    (tmp_path / "run" / "in.lammps").write_text(
        text.replace("units ", "shell touch wanted # lint: allow shell\nunits ", 1)
    )
    assert lmpdrive("run-deck", "run/in.lammps", "-q", cwd=tmp_path).code == 0
    assert (tmp_path / "run" / "wanted").exists()


@pytest.mark.validation
@pytest.mark.parametrize("seed", [21, 22])
def test_many_mutated_decks_are_run(tmp_path, rendered, seed):
    text = (rendered / "in.lammps").read_text()
    codes: Counter = Counter()
    wrong = {}
    for i, mutant in enumerate(mutants([("Cu", text)], seed, 120)):
        if mutant.content == text.encode():
            continue
        code, found = run_faults(mutant, rendered, tmp_path / f"{i:04d}")
        codes[code] += 1
        if found:
            wrong[f"{i:04d} {mutant.name}"] = found
    print(f"seed {seed}: exit codes {dict(sorted(codes.items()))}")
    assert not wrong, wrong


@pytest.mark.validation
@pytest.mark.parametrize("seed", [31, 32])
def test_many_mutated_decks_are_linted(tmp_path, seed):
    codes, found = lint_faults(seed, 2_000, tmp_path)
    print(f"seed {seed}: exit codes {dict(sorted(codes.items()))}")
    assert not found, found
