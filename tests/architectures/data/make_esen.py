"""A tiny eSEN with random weights, in the format of fairchem's inference checkpoints.

    python tests/architectures/data/make_esen.py esen-tiny.pt

It conserves energy and knows H, O, Na, Pt and Au.  It is physics of no kind: it is there to be loaded by the code that
loads the real ones.  fairchem-core 2.24.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LEARNT = {"H": -3.0, "O": -7.0, "Na": -1.0, "Pt": -6.0, "Au": -3.0}
"""Reference energies [eV]."""
SCALE_EV = 5.0
"""Energies are what the network says times this; forces are then some 0.1 eV/Å."""


def reference_energies(energies_eV: Mapping[str, float], tensor: str) -> dict[str, Any]:
    """As in a training's configuration: a tensor by atomic number."""
    from ase.data import atomic_numbers

    values = [0.0] * 100
    for element, energy in energies_eV.items():
        values[atomic_numbers[element]] = energy
    return {
        "_target_": "fairchem.core.modules.normalization.element_references.ElementReferences",
        "element_references": {"_target_": f"torch.{tensor}", "_args_": [values]},
    }


def tasks(datasets: Sequence[str], references: dict[str, Any]) -> list[dict[str, Any]]:
    """Energy and forces of each data set."""
    return [
        {
            "_target_": "fairchem.core.units.mlip_unit.mlip_unit.Task",
            "name": kind if len(datasets) == 1 else f"{dataset}_{kind}",
            "level": level,
            "property": kind,
            "out_spec": {"dim": [size], "dtype": "float32"},
            "normalizer": {
                "_target_": "fairchem.core.modules.normalization.normalizer.Normalizer",
                "mean": 0.0,
                "rmsd": SCALE_EV,
            },
            "element_references": references if kind == "energy" else None,
            "datasets": [dataset],
            "loss_fn": None,
            "metrics": ["mae"],
        }
        for dataset in datasets
        for kind, level, size in (("energy", "system", 1), ("forces", "atom", 3))
    ]


def architecture(datasets: Sequence[str], experts: int, direct: bool) -> dict[str, Any]:
    """The configuration that fairchem makes the network from; with experts it is a small UMA."""
    head = "fairchem.core.models.uma.escn_md.MLP_EFS_Head"
    many = {
        "module": "fairchem.core.models.uma.escn_moe.DatasetSpecificSingleHeadWrapper",
        "dataset_names": list(datasets),
        "head_cls": head,
        "head_kwargs": {"wrap_property": False},
    }
    return {
        "_target_": "fairchem.core.models.base.HydraModel",
        "backbone": {
            "model": "fairchem.core.models.uma.escn_moe.eSCNMDMoeBackbone",
            "num_experts": experts,
            "moe_layer_type": "pytorch",
            "use_composition_embedding": experts > 0,
            "model_version": 1.1,
            "max_num_elements": 100,
            "sphere_channels": 8,
            "hidden_channels": 8,
            "edge_channels": 8,
            "num_layers": 2,
            "lmax": 2,
            "mmax": 2,
            "cutoff": 5.0,
            "max_neighbors": 300,
            "otf_graph": True,
            "distance_function": "gaussian",
            "num_distance_basis": 32,
            "direct_forces": direct,
            "regress_forces": True,
            "regress_stress": False,
            "norm_type": "rms_norm_sh",
            "act_type": "gate",
            "ff_type": "spectral",
            "use_dataset_embedding": True,
            "dataset_mapping": {name: name for name in datasets},
            "chg_spin_emb_type": "rand_emb",
            "always_use_pbc": False,
        },
        "heads": {"energyandforcehead": many if len(datasets) > 1 else {"module": head}},
        "pass_through_head_outputs": True,
    }


def make(
    path: Path,
    datasets: Sequence[str] = ("oc25",),
    *,
    experts: int = 0,
    direct: bool = False,
    references_eV: Mapping[str, float] = LEARNT,
    tensor: str = "DoubleTensor",
) -> Path:
    """Write a checkpoint.  The weights are the same at every call.

    experts : of UMA's mixture; none for eSEN.
    direct : forces that are no derivative of the energy.
    tensor : kind in which the reference energies are kept.
    """
    import hydra
    import torch
    from fairchem.core.units.mlip_unit.api.inference import MLIPInferenceCheckpoint
    from torch.optim.swa_utils import AveragedModel

    torch.manual_seed(1)
    config = architecture(datasets, experts, direct)
    model = hydra.utils.instantiate(config)
    checkpoint = MLIPInferenceCheckpoint(
        model_config=config,
        model_state_dict=model.state_dict(),
        ema_state_dict=AveragedModel(model).state_dict(),
        tasks_config=tasks(datasets, reference_energies(references_eV, tensor)),
    )
    torch.save(checkpoint, path)
    return path


if __name__ == "__main__":
    make(Path(sys.argv[1]))
