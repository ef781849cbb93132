"""`lmpdrive uncertainty` from files to bands, on frames and potentials whose averages are known on paper."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write
from numpy.testing import assert_allclose

import lmpdrive
from lmpdrive.common.units import K_B_EV_PER_K
from lmpdrive.engine.committee import file as committee_file
from lmpdrive.errors import ConfigError, TrajectoryError
from lmpdrive.observables import read_results
from tests.engine.wells import write_well

T, SPRING = 300.0, 0.5
KT_OVER_K = K_B_EV_PER_K * T / SPRING
PROFILE = {"density": {"profiles": [{"name": "Ar", "selection": "Ar"}]}}
HEADER = "n [1/Å^3]"


def frames(n=300, atoms=30, seed=0):
    """Atoms of the well with spring `SPRING` at T, independent of each other and from frame to frame."""
    rng = np.random.default_rng(seed)
    for _ in range(n):
        z = 10.0 + np.sqrt(KT_OVER_K) * rng.normal(size=atoms)
        yield Atoms(f"Ar{atoms}", np.column_stack([rng.uniform(0, 20, (atoms, 2)), z]), cell=[20, 20, 20], pbc=True)


def labelled(n, spring, spread, seed=1):
    """Frames with the energies of another spring and noise of `spread` [eV]."""
    rng = np.random.default_rng(seed)
    for atoms in frames(n, seed=seed):
        d = atoms.positions[:, 2] - 10.0
        energy = 0.5 * spring * float(d @ d) + spread * rng.normal() - 77.0
        atoms.calc = SinglePointCalculator(atoms, energy=energy, forces=np.zeros((len(atoms), 3)))
        yield atoms


def width(data, header):
    """Mean of (z - 10)² over a profile."""
    z, n = data["z [Å]"].to_numpy(), data[header].to_numpy()
    return float((n * (z - 10.0) ** 2).sum() / n.sum())


@pytest.fixture(scope="module")
def analysed(tmp_path_factory):
    """Three hundred frames, a committee of four springs, labels, and another potential."""
    folder = tmp_path_factory.mktemp("wells")
    write(folder / "traj.xyz", list(frames()))
    write(folder / "labelled.xyz", list(labelled(40, SPRING * 1.005, 0.002)))
    driver, *others = (
        write_well(folder, f"spring{number}", k=SPRING * (1 + change), offset=offset)
        for number, (change, offset) in enumerate([(0.0, 0.0), (0.01, -3.0), (-0.01, 50.0), (0.02, 0.0)])
    )
    found = lmpdrive.uncertainty(
        folder / "traj.xyz",
        others,
        potential=driver,
        targets=[others[2]],
        validation=[folder / "labelled.xyz"],
        temperature_K=T,
        stride=1,
        forces=True,
        out=folder / "out",
        names=["density"],
        options=PROFILE,
    )
    return folder, driver, others, found


def test_the_committee_is_the_driver_and_the_others(analysed):
    _, _, _, found = analysed
    assert len(found.members) == 4
    assert found.energies_eV.shape == (300, 4)
    assert_allclose(found.energies_eV[:, 2] - 50.0, 0.99 * found.energies_eV[:, 0], rtol=1e-9)


def test_mean_and_band_of_the_committee_are_those_on_paper(analysed):
    """To first order the width under spring k (1 + δ) is kT/k (1 - δ): mean δ and std of δ of the members follow."""
    _, _, _, found = analysed
    data = found.tables["model_density_Ar"].data
    changes = np.array([0.0, 0.01, -0.01, 0.02])
    run = width(data, HEADER)
    assert run == pytest.approx(KT_OVER_K, rel=5 * np.sqrt(2 / 9000))
    members = [width(data, f"n under {name} [1/Å^3]") for name in found.members]
    assert_allclose(np.array(members) - run, -changes * KT_OVER_K, atol=3 * np.sqrt(2 / 300) * 0.02 * KT_OVER_K)
    assert width(data, f"committee mean {HEADER}") == pytest.approx(np.mean(members))
    each = np.array([data[f"n under {name} [1/Å^3]"] for name in found.members])
    assert_allclose(data["σ_model [1/Å^3]"], found.calibration.alpha * each.std(axis=0, ddof=1), atol=1e-12)
    directly = width(data, "committee mean n, direct [1/Å^3]")
    assert directly == pytest.approx(np.mean(members), rel=2e-3)


def test_alpha_is_from_the_labels_and_said(analysed):
    _, _, _, found = analysed
    assert found.calibration.calibrated
    assert "40 labelled frames" in found.calibration.note
    assert any(found.calibration.note in note for note in found.notes)


def test_another_potential(analysed):
    _, _, _, found = analysed
    data = found.tables["model_density_Ar"].data
    change = width(data, "n under spring3 [1/Å^3]") - width(data, HEADER)
    assert change == pytest.approx(-0.02 * KT_OVER_K, rel=3 * np.sqrt(2 / 300))
    directly = width(data, "n under spring3, direct [1/Å^3]") - width(data, HEADER)
    assert directly == pytest.approx((1 / 1.02 - 1) * KT_OVER_K, rel=3 * np.sqrt(2 / 300))


def test_what_is_written(analysed):
    folder, _, _, found = analysed
    known = committee_file.read(folder / "out" / "committee.nc")
    assert len(known.frames) == 300
    assert known.forces is not None and known.forces.shape == (300, 4, 30, 3)
    text = (folder / "out" / "observables" / "model_density_Ar.csv").read_text().splitlines()[0]
    assert text.startswith(f"z [Å],{HEADER},σ [1/Å^3],committee mean {HEADER},σ_model [1/Å^3],u(σ_model) [1/Å^3]")
    assert (folder / "out" / "observables" / "model_density_Ar.svg").is_file()
    again = read_results(folder / "out" / "observables" / "model.nc").tables
    assert_allclose(again["model_density_Ar"].data, found.tables["model_density_Ar"].data)
    assert again["model_summary"].notes == found.notes


def test_the_report_shows_both_bands(analysed):
    folder, _, _, _ = analysed
    out = folder / "out"
    lmpdrive.analyse(folder / "traj.xyz", out=out, names=["density"], options=PROFILE)
    page = (out / "report.html").read_text()
    assert "How far can the model be trusted?" in page or "Model uncertainty: profiles" in page
    assert "statistical band: 2σ" in page and "model band: 2σ_model" in page


def test_refusals(analysed, tmp_path):
    folder, driver, others, _ = analysed
    traj = folder / "traj.xyz"
    common = {"potential": driver, "temperature_K": T, "out": tmp_path}
    for committee, changes, error, why in (
        (others[:1], {}, ConfigError, "at least 3 different models, there are 2"),
        ([driver, driver, driver], {}, ConfigError, "there are 1"),
        (others[:2], {"driver_is_member": False}, ConfigError, "the driver is not one of them"),
        ([], {}, ConfigError, "there is no committee"),
        (others, {"stride": 0}, ConfigError, "stride is 0"),
        (others, {"temperature_K": None}, TrajectoryError, "give --temperature-K"),
        (others, {"temperature_K": -1.0}, ConfigError, "want a positive temperature"),
        (others, {"potential": None}, ConfigError, "say what drove it with --potential"),
    ):
        with pytest.raises(error, match=why):
            lmpdrive.uncertainty(traj, committee, **(common | changes))


def test_another_call_evaluates_nothing_again_and_replaces_what_the_first_wrote(analysed):
    """Only another potential this time; it was a member before."""
    folder, driver, others, _ = analysed
    heard = []
    found = lmpdrive.uncertainty(
        folder / "traj.xyz",
        potential=driver,
        targets=[others[0]],
        temperature_K=T,
        stride=3,
        out=folder / "out",
        names=["density"],
        options={"density": {"profiles": [{"name": "all", "selection": "Ar"}]}},
        say=heard.append,
    )
    assert "200 of 200 evaluations are in committee.nc already" in heard
    assert found.members == [] and set(found.tables) == {"model_density_all", "model_summary"}
    headers = list(found.tables["model_density_all"].data.columns)
    assert "n under spring1 [1/Å^3]" in headers and not any("σ_model" in header for header in headers)
    written = {path.stem for path in (folder / "out" / "observables").glob("model_*")}
    assert written == {"model_density_all", "model_summary"}
    assert len(committee_file.read(folder / "out" / "committee.nc").frames) == 300


def test_members_that_are_too_far_have_no_part_in_band_and_alpha(analysed, tmp_path, capsys):
    """Springs of three and four times the driver's; with the labels of `analysed`, whose α needs four members."""
    from lmpdrive.cli.uncertainty import _print

    folder, driver, others, _ = analysed
    for name in (committee_file.COMMITTEE, committee_file.VALIDATION):  # so that little is evaluated here
        shutil.copy(folder / "out" / name, tmp_path)
    far = [write_well(tmp_path, f"far{number}", k=number * SPRING) for number in (3, 4)]
    whole = {"potential": driver, "temperature_K": T, "out": tmp_path, "names": ["density"], "options": PROFILE}
    whole |= {"validation": [folder / "labelled.xyz"], "with_report": True}
    found = lmpdrive.uncertainty(folder / "traj.xyz", [*others, far[0]], **whole)
    assert found.calibration.calibrated and len(found.members) == 5
    assert "1 of 5 members left out: too far" in found.tables["model_density_Ar"].warnings
    three = lmpdrive.uncertainty(folder / "traj.xyz", [*others[:2], far[0]], **whole)
    assert "needs 4 members, there are 3" in three.calibration.note
    none = lmpdrive.uncertainty(folder / "traj.xyz", [others[0], *far], **whole)
    assert none.calibration.note.startswith("no model band: std(βΔE) = ") and not none.calibration.calibrated
    header, first, *_ = (tmp_path / "observables" / "model_density_Ar.csv").read_text().splitlines()
    assert first.split(",")[header.split(",").index("σ_model [1/Å^3]")] == ""
    _print(none, quiet=False)
    said = capsys.readouterr()
    assert "warning: No model band: 2 members are left, 3 are needed." in said.err
    assert f"; {none.calibration.note}" in said.out
