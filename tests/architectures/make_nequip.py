"""Make small NequIP and Allegro models of Pt, O and H, and compile them as `nequip-compile` does.

    python tests/architectures/make_nequip.py nequip ase model.nequip.pt2 [float64]

Kinds: nequip, allegro.  Targets: ase, pair_nequip, pair_allegro, batch.  The weights are random: the numbers mean
nothing.  Needs nequip 0.19, nequip-allegro 0.8 and a C++ compiler.
"""

import sys

import allegro._compile  # noqa: F401  (registers the target pair_allegro)
import torch
from allegro.model import AllegroModel
from ase.build import bulk, molecule
from nequip.data import AtomicDataDict, from_ase
from nequip.integrations.utils import basic_transforms
from nequip.model import NequIPGNNModel
from nequip.scripts._compile_utils import COMPILE_TARGET_DICT
from nequip.utils.aot import aot_export_model
from nequip.utils.aoti_metadata import NEQUIP_AOTI_INPUTS_KEY, NEQUIP_AOTI_OUTPUTS_KEY, serialize_aoti_keys
from nequip.utils.global_state import get_latest_global_state, set_global_state

TYPES = ["Pt", "O", "H"]
CUTOFF_A = 4.0
LAYERS = 2


def model_of(kind, dtype):
    """An untrained model, made by the package's own builder."""
    common = {
        "seed": 1,
        "model_dtype": dtype,
        "r_max": CUTOFF_A,
        "type_names": TYPES,
        "avg_num_neighbors": 20.0,
        "per_type_energy_scales": dict.fromkeys(TYPES, 0.3),
        "per_type_energy_shifts": {"Pt": -6.0, "O": -4.0, "H": -3.0},
    }
    if kind == "nequip":
        return NequIPGNNModel(**common, num_layers=LAYERS, l_max=1, parity=False, num_features=4, radial_mlp_width=8)
    embedding = {"_target_": "allegro.nn.TwoBodyBesselScalarEmbed", "num_bessels": 4}
    return AllegroModel(
        **common,
        l_max=1,
        parity=False,
        radial_chemical_embed=embedding,
        radial_chemical_embed_dim=4,
        scalar_embed_mlp_hidden_layers_width=8,
        num_layers=1,
        num_scalar_features=4,
        num_tensor_features=2,
        allegro_mlp_hidden_layers_width=8,
        readout_mlp_hidden_layers_width=8,
    )


def example(model):
    """Data of a structure with all three elements, to trace the model with."""
    atoms = bulk("Pt", "fcc", 3.94, cubic=True).repeat((2, 2, 2))
    water = molecule("H2O")
    water.translate((2.0, 2.0, 9.5))
    atoms.cell[2, 2] = 13.0
    data = from_ase(atoms + water)
    for transform in basic_transforms(model.metadata, CUTOFF_A, TYPES, {t: t for t in TYPES}):
        data = transform(data)
    return data


def compile_to(path, kind, target, dtype="float32"):
    """Write a `.nequip.pt2`, with the metadata that `nequip-compile` writes."""
    set_global_state()
    model = model_of(kind, dtype).eval()
    settings = COMPILE_TARGET_DICT[target]
    data = settings["data_settings"](AtomicDataDict.with_batch_(AtomicDataDict.to_(example(model), "cpu")))
    dim = torch.export.dynamic_shapes.Dim
    sizes = {
        "graph": dim("num_frames", min=2, max=torch.inf),
        "node": dim("num_nodes", min=2, max=torch.inf),
        "edge": dim("num_edges", min=2, max=torch.inf),
    }
    metadata = model.metadata | get_latest_global_state(only_metadata_related=True)
    metadata = {k: str(int(v)) if isinstance(v, bool) else str(v) for k, v in metadata.items()}
    metadata[NEQUIP_AOTI_INPUTS_KEY] = serialize_aoti_keys(settings["input"])
    metadata[NEQUIP_AOTI_OUTPUTS_KEY] = serialize_aoti_keys(settings["output"])
    aot_export_model(
        model=model,
        device="cpu",
        input_fields=settings["input"],
        output_fields=settings["output"],
        data=data,
        batch_map=settings["batch_map_settings"](sizes),
        output_path=str(path),
        inductor_configs={"aot_inductor.metadata": metadata},
    )


if __name__ == "__main__":
    kind, target, path, *dtype = sys.argv[1:]
    compile_to(path, kind, target, *dtype)
