"""Error against cost: what dominates what, on paper, and measured on a real potential."""

import numpy as np
import pandas as pd
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.io import write
from numpy.testing import assert_allclose

from lmpdrive import pipeline
from lmpdrive.errors import ConfigError, ModelError
from lmpdrive.report.accuracy import Measured
from lmpdrive.report.pareto import ENERGY, FORCE, SHIFTED, TIME, Timed, dominated, table, write_pareto
from lmpdrive.stages.trial_run import by_label
from tests.report.test_accuracy import labelled
from tests.robustness.command import lmpdrive

POTENTIAL = {"architecture": "ase", "calculator": "ase.calculators.emt:EMT", "coupling": "ase"}
CELL = {"build": {"metal": "Cu", "repeat": [3, 4], "layers": 2, "waters": 0, "vacuum_A": 8}}


def test_what_is_dominated_on_paper():
    """b is slower and worse than a; c slower and better; d equal to a; e beats a, but not beyond the errors."""
    time, error = np.array([1.0, 2.0, 3.0, 1.0, 0.9]), np.array([0.1, 0.2, 0.05, 0.1, 0.099])
    found = dominated(time, np.full(5, 0.06), error, np.full(5, 0.002))
    assert found[0] == [(4, False)] and found[3] == [(4, False)]
    assert found[1] == [(0, True), (3, True), (4, True)]
    assert found[2] == [] and found[4] == []


def timed(*ms, atoms=10):
    return Timed("toy", "toy/model", atoms, ms, "1 rank x 1 thread, device cpu")


def test_the_table_has_times_errors_and_units(tmp_path):
    frames = labelled([2, 2, 2])
    good = (frames.energies_eV + 2e-3, frames.forces + 0.1)
    bad = (frames.energies_eV + np.array([2e-3, 4e-3, 6e-3]), frames.forces - 0.3)
    tested = Measured(frames, "x", {"fast": good, "slow": bad, "untimed": good}, {"lost": "no model"})
    data = table({"fast": timed(9.0, 10.0, 11.0), "slow": timed(40.0)}, tested).set_index("potential")
    assert list(data.index) == ["fast", "slow"]
    assert_allclose(data.loc["fast", [TIME, f"σ of {TIME}", FORCE, ENERGY]].tolist(), [1, 0.1 / 3**0.5, 0.1, 1])
    assert data.loc["fast", SHIFTED] < 1e-9 and data.loc["slow", FORCE] == pytest.approx(0.3)
    assert np.isnan(data.loc["slow", f"σ of {TIME}"])  # a single round has no error
    assert list(data["force: dominated by"]) == ["", "fast"] and list(data["energy: dominated by"]) == ["", "fast"]
    assert list(data["force: beyond the errors"]) == [0, 0]  # the time of `slow` has no error: nothing is certain
    write_pareto({"fast": timed(9.0, 11.0), "slow": timed(40.0, 41.0)}, tested, tmp_path)
    written = pd.read_csv(tmp_path / "pareto.csv")
    numbers = written.select_dtypes("number").columns
    assert all(header.endswith("]") for header in numbers if "beyond" not in header)
    assert list(written["force: beyond the errors"]) == [0, 1]
    assert (tmp_path / "figures" / "pareto.png").is_file() and (tmp_path / "figures" / "pareto.svg").is_file()


def frames_file(folder):
    """Two frames of 4 Cu, labelled by EMT."""
    frames = []
    for seed in (1, 2):
        atoms = bulk("Cu", cubic=True)
        atoms.rattle(0.05, seed=seed)
        atoms.calc = EMT()
        atoms.get_forces()
        frames.append(atoms)
    write(folder / "frames.xyz", frames)
    return folder / "frames.xyz"


def test_a_potential_measured(tmp_path, write_yaml):
    """EMT has no error on its own labels; a source that is none is left out, with the reason."""
    file = write_yaml({"system": CELL, "potential": POTENTIAL, "dynamics": {"fixed_layers": 0}})
    found, missing = pipeline.pareto(
        [file, tmp_path], [frames_file(tmp_path)], tmp_path / "out", ["emt", "none"], rounds=2, seconds=1
    )
    (row,) = found.to_dict("records")
    assert row["potential"] == "emt" and row["atoms [1]"] == 24 and row["rounds [1]"] == 2
    assert row[FORCE] < 1e-6 and row[ENERGY] < 1e-3 and 0.001 < row[TIME] < 1000 and row[f"σ of {TIME}"] >= 0
    assert list(missing) == ["none"] and "is no run directory" in missing["none"]


def test_what_cannot_be_compared_is_said(tmp_path, write_yaml):
    (tmp_path / "a").mkdir()
    with pytest.raises(ConfigError, match="tell them apart with --labels"):
        by_label([tmp_path / "a", tmp_path / "a.yaml"], None)
    with pytest.raises(ConfigError, match="1 labels for 2"):
        by_label(["a", "b"], ["a"])
    with pytest.raises(ModelError, match=r"a: .*no run directory"):
        pipeline.pareto([tmp_path / "a"], [frames_file(tmp_path)], tmp_path / "out")
    done = lmpdrive("compare", tmp_path / "a", "--pareto", "--out", tmp_path / "out", cwd=tmp_path)
    assert done.code == 2 and "--reference FRAMES" in done.err
