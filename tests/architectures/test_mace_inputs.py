"""MACE models that need more than edge vectors (long range, charge, spin), and foundation models by name."""

from __future__ import annotations

import os
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
from lmpdrive.testing import check_architecture

torch = pytest.importorskip("torch")
pytest.importorskip("mace")

COULOMB_EV_A = 14.399645
SMEARING_A = 1.0
K_CUTOFF_PER_A = 6.0

LES = f'''
"""Latent Ewald sum: (1/2V) sum over k != 0 of (4 pi C / k^2) exp(-s^2 k^2 / 2) |sum over i of q_i exp(i k r_i)|^2."""
import torch


class Les(torch.nn.Module):
    def __init__(self, les_arguments):
        super().__init__()

    def forward(self, latent_charges, positions, cell, batch, **_):
        cell, charges = cell[0], latent_charges.reshape(len(positions), -1).sum(-1)
        reciprocal = 2 * torch.pi * torch.linalg.inv(cell).T
        reach = [int({K_CUTOFF_PER_A} * float(row.norm()) / (2 * torch.pi)) + 1 for row in cell]
        n = torch.cartesian_prod(*(torch.arange(-m, m + 1, dtype=cell.dtype, device=cell.device) for m in reach))
        k = n[n.abs().sum(-1) > 0] @ reciprocal
        k2 = (k * k).sum(-1)
        k, k2 = k[k2 < {K_CUTOFF_PER_A}**2], k2[k2 < {K_CUTOFF_PER_A}**2]
        phase = positions @ k.T
        square = (charges @ phase.cos()) ** 2 + (charges @ phase.sin()) ** 2
        weight = 4 * torch.pi * {COULOMB_EV_A} / k2 * torch.exp(-({SMEARING_A}**2) * k2 / 2)
        energy = (weight * square).sum() / (2 * torch.linalg.det(cell).abs())
        return {{"E_lr": energy[None], "BEC": None}}
'''
"""In place of the package of that name, which no registry has: the sum of Cheng, npj Comput. Mater. 11, 80 (2025)."""


SPECS = {"total_charge": {"type": "continuous", "per": "graph", "in_dim": 1, "emb_dim": 4}}
POLAR = {"field_feature_max_l": 1, "atomic_multipoles_max_l": 1, "field_feature_norms": [1.0, 1.0]}


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
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    from mace.modules.extensions import MACELES

    torch.save(MACELES(**arguments()), tmp_path / "les.model")
    yield tmp_path / "les.model"
    sys.modules.pop("les", None)


@pytest.fixture
def charged(tmp_path, in_double) -> Path:
    from mace.modules import ScaleShiftMACE

    torch.save(ScaleShiftMACE(**arguments(), embedding_specs=SPECS), tmp_path / "charged.model")
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
def test_the_native_coupling_refuses_a_model_that_needs_more(which, says, request, tmp_path):
    model = request.getfixturevalue(which)
    potential = {"architecture": "mace", "model": model.name, "coupling": "native"}
    messages = [p.message for p in lmpdrive.check(system_of(tmp_path, potential)) if p.level == "error"]
    from lmpdrive.architectures.mace.mliap import convert

    with pytest.raises(ModelError) as converted:
        convert(str(model), None, "float64")
    for text in (next(m for m in messages if says in m), str(converted.value)):
        assert says in text and "runs with coupling: callback" in text


def test_a_class_with_the_forward_pass_of_mace_runs_on_edges(tmp_path, in_double):
    from mace.modules import MACE, AtomicDipolesMACE, ScaleShiftMACE

    from lmpdrive.architectures.mace.inputs import needed

    class Renamed(ScaleShiftMACE):
        """Its energy is that of the class above it."""

    assert needed(Renamed(**arguments())) == "" == needed(ScaleShiftMACE(**arguments()))
    local = {k: v for k, v in arguments().items() if not k.startswith("atomic_inter")}
    assert needed(MACE(**local)) == ""
    assert "AtomicDipolesMACE" in needed(AtomicDipolesMACE.__new__(AtomicDipolesMACE))


def groups(distance_A: float) -> Atoms:
    """Two molecules along x in a cell of 24 Å, their oxygens so far apart."""
    molecule = np.array([[0.0, 0.0, 0.0], [0.95, 0.1, 0.0], [-0.2, 0.93, 0.0]])
    return Atoms("OHHOHH", [*molecule, *np.add(molecule, (distance_A, 0, 0))], cell=[24, 12, 12], pbc=True)


def energy_of(evaluate, atoms: Atoms) -> float:
    return evaluate(Configuration(atoms.numbers, atoms.positions, atoms.cell.array, (True,) * 3)).energy_eV


def latent_charges(model: Path, atoms: Atoms):
    from mace.calculators import MACECalculator

    calculator = MACECalculator(model_paths=str(model), device="cpu", default_dtype="float64")
    return calculator.models[0](calculator._atoms_to_batch(atoms).to_dict())["latent_charges"].detach().numpy().ravel()


def coulomb_eV(first: Atoms, q1, second: Atoms, q2) -> float:
    """Of two groups of smeared charges in a periodic cell, summed over k here, in NumPy."""
    reciprocal, volume = 2 * np.pi * first.cell.reciprocal(), first.get_volume()
    reach = [int(K_CUTOFF_PER_A * length / (2 * np.pi)) + 1 for length in first.cell.lengths()]
    n = np.stack(np.meshgrid(*(np.arange(-m, m + 1) for m in reach), indexing="ij"), axis=-1).reshape(-1, 3)
    k = n[np.abs(n).sum(axis=1) > 0] @ reciprocal
    k2 = (k**2).sum(axis=1)
    k, k2 = k[k2 < K_CUTOFF_PER_A**2], k2[k2 < K_CUTOFF_PER_A**2]
    s1, s2 = q1 @ np.exp(1j * first.positions @ k.T), q2 @ np.exp(1j * second.positions @ k.T)
    weight = 4 * np.pi * COULOMB_EV_A / k2 * np.exp(-(SMEARING_A**2) * k2 / 2)
    return float((weight * (s1.conj() * s2).real).sum() / volume)


def test_two_charged_groups_beyond_the_cutoff_feel_each_other(long_ranged, tmp_path, capsys):
    """The cutoff is 3 Å, in one layer: what is left between groups 6 to 12 Å apart is Coulomb's, term for term.

    Without the long-range part (the same weights in a ScaleShiftMACE) they do not interact at all.
    """
    evaluate = mace(long_ranged).evaluator(tmp_path, "cpu")
    assert "MACE runs through its own calculator: the model is a MACELES" in capsys.readouterr().out
    short = mace(without_long_range(long_ranged)).evaluator(tmp_path, "cpu")
    found = {}
    for distance_A in (6.0, 9.0, 12.0):
        pair = groups(distance_A)
        parts = pair[:3], pair[3:]
        charges = [latent_charges(long_ranged, part) for part in parts]
        between = energy_of(evaluate, pair) - sum(energy_of(evaluate, part) for part in parts)
        assert between == pytest.approx(coulomb_eV(parts[0], charges[0], parts[1], charges[1]), abs=1e-9)
        assert energy_of(short, pair) == pytest.approx(sum(energy_of(short, part) for part in parts), abs=1e-10)
        assert np.allclose(latent_charges(long_ranged, pair), np.concatenate(charges), atol=1e-12)
        found[distance_A] = between
    assert abs(found[6.0] - found[12.0]) > 1e-4
    print({f"{d} Å": f"{e:.6f} eV" for d, e in found.items()})


def without_long_range(model: Path) -> Path:
    from mace.modules import ScaleShiftMACE

    short, whole = ScaleShiftMACE(**arguments()), torch.load(model, weights_only=False)
    missing = short.load_state_dict(whole.state_dict(), strict=False).missing_keys
    assert not missing
    torch.save(short, model.with_name("short.model"))
    return model.with_name("short.model")


def test_forces_and_virial_are_derivatives(long_ranged, tmp_path):
    """-dE/dε of positions and cell; MACECalculator's own stress lacks the long-range part (mace-torch 0.3.16)."""
    are_derivatives(mace(long_ranged).evaluator(tmp_path, "cpu"))


def are_derivatives(evaluate, h=1e-4) -> None:
    pair = groups(7.0)
    answer = evaluate(Configuration(pair.numbers, pair.positions, pair.cell.array, (True,) * 3))
    energies = [energy_of(evaluate, groups(7.0 + step)) for step in (h, -h)]
    force = answer.forces[3:, 0].sum()
    assert abs(force) > 1e-5 and force == pytest.approx((energies[1] - energies[0]) / (2 * h), abs=1e-6)
    for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2)):
        strain = np.zeros((3, 3))
        strain[i, j] += h / 2
        strain[j, i] += h / 2
        energies = []
        for sign in (1, -1):
            strained = pair.copy()
            strained.set_cell(pair.cell.array @ (np.eye(3) + sign * strain), scale_atoms=True)
            energies.append(energy_of(evaluate, strained))
        assert answer.virial[i, j] == pytest.approx((energies[1] - energies[0]) / (2 * h), abs=1e-5)


def test_lammps_runs_a_long_ranged_model(long_ranged, tmp_path):
    """Through the callback, compared with MACECalculator at step 0; it sees all charges of the cell."""
    potential = {"architecture": "mace", "model": "les.model", "dtype": "float64"}
    short = ["run.compare=always", "dynamics.timestep_fs=0.02", "dynamics.production_ps=0.0004"]
    result = lmpdrive.simulate(system_of(tmp_path, potential), tmp_path / "run", short)
    log = (result.directory / "worker.log").read_text()
    assert "MACE runs through its own calculator: the model is a MACELES" in log
    assert mace(long_ranged).receptive_field().radius_A == np.inf
    assert str(mace(without_long_range(long_ranged)).receptive_field()) == "3 Å"


@pytest.mark.validation
def test_contract_of_a_long_ranged_model(long_ranged):
    """With the virial: the sum over k depends on the cell."""
    potential = {"architecture": "mace", "model": str(long_ranged), "dtype": "float64"}
    measured = check_architecture(potential, water())
    print(measured)
    assert not measured.skipped


def test_the_charge_reaches_the_model(charged, tmp_path):
    """As MACECalculator has it from `atoms.info`; the default is neutral."""
    from mace.calculators import MACECalculator

    energies = {}
    for charge in (None, 0, 1):
        evaluate = mace(charged, charge=charge).evaluator(tmp_path, "cpu")
        assert isinstance(evaluate, AseEvaluator)
        energies[charge] = energy_of(evaluate, water())
        atoms = water()
        atoms.info["charge"] = charge or 0
        atoms.calc = MACECalculator(model_paths=str(charged), device="cpu", default_dtype="float64")
        assert energies[charge] == pytest.approx(atoms.get_potential_energy(), abs=1e-10)
    assert energies[None] == energies[0] and abs(energies[1] - energies[0]) > 1e-6


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"spin": 3}, "potential.spin: charged.model takes charge. Leave it out."),
        ({"model": "short", "charge": 1}, "takes no charge and no spin. Leave it out."),
        ({"model": "field"}, "needs total_charge, electric_field; of these electric_field cannot be given"),
    ],
)
def test_keys_and_inputs_that_do_not_suit_the_model(options, says, charged, tmp_path):
    from mace.modules import ScaleShiftMACE

    torch.save(ScaleShiftMACE(**arguments()), tmp_path / "short.model")
    more = {"electric_field": {"type": "continuous", "per": "graph", "in_dim": 3, "emb_dim": 4}}
    torch.save(ScaleShiftMACE(**arguments(), embedding_specs=SPECS | more), tmp_path / "field.model")
    potential = {"architecture": "mace", **options, "model": f"{options.get('model', 'charged')}.model"}
    messages = [p.message for p in lmpdrive.check(system_of(tmp_path, potential)) if p.level == "error"]
    assert any(says in message for message in messages), messages


def test_with_coupling_ase_the_model_gets_everything(long_ranged, tmp_path):
    potential = {"architecture": "mace", "model": "les.model", "coupling": "ase", "dtype": "float64"}
    assert not [p for p in lmpdrive.check(system_of(tmp_path, potential)) if p.level == "error"]


def test_a_missing_package_of_a_model_is_named(long_ranged, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p != str(tmp_path)])
    sys.modules.pop("les", None)
    (tmp_path / "les.py").unlink()
    with pytest.raises(ModelError, match="needs the package 'les'"):
        mace(long_ranged).evaluator(tmp_path, "cpu")


def test_polar_mace_takes_charge_and_spin(tmp_path, in_double, monkeypatch):
    """A random PolarMACE of three elements, against MACECalculator, by file and by name; charge and spin matter."""
    pytest.importorskip("graph_longrange", reason="graph-longrange is not in this environment")
    from mace.calculators import MACECalculator
    from mace.modules.extensions import PolarMACE

    torch.save(PolarMACE(**arguments(), **POLAR), tmp_path / "polar.model")
    energies = []
    for charge, spin in ((0, 1), (1, 2)):
        energies.append(
            energy_of(mace(tmp_path / "polar.model", charge=charge, spin=spin).evaluator(tmp_path, "cpu"), water())
        )
        atoms = water()
        atoms.info.update(charge=charge, spin=spin)
        atoms.calc = MACECalculator(
            model_paths=str(tmp_path / "polar.model"), device="cpu", default_dtype="float64", model_type="PolarMACE"
        )
        assert energies[-1] == pytest.approx(atoms.get_potential_energy(), abs=1e-9)
    assert abs(energies[0] - energies[1]) > 1e-6
    (tmp_path / "mace").mkdir()
    (tmp_path / "polar.model").rename(tmp_path / "mace" / "MACEPOLAR1Smodel")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    are_derivatives(mace(tmp_path / "mace" / "MACEPOLAR1Smodel", charge=1, spin=2).evaluator(tmp_path, "cpu"))
    by_name = mace("mace_polar:polar-1-s", charge=1, spin=2).evaluator(tmp_path, "cpu")
    assert energy_of(by_name, water()) == energies[1]


HEADS = ["omat_pbe", "oc20_usemppbe", "spice_wB97M"]


@pytest.fixture
def in_the_cache(tmp_path, monkeypatch):
    """A small model of three heads where mace-torch keeps what it downloaded as `mace_mp:mh-1`."""
    from tests.architectures.mace_models import random_model

    (tmp_path / "mace").mkdir()
    random_model(tmp_path, 2, heads=HEADS).rename(tmp_path / "mace" / "macemh1model")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "mace" / "macemh1model"


def test_a_foundation_model_by_name_with_a_head(in_the_cache, tmp_path):
    """Each head is that of MACECalculator; without one, or with a wrong one, the heads are listed."""
    from mace.calculators import mace_mp

    energies = set()
    for head in HEADS:
        energy = energy_of(mace("mace_mp:mh-1", head=head, symmetrix="never").evaluator(tmp_path, "cpu"), water())
        atoms = water()
        atoms.calc = mace_mp(model="mh-1", head=head, device="cpu", default_dtype="float64")
        assert energy == pytest.approx(atoms.get_potential_energy(), abs=1e-9)
        energies.add(round(energy, 6))
    assert len(energies) == 3
    with pytest.raises(ModelError, match=r"several heads: name one.* Heads: omat_pbe, oc20_usemppbe, spice_wB97M"):
        mace("mace_mp:mh-1").evaluator(tmp_path, "cpu")
    with pytest.raises(ModelError, match=r"no head 'omat_pbr'; did you mean 'omat_pbe'\?"):
        mace("mace_mp:mh-1", head="omat_pbr").evaluator(tmp_path, "cpu")


def test_a_name_that_a_family_does_not_have_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ModelError, match="the foundation model mace_mp:mediun could not be loaded"):
        mace("mace_mp:mediun").evaluator(tmp_path, "cpu")
