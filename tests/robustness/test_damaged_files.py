"""Files of a run directory that were cut off or had bits flipped: told, never a traceback, never taken for whole."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest
import yaml

from tests.architectures import native_models
from tests.conftest import ROOT
from tests.robustness.command import lmpdrive
from tests.robustness.yaml_mutants import BASE

WATER = BASE | {
    "system": {"build": {"metal": "Cu", "repeat": [3, 4], "layers": 3, "water_thickness_A": 9, "vacuum_A": 8}}
}
WATER = WATER | {"dynamics": {"timestep_fs": 0.5, "fixed_layers": 1, "equilibrate_ps": 0.01, "production_ps": 0.05}}
WATER["output"] = {"frames_every_fs": 2.0, "thermo_every_fs": 2.0}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of water on Cu."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "system.yaml").write_text(yaml.safe_dump(WATER))
    done = lmpdrive("simulate", "system.yaml", "--out", "run", "-q", cwd=folder)
    assert done.code == 0 and not done.fault, done
    return folder / "run"


def damaged(path: Path, how: str, rng: random.Random) -> str:
    content = bytearray(path.read_bytes())
    if how == "cut":
        n = rng.choice([0, 1, rng.randrange(len(content)), len(content) - 1])
        content = content[:n]
        what = f"cut after {n}"
    elif how == "bits":
        places = [rng.randrange(len(content)) for _ in range(rng.choice([1, 3, 30]))]
        for i in places:
            content[i] ^= 1 << rng.randrange(8)
        what = f"bits at {places[:3]}"
    else:
        n = rng.randrange(len(content))
        content[n:] = bytes(len(content) - n)
        what = f"zeros from {n}"
    path.unlink()  # it may be a link to a model
    path.write_bytes(bytes(content))
    return what


def manifest_of(kind: str, content: dict) -> str:
    """Manifests that are JSON, and are not what a manifest is."""
    return {
        "empty": "{}",
        "null": "null",
        "a list": "[]",
        "no system": json.dumps({k: v for k, v in content.items() if k != "system"}),
        "system is a word": json.dumps(content | {"system": "Cu"}),
        "no species": json.dumps(content | {"system": {k: v for k, v in content["system"].items() if k != "species"}}),
        "elements that are none": json.dumps(content | {"system": content["system"] | {"elements": ["Xx", 3, None]}}),
        "groups that are none": json.dumps(content | {"system": content["system"] | {"groups": {"fixed": "1:x"}}}),
        "too few species": json.dumps(content | {"system": content["system"] | {"species": ["Cu"]}}),
        "numbers for sections": json.dumps(dict.fromkeys(content, 3)),
        "nothing in sections": json.dumps(dict.fromkeys(content)),
    }[kind]


KINDS = ["empty", "null", "a list", "no system", "system is a word", "no species", "elements that are none"]
KINDS += ["groups that are none", "too few species", "numbers for sections", "nothing in sections"]
COMMANDS = (
    ["analyse", "run", "--no-report"],
    ["report", "run"],
    ["reproduce", "run"],
    ["run-deck", "run/in.lammps", "--overwrite"],
)


@pytest.mark.parametrize("kind", KINDS)
def test_manifests_of_the_wrong_form(tmp_path, finished, kind):
    content = json.loads((finished / "manifest.json").read_text())
    shutil.copytree(finished, tmp_path / "run", symlinks=True)
    for command in (COMMANDS[0], COMMANDS[2]):
        (tmp_path / "run" / "manifest.json").write_text(manifest_of(kind, content))
        done = lmpdrive(*command, "-q", cwd=tmp_path)
        assert not done.fault, f"{command}: {done.fault}"
        if command[0] == "reproduce":
            assert done.code in (6, 13), done


def damage(seed: int, n: int, finished: Path, folder: Path) -> tuple[Counter, dict[str, str]]:
    """Every file that a run directory needs, damaged in turn; each command on it."""
    rng = random.Random(seed)
    files = ["manifest.json", "system.data", "resolved.yaml", "in.lammps", "log.lammps", "traj.dcd", "manifest.json"]
    codes: Counter = Counter()
    found = {}
    for i in range(n):
        name = files[i % len(files)]
        run = folder / f"{i:04d}" / "run"
        shutil.copytree(finished, run, symlinks=True)
        what = damaged(run / name, rng.choice(["cut", "bits", "zeros"]), rng)
        command = COMMANDS[rng.randrange(4) if i % 4 == 3 else rng.randrange(3)]
        done = lmpdrive(*command, "-q", cwd=run.parent, seconds=60)
        codes[(command[0], done.code)] += 1
        if done.fault:
            found[f"{i:04d} {name} {what} {command}"] = done.fault
        elif command[0] == "reproduce" and done.code == 0 and name in ("system.data", "resolved.yaml", "in.lammps"):
            found[f"{i:04d} {name} {what}"] = "reproduce says that nothing differs"
        shutil.rmtree(run.parent)
    return codes, found


def test_damaged_files(tmp_path, finished):
    codes, found = damage(seed=5, n=7, finished=finished, folder=tmp_path)
    assert not found, found
    assert sum(n for (_, code), n in codes.items() if code) > 2


@pytest.mark.validation
@pytest.mark.parametrize("seed", [41, 42])
def test_many_damaged_files(tmp_path, finished, seed):
    codes, found = damage(seed, 200, finished, tmp_path)
    print(f"seed {seed}: {dict(sorted(codes.items()))}")
    assert not found, found


def damaged_models(seed: int, n: int, folder: Path) -> tuple[Counter, dict[str, str]]:
    """Model files of LAMMPS' own styles, damaged before a deck is rendered for them."""
    rng = random.Random(seed)
    grace = ("1l.npz", "2l.npz", "fs.yaml")
    names = [*sorted(set(native_models.MAKERS) - {"agni"}), *grace]
    codes: Counter = Counter()
    found = {}
    for i in range(n):
        name = names[i % len(names)]
        section = (
            {"architecture": "grace", "model": str(ROOT / "tests" / "architectures" / "data" / "grace" / name)}
            if name in grace
            else native_models.potential(name)
        )
        files = [k for k, v in section.items() if isinstance(v, str) and Path(v).is_file()]
        here = folder / f"{i:04d}"
        here.mkdir()
        section |= {k: shutil.copy(section[k], here) for k in files}
        what = damaged(Path(section[rng.choice(files)]), rng.choice(["cut", "bits", "zeros"]), rng) if files else "none"
        metal = {"system": {"build": WATER["system"]["build"] | {"metal": "Pt", "waters": 0}}, "potential": section}
        (here / "system.yaml").write_text(yaml.safe_dump(metal | {"dynamics": {"minimise": None}}))
        done = lmpdrive("render", "system.yaml", "--out", "run", cwd=here)
        codes[(name, done.code)] += 1
        if done.fault:
            found[f"{i:04d} {name} {what}"] = done.fault
    return codes, found


def test_damaged_models(tmp_path):
    codes, found = damaged_models(6, 11, tmp_path)
    assert not found, found
    assert sum(n for (_, code), n in codes.items() if code in (2, 4)) > 2


def test_a_model_that_changed_after_the_deck_was_rendered_is_not_run(tmp_path):
    section = native_models.potential("snap")
    model = Path(shutil.copy(section["model"], tmp_path))
    metal = {"system": {"build": WATER["system"]["build"] | {"metal": "Pt", "waters": 0}}}
    (tmp_path / "system.yaml").write_text(yaml.safe_dump(metal | {"potential": section | {"model": str(model)}}))
    assert lmpdrive("render", "system.yaml", "--out", "run", cwd=tmp_path).code == 0
    model.write_text(model.read_text().replace("0.5", "0.6"))
    done = lmpdrive("run-deck", "run/in.lammps", cwd=tmp_path)
    assert done.code == 4 and "the model file model.snapcoeff has changed" in done.err
    assert lmpdrive("resume", "run", cwd=tmp_path).code == 4


@pytest.mark.validation
def test_many_damaged_models(tmp_path):
    codes, found = damaged_models(43, 400, tmp_path)
    print(dict(sorted(codes.items())))
    assert not found, found
