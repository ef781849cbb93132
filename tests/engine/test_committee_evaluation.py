"""Members of a committee on saved frames: each in its own process, nothing twice."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import fcc111, molecule
from numpy.testing import assert_allclose

from lmpdrive.architectures import find
from lmpdrive.config.load import load_potential
from lmpdrive.engine.committee import file as committee_file
from lmpdrive.engine.committee.evaluate import Frames, Resources, evaluate
from lmpdrive.engine.committee.members import Member, driver_of, members_of, without_repeats
from lmpdrive.errors import ConfigError, EngineError, ModelError, RunDirectoryError
from lmpdrive.trajectory.labelled import without_labels
from tests.engine.wells import write_well


def atoms_at(*heights):
    return Atoms(f"Ar{len(heights)}", [(1.0, 1.0, 10.0 + h) for h in heights], cell=[20, 20, 20], pbc=True)


def frames_of(*frames):
    number = np.arange(len(frames), dtype=float)
    return Frames(without_labels(list(frames)), number, 0.01 * number)


def member(folder, name, **kwargs):
    return driver_of(load_potential(write_well(folder, name, **kwargs)), name)


def said(_):
    pass


def nowhere(member, frames, watch):
    raise EngineError(f"{len(frames)} frames of {member.name} were to go through LAMMPS")


def test_more_frames_and_members_evaluate_only_what_is_new(tmp_path):
    log = tmp_path / "calls"
    kwargs = {"log": str(log)}
    a, b = (member(tmp_path, name, k=k, **kwargs) for name, k in (("a", 1.0), ("b", 3.0)))
    frames, path = [atoms_at(1.0, 2.0), atoms_at(0.0, 1.0)], tmp_path / "committee.nc"
    known = committee_file.Evaluations.empty()
    first = frames_of(*frames)
    hashes = first.hashes()
    known.add(hashes, first.steps, first.times_ps, {a.hash: "a"}, {a.hash: {}})
    known.put(hashes, a.hash, np.array([2.5, 0.5]), None)
    committee_file.write(known, path)
    evaluate([a, b], frames_of(*frames, atoms_at(3.0, 0.0)), path, through_lammps=nowhere, say=said)
    assert len(log.read_text()) == 1 + 3  # the third frame by a, all by b
    again = committee_file.read(path)
    assert again.names == ["a", "b"]
    assert_allclose(again.energies_eV, [[2.5, 7.5], [0.5, 1.5], [4.5, 13.5]])
    heard = []
    evaluate([b], frames_of(frames[1]), path, through_lammps=nowhere, say=heard.append)
    assert heard == ["1 of 1 evaluations are in committee.nc already"]


def test_forces_are_kept_and_asked_for_where_only_energies_are(tmp_path):
    a, path = member(tmp_path, "a", k=2.0), tmp_path / "committee.nc"
    frames = frames_of(atoms_at(1.0, 2.0), atoms_at(0.5, 0.0))
    known = committee_file.Evaluations.empty()
    known.add(frames.hashes(), frames.steps, frames.times_ps, {a.hash: "a"}, {a.hash: {"k": 2.0}})
    known.put(frames.hashes(), a.hash, np.array([5.0, 0.25]), None)
    assert not known.lacking(frames.hashes(), a.hash, with_forces=False).any()
    assert known.lacking(frames.hashes(), a.hash, with_forces=True).all()
    committee_file.write(known, path)
    evaluate([a], frames, path, forces=True, through_lammps=nowhere, say=said)
    found = committee_file.read(path)
    assert found.forces is not None
    assert_allclose(found.forces[:, 0, :, 2], [[-2.0, -4.0], [-1.0, 0.0]])
    assert found.settings == [{"k": 2.0}]
    assert_allclose(found.steps, [0, 1])


def test_a_member_is_what_it_says_not_what_it_is_called(tmp_path):
    (tmp_path / "other").mkdir()
    a, b = member(tmp_path, "a", k=1.0), member(tmp_path, "b", k=1.0)
    elsewhere, different = member(tmp_path / "other", "c", k=1.0), member(tmp_path, "d", k=1.5)
    assert a.hash == b.hash == elsewhere.hash != different.hash
    assert [one.name for one in without_repeats([a, b, elsewhere, different])] == ["a", "d"]
    before = elsewhere.hash
    with (tmp_path / "other" / "well.py").open("a") as stream:
        stream.write("# another version\n")
    assert driver_of(load_potential(tmp_path / "other" / "c.yaml")).hash != before


def test_frames_are_known_by_their_content():
    one, again, moved = frames_of(atoms_at(1.0)), frames_of(atoms_at(1.0)), frames_of(atoms_at(1.0 + 1e-9))
    assert one.hashes() == again.hashes() != moved.hashes()


def test_a_member_that_fails_is_named_with_its_reason(tmp_path):
    good, bad = member(tmp_path, "good"), member(tmp_path, "bad", fail=True)
    with pytest.raises(ModelError, match=r"bad: .*the well is dry"):
        evaluate([good, bad], frames_of(atoms_at(1.0)), tmp_path / "committee.nc", through_lammps=nowhere, say=said)
    deepmd = find("deepmd")(architecture="deepmd", model="pt-water-dp").resolve(tmp_path)
    for model, why in (("none.pb", "there is no file .*none.pb"), ("pt-water-mace", "is not a model that pair_style")):
        (other,) = members_of(deepmd, [model], tmp_path)
        with pytest.raises(ModelError, match=rf"\(architecture deepmd\): .*{why}"):
            evaluate([other], frames_of(atoms_at(1.0)), tmp_path / "committee.nc", through_lammps=nowhere, say=said)


def test_without_a_calculator_of_its_own_a_member_goes_through_lammps(tmp_path):
    """An architecture that has none, and one that has none for this file: ASE reads no tables of this style."""
    classical = Member("spc", find("classical")(architecture="classical"))
    sw = Member("sw", find("manybody")(architecture="manybody", model="Si.sw").resolve(tmp_path))

    def two_per_atom(member, frames, watch):
        assert not watch(0)
        return 2.0 * frames.counts, np.ones((int(frames.counts.sum()), 3))

    path, frames = tmp_path / "committee.nc", frames_of(atoms_at(1.0, 2.0), atoms_at(0.5, 0.0))
    well = member(tmp_path, "well", k=2.0)
    found = evaluate([classical, well, sw], frames, path, through_lammps=two_per_atom, forces=True, say=said)
    assert_allclose(found, [[4.0, 5.0, 4.0], [4.0, 0.25, 4.0]])
    assert_allclose(committee_file.read(path).forces[:, 0], 1.0)
    with pytest.raises(ModelError, match="spc, through LAMMPS: 1 frames of spc were to go through LAMMPS"):
        evaluate([classical], frames_of(atoms_at(3.0, 3.0)), path, through_lammps=nowhere, say=said)


def test_members_by_model_name_and_by_keyword_arguments(tmp_path):
    well = load_potential(write_well(tmp_path, "a", k=1.0))
    members = members_of(well, [{"k": 2.0}, {"k": 3.0, "offset": 1.0}])
    assert [one.potential.kwargs for one in members] == [{"k": 2.0}, {"k": 3.0, "offset": 1.0}]
    shipped = members_of(well, ["pt-water-mace-l1", "pt-water-mace-l2"], tmp_path, "mace")
    assert [one.name for one in shipped] == ["pt-water-mace-l1", "pt-water-mace-l2"]
    assert all(file.is_file() for one in shipped for file in one.potential.files().values())
    deepmd = find("deepmd")(architecture="deepmd", model="pt-water-dp", committee=["pt-water-dp"]).resolve(tmp_path)
    (same,) = members_of(deepmd, ["pt-water-dp"], tmp_path)
    assert same.hash == driver_of(deepmd).hash
    mace = find("mace")(architecture="mace", model="pt-water-mace", committee=["pt-water-mace-l1"]).resolve(tmp_path)
    (other,) = members_of(mace, mace.committee)
    assert other.hash == shipped[0].hash and not other.potential.committee
    with pytest.raises(ConfigError, match="give each member as a YAML file"):
        members_of(well, ["b.model"], tmp_path)
    with pytest.raises(ConfigError, match="say what it is with --architecture"):
        members_of(None, ["b.model"], tmp_path)


def test_what_is_no_committee_file_is_refused(tmp_path):
    path = tmp_path / "committee.nc"
    path.write_text("nonsense")
    with pytest.raises(RunDirectoryError, match="is not a committee file"):
        committee_file.read(path)


def test_potential_files_are_validated(tmp_path):
    path = tmp_path / "p.yaml"
    for text, why in (
        ("system: {}\n", "no potential: section"),
        ("potential: {model: x}\n", "needs 'architecture:'"),
        ("potential: {architecture: ase, calculator: a:B, kwarg: {}}\n", "line 1: potential.kwarg: unknown key"),
    ):
        path.write_text(text)
        with pytest.raises(ConfigError, match=why):
            load_potential(path)


@pytest.mark.validation
def test_shipped_models_of_two_architectures_say_what_their_calculators_do(tmp_path):
    """A Deep Potential and two MACE models, each in its own environment, against ASE in this process for MACE."""
    atoms = fcc111("Pt", (3, 3, 3), a=3.94, vacuum=8.0, periodic=True)
    water = molecule("H2O")
    water.translate(atoms.positions[:, 2].max() * np.array([0, 0, 1]) + (2.0, 2.0, 3.2) - water.positions[0])
    atoms += water
    driver = find("deepmd")(architecture="deepmd", model="pt-water-dp").resolve(tmp_path)
    members = [driver_of(driver), *members_of(driver, ["pt-water-mace-l1", "pt-water-mace-l2"], tmp_path, "mace")]
    moved = atoms.copy()
    moved.positions[0, 2] += 0.05
    found = evaluate(
        members, frames_of(atoms, moved), tmp_path / "c.nc", Resources(processes=2), through_lammps=nowhere, say=said
    )
    for column, one in zip(found.T[1:], members[1:], strict=True):
        atoms.calc = moved.calc = one.potential.make_calculator()
        assert_allclose(column, [atoms.get_potential_energy(), moved.get_potential_energy()], atol=1e-4)
    assert np.ptp(found[1] - found[0]) < 1.0 and (found[0] < 0).all()
