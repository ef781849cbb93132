"""`guard.extrapolation_grade` in runs of a potential that records γ."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.io import read

import lmpdrive
from lmpdrive.errors import UncertainError

OFF = ("distance_factor", "water", "drift_fraction", "metal_layers", "force_eV_per_A")


def gamma_gate(folder: Path, write_yaml: Callable[[dict], Path], potential: dict[str, Any], atoms: Atoms) -> None:
    """Frames between the levels are those of the record, and a run above the high level ends with its exit code."""
    atoms.write(folder / "start.xyz")

    def run(name: str, production_ps: float, **levels: Any) -> Path:
        content = {
            "system": {"read": "start.xyz"},
            "potential": potential,
            "dynamics": {"fixed_layers": 0, "minimise": None, "equilibrate_ps": 0, "production_ps": production_ps},
            "output": {"report": False},
            "run": {"compare": "never"},
            "guard": {**dict.fromkeys(OFF, "off"), "extrapolation_grade": levels},
        }
        lmpdrive.simulate(write_yaml(content), folder / name, analysis=False)
        return folder / name

    kept = run("kept", 0.01, low=1e-3, high=1e6)
    rows = np.loadtxt(kept / "uncertainty.dat")
    found = read(kept / "candidates.xyz", ":")
    assert [one.info["step"] for one in found] == rows[:, 0].tolist() == [0, 5, 10, 15, 20]
    assert [one.info["gamma"] for one in found] == pytest.approx(rows[:, 1], rel=1e-5)
    assert {one.info["level"] for one in found} == {"low"}
    middle = float(np.median(rows[:, 1]))
    above = run("above", 0.01, low=middle, high=1e6)
    expected = [row[0] for row in np.loadtxt(above / "uncertainty.dat") if row[1] > middle]
    assert [one.info["step"] for one in read(above / "candidates.xyz", ":")] == expected
    with pytest.raises(UncertainError, match="the extrapolation grade is up to") as caught:
        run("stopped", 100, low=1e-4, high=1e-3)
    assert caught.value.exit_code == 16
    lines = (folder / "stopped" / "events.jsonl").read_text().splitlines()
    end = next(event for event in map(json.loads, lines) if event["action"] == "stop")
    assert (end["rule"], end["step"]) == ("extrapolation_grade", 0)
