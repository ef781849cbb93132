"""What the trainers are given: the split of the frames, and the shares of the batches."""

import sys

import numpy as np
import yaml
from ase import Atoms

from lmpdrive.architectures.deepmd.model import cutoffs_of
from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "potentials"))
import data
import deepmd_training
import dp_repaired
import dpa3_training


def frames(symbols: str, n: int, start: int) -> list[Atoms]:
    out = []
    for k in range(n):
        atoms = Atoms(symbols, positions=np.arange(3 * len(Atoms(symbols))).reshape(-1, 3), cell=[30] * 3, pbc=True)
        atoms.info = {"number": start + k, "REF_energy": float(k)}
        atoms.arrays["REF_forces"] = np.zeros((len(atoms), 3))
        out.append(atoms)
    return out


def test_every_composition_is_in_every_part_and_no_frame_in_two():
    parts = data.split(frames("OH2", 40, 0) + frames("PtOH2", 20, 100))
    numbers = [sorted(a.info["number"] for a in part) for part in (parts.train, parts.watch, parts.test)]
    assert [len(n) for n in numbers] == [48, 6, 6]
    assert sorted(n for part in numbers for n in part) == [*range(40), *range(100, 120)]
    for part in (parts.train, parts.watch, parts.test):
        assert len(data.by_composition(part)) == 2
    again = data.split(frames("OH2", 40, 0) + frames("PtOH2", 20, 100))
    assert [a.info["number"] for a in again.test] == [a.info["number"] for a in parts.test]


def test_contacts_get_their_share_of_the_batches(tmp_path):
    parts = data.split(frames("OH2", 40, 0) + frames("PtOH2", 20, 100))
    parts.contacts.extend(frames("PtOH2", 5, 200))
    given = deepmd_training.deepmd_input(deepmd_training.SE_E2_A, parts, tmp_path, 10, 1e-3)
    given = given["training"]["training_data"]
    assert len(given["systems"]) == 3
    assert given["auto_prob"] == "prob_sys_size; 0:2:0.75; 2:3:0.25"
    energies = np.load(f"{given['systems'][0]}/set.000/energy.npy")
    assert len(energies) == 32, "the training part of the first composition, and nothing held back"


def test_the_joined_model_has_the_se_e2_a_of_the_shipped_one():
    card = yaml.safe_load((ROOT / "potentials" / "pt-water-dp" / "card.yaml").read_text())
    settings = card["training"]["settings"]
    se, flow = dpa3_training.DPA3["descriptor"]["list"]
    assert se | {"sel": "auto"} == settings["descriptor"]
    assert dpa3_training.DPA3["fitting_net"] == settings["fitting_net"]
    assert cutoffs_of(dpa3_training.DPA3["descriptor"]) == (5.0, 5.0) == cutoffs_of(flow)


def test_taking_neighbours_is_indexing():
    neighbours = np.arange(2 * 3 * 5).reshape(2, 3, 5)
    indices = np.array([4, 0, 2])
    assert (dp_repaired.Taken(neighbours)[:, :, indices] == neighbours[:, :, indices]).all()


def test_the_held_back_frames_can_be_written(tmp_path):
    for name, n in (("interface", 40), ("protons", 20)):
        data.write(tmp_path / f"{name}.xyz.gz", frames("OH2", n, n), format="extxyz")
    data.write_test(tmp_path, tmp_path / "test.xyz")
    written = data.read(tmp_path / "test.xyz", ":")
    assert len(written) == 6
    assert all("REF_energy" in a.info and "REF_forces" in a.arrays for a in written)
