"""MACE models of H, O, Pt with random weights, and a structure to compare them on."""

from pathlib import Path

import numpy as np

from lmpdrive.architectures import Configuration, find
from tests.architectures.structures import water_on

NOWHERE = Path("/nonexistent")
ALL = (True, True, True)


def film() -> Configuration:
    """With an O-H pair of 0.6 Å, within the repulsion."""
    atoms = water_on("Pt", 3.94, layers=1, heights_A=(7.0, 9.5, 12.0), height_A=16.0, shake_A=0.05)
    oxygen, hydrogen = atoms.symbols.search("O")[0], atoms.symbols.search("H")[0]
    atoms.positions[hydrogen] = atoms.positions[oxygen] + (0.6, 0, 0)
    return Configuration(atoms.numbers, atoms.positions, atoms.cell.array, ALL)


def mace(model: Path, **options):
    return find("mace")(architecture="mace", model=str(model), **options)


def random_model(folder, correlation, hidden="4x0e+4x1o", heads=("Default",), layers=2, max_ell=3, **more) -> Path:
    import torch
    from e3nn.o3 import Irreps
    from mace.modules import ScaleShiftMACE
    from mace.modules.blocks import RealAgnosticResidualInteractionBlock

    torch.manual_seed(5)
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        model = ScaleShiftMACE(
            r_max=4.0,
            num_bessel=6,
            num_polynomial_cutoff=5,
            max_ell=max_ell,
            interaction_cls=RealAgnosticResidualInteractionBlock,
            interaction_cls_first=RealAgnosticResidualInteractionBlock,
            num_interactions=layers,
            num_elements=3,
            hidden_irreps=Irreps(hidden),
            MLP_irreps=Irreps(f"{4 * len(heads)}x0e"),
            atomic_energies=np.arange(3.0 * len(heads)).reshape(len(heads), 3),
            avg_num_neighbors=12.0,
            atomic_numbers=[1, 8, 78],
            correlation=correlation,
            gate=torch.nn.functional.silu,
            radial_MLP=[16, 16, 16],
            atomic_inter_scale=[0.8] * len(heads),
            atomic_inter_shift=[0.1] * len(heads),
            heads=list(heads),
            **more,
        )
    finally:
        torch.set_default_dtype(default)
    torch.save(model, folder / "random.model")
    return folder / "random.model"


def agrees(potential, form: str, capsys, limit: float) -> None:
    """Forces, virial and energies are those of the unchanged model, and this form of it made them."""
    model = potential.model_copy(update={"compile": "never", "symmetrix": "never"}).evaluator(NOWHERE, "cpu")(film())
    capsys.readouterr()
    found = potential.evaluator(NOWHERE, "cpu")(film())
    assert f"MACE runs {form}; largest force difference" in capsys.readouterr().out
    assert np.abs(found.forces - model.forces).max() < limit
    assert np.abs(found.virial - model.virial).max() < 20 * limit
    assert abs(found.energy_eV - model.energy_eV) < 20 * limit
    assert np.abs(found.energies_eV - model.energies_eV).max() < 20 * limit
