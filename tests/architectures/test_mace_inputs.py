"""MACE models that need more than edge vectors are refused before a run, and run through MACE's own calculator."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase import Atoms
from ase.io import write

import lmpdrive
from lmpdrive.architectures import AseEvaluator, Configuration, find
from lmpdrive.errors import ModelError

torch = pytest.importorskip("torch")
pytest.importorskip("mace")

LES = '''
"""Coulomb energy of latent charges between the atoms of a cell, through their smooth periodic distance."""
import torch


class Les(torch.nn.Module):
    def __init__(self, les_arguments):
        super().__init__()

    def forward(self, latent_charges, positions, cell, batch, **_):
        phases = 2 * torch.pi * positions @ torch.linalg.inv(cell[0])
        near = ((phases[:, None] - phases[None]).cos() - 1).sum(-1)
        charges = latent_charges.reshape(len(positions), -1).sum(-1)
        energy = 5.0 * (charges[:, None] * charges[None] * near.exp()).sum()
        return {"E_lr": energy[None], "BEC": None}
'''
"""Stands in for the package of that name, which no registry has, with a sum that has no cutoff."""


def arguments() -> dict:
    from mace import modules
    from mace.modules.blocks import o3

    return {
        "r_max": 3.0,
        "num_bessel": 4,
        "num_polynomial_cutoff": 5,
        "max_ell": 1,
        "interaction_cls": modules.interaction_classes["RealAgnosticResidualInteractionBlock"],
        "interaction_cls_first": modules.interaction_classes["RealAgnosticResidualInteractionBlock"],
        "num_interactions": 1,
        "num_elements": 2,
        "hidden_irreps": o3.Irreps("4x0e"),
        "MLP_irreps": o3.Irreps("4x0e"),
        "atomic_energies": np.zeros(2),
        "avg_num_neighbors": 4.0,
        "atomic_numbers": [1, 8],
        "correlation": 1,
        "gate": torch.nn.functional.silu,
        "atomic_inter_scale": 0.1,
        "atomic_inter_shift": 0.0,
    }


@pytest.fixture
def in_double(monkeypatch):
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(1)
    yield
    torch.set_default_dtype(before)


@pytest.fixture
def long_ranged(tmp_path, monkeypatch, in_double) -> Path:
    (tmp_path / "les.py").write_text(LES)
    monkeypatch.syspath_prepend(str(tmp_path))
    from mace.modules.extensions import MACELES

    torch.save(MACELES(**arguments()), tmp_path / "les.model")
    yield tmp_path / "les.model"
    sys.modules.pop("les", None)


@pytest.fixture
def charged(tmp_path, in_double) -> Path:
    from mace.modules import ScaleShiftMACE

    specs = {"total_charge": {"type": "continuous", "per": "graph", "in_dim": 1, "emb_dim": 4}}
    torch.save(ScaleShiftMACE(**arguments(), embedding_specs=specs), tmp_path / "charged.model")
    return tmp_path / "charged.model"


def water() -> Atoms:
    molecule = [[0.0, 0.0, 0.0], [0.95, 0.1, 0.0], [-0.2, 0.93, 0.0]]
    return Atoms("OHHOHH", [*molecule, *np.add(molecule, (4.0, 3.8, 4.2))], cell=[9, 9, 9], pbc=True)


def mace(model: Path, **options):
    return find("mace")(architecture="mace", model=str(model), compile="never", dtype="float64", **options)


def system_of(folder: Path, potential: dict) -> Path:
    write(folder / "water.xyz", water())
    dynamics = {"timestep_fs": 0.25, "equilibrate_ps": 0, "production_ps": 0.005, "minimise": None, "temperature_K": 50}
    content = {"system": {"read": "water.xyz"}, "potential": potential, "dynamics": dynamics}
    (folder / "water.yaml").write_text(yaml.safe_dump(content))
    return folder / "water.yaml"


@pytest.mark.parametrize(
    ("which", "says"), [("long_ranged", "is a MACELES"), ("charged", "a ScaleShiftMACE that also needs total_charge")]
)
def test_a_model_that_needs_more_is_refused_everywhere(which, says, request, tmp_path):
    model = request.getfixturevalue(which)
    potential = {"architecture": "mace", "model": model.name}
    (message,) = [p.message for p in lmpdrive.check(system_of(tmp_path, potential)) if p.level == "error"]
    with pytest.raises(ModelError) as evaluated:
        mace(model).evaluator(tmp_path, "cpu")
    from lmpdrive.architectures.mace.mliap import convert

    with pytest.raises(ModelError) as converted:
        convert(str(model), None, "float64")
    for text in (message, str(evaluated.value), str(converted.value)):
        assert says in text and "runs MACE and ScaleShiftMACE" in text
        assert f"mace.calculators:MACECalculator, kwargs: {{model_paths: ./{model.name}, device: cpu}}" in text


def test_a_class_with_the_forward_pass_of_mace_is_accepted(tmp_path, in_double):
    from mace.modules import MACE, AtomicDipolesMACE, ScaleShiftMACE

    from lmpdrive.architectures.mace.inputs import needed

    class Renamed(ScaleShiftMACE):
        """Its energy is that of the class above it."""

    assert needed(Renamed(**arguments())) == "" == needed(ScaleShiftMACE(**arguments()))
    local = {k: v for k, v in arguments().items() if not k.startswith("atomic_inter")}
    assert needed(MACE(**local)) == ""
    assert "AtomicDipolesMACE" in needed(AtomicDipolesMACE.__new__(AtomicDipolesMACE))


def test_the_way_out_has_the_long_range_part(long_ranged, tmp_path):
    """Two molecules out of each other's cutoff: forces between them are the long-range part, and derivatives."""
    kwargs = {"model_paths": str(long_ranged), "device": "cpu", "default_dtype": "float64"}
    potential = find("ase")(architecture="ase", calculator="mace.calculators:MACECalculator", kwargs=kwargs)
    assert potential.problems(None) == []
    evaluate = potential.evaluator(tmp_path, "cpu")
    assert isinstance(evaluate, AseEvaluator)
    atoms, energies, h = water(), [], 1e-4
    for step in (h, -h):
        moved = atoms.positions.copy()
        moved[3:, 0] += step
        energies.append(evaluate(Configuration(atoms.numbers, moved, atoms.cell.array, (True,) * 3)).energy_eV)
    force = evaluate(Configuration(atoms.numbers, atoms.positions, atoms.cell.array, (True,) * 3)).forces[3:, 0].sum()
    assert abs(force) > 1e-6 and force == pytest.approx((energies[1] - energies[0]) / (2 * h), abs=1e-6)


def test_with_coupling_ase_the_model_gets_everything(long_ranged, tmp_path):
    potential = {"architecture": "mace", "model": "les.model", "coupling": "ase", "dtype": "float64"}
    assert not [p for p in lmpdrive.check(system_of(tmp_path, potential)) if p.level == "error"]


def test_a_missing_package_of_a_model_is_named(long_ranged, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p != str(tmp_path)])
    sys.modules.pop("les", None)
    (tmp_path / "les.py").unlink()
    with pytest.raises(ModelError, match="needs the package 'les'"):
        mace(long_ranged).evaluator(tmp_path, "cpu")
