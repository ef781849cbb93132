"""Errors of potentials on labelled frames: known on paper, with error bars that hold what they promise."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from ase.build import fcc111
from ase.calculators.emt import EMT
from ase.io import write
from numpy.testing import assert_allclose
from typer.testing import CliRunner

from lmpdrive.cli.app import app
from lmpdrive.common.manifest import Manifest
from lmpdrive.engine.agreement.labelled import evaluate
from lmpdrive.errors import ModelError, RunDirectoryError, TrajectoryError
from lmpdrive.report.accuracy import Measured, errors
from lmpdrive.report.analysed import load
from lmpdrive.report.potentials import first_event, levels_of_theory, potentials
from lmpdrive.trajectory.labelled import LabelledFrames, read_labelled
from tests.conftest import ROOT
from tests.report.test_compare import MANIFEST, parsed, run

EMT_RUN = {
    "system": {"read": "none.xyz"},
    "potential": {"architecture": "ase", "calculator": "ase.calculators.emt:EMT", "kwargs": {}},
}


def labelled(counts, numbers=None, seed=0):
    """Frames whose reference energy and forces are random."""
    rng, n = np.random.default_rng(seed), int(np.sum(counts))
    return LabelledFrames(
        counts=np.array(counts),
        numbers=np.full(n, 1) if numbers is None else np.array(numbers),
        positions=rng.normal(size=(n, 3)),
        cells=np.tile(10 * np.eye(3), (len(counts), 1, 1)),
        pbc=np.ones((len(counts), 3), bool),
        energies_eV=rng.normal(size=len(counts)),
        forces=rng.normal(size=(n, 3)),
    )


def value(table, quantity, element="all", label="a", column="value"):
    row = table[(table["run"] == label) & (table["quantity"] == quantity) & (table["element"] == element)]
    assert len(row) == 1
    return float(row[column].iloc[0])


def test_errors_known_on_paper():
    """Two frames of 1 H and of 1 H + 2 O; energies off by 1 and -5 meV/atom, forces by 0.1 (H) and 0.3 (O)."""
    frames = labelled([1, 3], [1, 1, 8, 8])
    energies = frames.energies_eV + np.array([1e-3, -15e-3])
    forces = frames.forces + np.array([0.1, 0.1, -0.3, -0.3])[:, None]
    table = errors(Measured(frames, "x", {"a": (energies, forces)}))
    assert_allclose(value(table, "energy RMSE"), np.sqrt((1 + 25) / 2))
    assert_allclose(value(table, "mean energy shift"), -2)
    assert_allclose(value(table, "energy RMSE, mean shift removed"), 3)
    assert_allclose(value(table, "force RMSE", "H"), 0.1)
    assert_allclose(value(table, "force RMSE", "O"), 0.3)
    assert_allclose(value(table, "force RMSE"), np.sqrt((0.01 + 0.01 + 0.09 + 0.09) / 4))
    assert_allclose(value(table, "force MAE"), 0.2)
    assert_allclose(value(table, "RMS of the reference forces"), np.sqrt((frames.forces**2).mean()))


def test_bootstrap_errors_are_those_of_repeated_samples():
    """σ against the spread of the RMSE over 300 independent sets of frames."""
    values, sigmas = [], []
    for seed in range(300):
        frames = labelled([4] * 50, seed=seed)
        noise = np.random.default_rng(1000 + seed)
        # the errors inside a frame belong together: each frame has a size of its own
        size = noise.uniform(0.05, 0.15, size=50)[frames.frame_of_atom]
        forces = frames.forces + size[:, None] * noise.normal(size=frames.forces.shape)
        values.append(np.sqrt(((forces - frames.forces) ** 2).mean()))
        if seed < 20:
            table = errors(Measured(frames, "x", {"a": (frames.energies_eV, forces)}))
            sigmas.append(value(table, "force RMSE", column="σ"))
    assert_allclose(np.mean(sigmas), np.std(values), rtol=0.2)


def test_a_difference_is_that_of_the_same_frames():
    """b errs 1.1 times as much as a in every frame: the paired error is a tenth of a's own."""
    frames = labelled([5] * 30)
    error = np.random.default_rng(1).normal(size=frames.forces.shape) * 0.1
    predicted = {name: (frames.energies_eV, frames.forces + f * error) for name, f in (("a", 1.0), ("b", 1.1))}
    table = errors(Measured(frames, "x", predicted))
    assert_allclose(value(table, "force RMSE", label="b", column="Δ"), 0.1 * value(table, "force RMSE"))
    assert_allclose(value(table, "force RMSE", label="b", column="σ_Δ"), 0.1 * value(table, "force RMSE", column="σ"))
    assert np.isnan(value(table, "force RMSE", column="σ_Δ"))


def slabs(folder, n=6):
    """Rattled Pt slabs of two sizes, labelled by EMT: half as REF_*, half as ASE keeps a calculator's results."""
    files = folder / "ref.xyz", folder / "calculator.xyz.gz"
    every = []
    for seed in range(n):
        atoms = fcc111("Pt", (2, 2, 2 + seed % 2), vacuum=6, periodic=True)
        atoms.rattle(0.1, seed=seed)
        atoms.calc = EMT()
        atoms.get_forces()
        every.append(atoms)
    ref = []
    for atoms in every[: n // 2]:
        plain = atoms.copy()
        plain.info["REF_energy"], plain.arrays["REF_forces"] = atoms.get_potential_energy(), atoms.get_forces()
        ref.append(plain)
    write(files[0], ref)
    write(files[1], every[n // 2 :], format="extxyz")
    return list(files)


def emt_run(folder, **kwargs):
    folder.mkdir(parents=True, exist_ok=True)
    content = EMT_RUN | {"potential": EMT_RUN["potential"] | {"kwargs": kwargs}}
    (folder / "resolved.yaml").write_text(yaml.safe_dump(content))
    return folder


def test_the_run_s_own_calculator_gives_its_own_labels(tmp_path):
    frames = read_labelled(slabs(tmp_path))
    assert list(frames.counts) == [8, 12, 8, 12, 8, 12]
    energies, forces = evaluate(emt_run(tmp_path / "run"), frames)
    assert_allclose(energies, frames.energies_eV, atol=1e-7)  # extended XYZ has eight digits
    assert_allclose(forces, frames.forces, atol=1e-7)


def test_the_shipped_frames_and_model_are_those_of_the_card(tmp_path):
    """A quick look at frames 0 and 52; all 53 give the card's numbers (docs/compare.md)."""
    pytest.importorskip("mace", reason="evaluates a MACE model")
    folder = ROOT / "potentials"
    test = yaml.safe_load((folder / "pt-water-mace" / "card.yaml").read_text())["test"]
    every = read_labelled([folder / "pt-water-test" / "held-back.xyz.gz"])
    assert len(every) == test["frames"]
    assert_allclose(np.sqrt((every.forces**2).mean()), test["force_rms_of_reference_eV_per_A"], atol=5e-4)
    write(tmp_path / "two.xyz", [labelled_atoms(every, number) for number in (0, 52)])
    frames = read_labelled([tmp_path / "two.xyz"])
    potential = {"architecture": "mace", "model": str(folder / "pt-water-mace" / "mace.model")}
    (tmp_path / "resolved.yaml").write_text(yaml.safe_dump(EMT_RUN | {"potential": potential}))
    energies, forces = evaluate(tmp_path, frames)
    table = errors(Measured(frames, "two", {"a": (energies, forces)}))
    assert_allclose(value(table, "force RMSE"), test["force_rmse_eV_per_A"], rtol=0.5)
    assert value(table, "energy RMSE") < 10


def labelled_atoms(frames, number):
    atoms = frames.atoms(number)
    atoms.info["REF_energy"] = frames.energies_eV[number]
    atoms.arrays["REF_forces"] = frames.forces[frames.frame_of_atom == number]
    return atoms


def test_what_cannot_be_measured_says_why(tmp_path):
    frames = labelled([1], [11])
    with pytest.raises(ModelError, match="Na"):  # EMT knows no sodium
        evaluate(emt_run(tmp_path / "emt"), frames)
    with pytest.raises(RunDirectoryError, match=r"no resolved\.yaml"):
        evaluate(tmp_path, frames)
    absent = EMT_RUN | {"potential": {"architecture": "ase", "calculator": "nothing_of_this_name:X"}}
    (tmp_path / "resolved.yaml").write_text(yaml.safe_dump(absent))
    with pytest.raises(ModelError, match="there is no module 'nothing_of_this_name'"):
        evaluate(tmp_path, frames)
    classical = EMT_RUN | {"potential": {"architecture": "classical"}}
    (tmp_path / "resolved.yaml").write_text(yaml.safe_dump(classical))
    with pytest.raises(ModelError, match="classical has no calculator"):
        evaluate(tmp_path, frames)


def test_files_without_labels_are_refused(tmp_path):
    atoms = fcc111("Pt", (2, 2, 2), vacuum=6, periodic=True)
    write(tmp_path / "bare.xyz", atoms)
    with pytest.raises(TrajectoryError, match="frame 0 has no labels"):
        read_labelled([tmp_path / "bare.xyz"])
    atoms.info["REF_energy"], atoms.arrays["REF_forces"] = np.nan, np.zeros((8, 3))
    write(tmp_path / "nan.xyz", atoms)
    with pytest.raises(TrajectoryError, match="not finite"):
        read_labelled([tmp_path / "nan.xyz"])
    with pytest.raises(TrajectoryError, match="no file"):
        read_labelled([tmp_path / "gone.xyz"])
    (tmp_path / "junk.xyz").write_text("no frames\n")
    with pytest.raises(TrajectoryError, match="ASE cannot read"):
        read_labelled([tmp_path / "junk.xyz"])


def card(folder, **changes):
    """Give the run of `run()` a potential of its own."""
    content = MANIFEST | {"potential": MANIFEST["potential"] | {"card": changes}}
    (folder / "manifest.json").write_text(json.dumps(content))
    return folder


def test_page_with_measured_potentials(tmp_path):
    """Three runs: EMT, EMT with another cutoff, and one that cannot be evaluated."""
    test = {"test": {"frames": 53, "force_rmse_eV_per_A": 0.0828, "energy_rmse_meV_per_atom": 3.2}}
    runs = [run(tmp_path / name, seed) for seed, name in enumerate("abc")]
    card(emt_run(runs[0]), level_of_theory="RPBE", title="first | potential", **test)
    card(emt_run(runs[1], asap_cutoff=True), level_of_theory="PBE")
    (runs[0] / "worker.log").write_text("noise\nEMT runs in its first form\nEMT runs in plain form; 1e-6\n")
    files = [word for file in slabs(tmp_path) for word in ("--test", str(file))]
    done = CliRunner().invoke(app, ["compare", *map(str, runs), *files, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "a: evaluating 6 labelled frames" in done.stderr
    assert "Different levels of theory (a: RPBE; b: PBE)" in done.stderr
    assert "c is not measured on ref.xyz, calculator.xyz.gz" in done.stderr
    assert "measured on 6 frames: too few" in done.stderr
    page = parsed(tmp_path / "out" / "compare.html")
    assert page.tags.count("figure") == 5
    assert len(page.ids) == len(set(page.ids))
    table = pd.read_csv(tmp_path / "out" / "accuracy.csv")
    assert value(table, "force RMSE") < 1e-6 < value(table, "force RMSE", label="b")
    assert set(table["run"]) == {"a", "b"}
    rows = pd.read_csv(tmp_path / "out" / "potentials.csv", dtype=str, keep_default_na=False).set_index("what")
    assert rows.loc["form that ran", "a"] == "in plain form; 1e-6"
    assert rows.loc["force RMSE (card)"].tolist()[1:] == ["0.0828 eV/Å", "", ""]
    assert rows.loc["speed", "a"] == "3.21 ns/day" and rows.loc["time of a step", "a"] == "13.46 ms"
    assert "no resolved.yaml" in rows.loc["not measured", "c"]
    lines = (tmp_path / "out" / "potentials.md").read_text().splitlines()
    assert lines[0] == "|  | a | b | c |"
    assert any(line.startswith(r"| title | first \| potential | ") for line in lines)
    assert {f"parity_{name}.{kind}" for name in ("forces", "energies") for kind in ("png", "svg")} <= {
        path.name for path in (tmp_path / "out" / "figures").iterdir()
    }


def test_levels_of_theory(tmp_path):
    a, b = (load(run(tmp_path / name, 1)) for name in "ab")

    def of(one, sha256, **about):
        about_potential = {"potential": {"title": "T", "sha256": {"m": sha256}, "card": about or None}}
        return replace(one, manifest=Manifest.of(about_potential))

    same = {"level_of_theory": "RPBE"}
    assert not levels_of_theory([of(a, "1", **same), of(b, "2", **same)])
    assert not levels_of_theory([of(a, "1"), of(b, "1")]), "the same model twice"
    elsewhere = [replace(one, manifest=Manifest()) for one in (a, b)]
    assert not levels_of_theory(elsewhere), "trajectories from elsewhere"
    assert "RPBE; b: PBE" in levels_of_theory([of(a, "1", **same), of(b, "2", level_of_theory="PBE")])[0]
    assert "of b is not known" in levels_of_theory([of(a, "1", **same), of(b, "2")])[0]


def test_the_first_event_and_the_share_of_intact_water(tmp_path):
    whole = load(run(tmp_path / "a", 1))
    data = pd.DataFrame({"t [ps]": [0.0, 0.5, 1.0, 1.5], "H2O [1]": [4.0, 4.0, 3.0, 4.0], "σ [1]": 0.0})
    table = replace(whole.tables["dipole_pz"], name="water_species", kind="series", data=data)
    broken = replace(whole, tables=whole.tables | {"water_species": table})
    assert first_event(broken) == "1 ps: one intact water molecule fewer"
    rows = dict(row for heading, lines in potentials([broken]) if heading == "stability" for row in lines)
    assert rows["intact water"] == ["93.75% of 4 at the start on average, 75.00% at least"]
