"""SevenNet in the worker: a checkpoint as a function of edge vectors, in single precision."""

from __future__ import annotations

from typing import Any

from lmpdrive.architectures.sevennet.checkpoint import check_modal, load
from lmpdrive.architectures.shared.edges import EdgeEvaluator, EdgeFunction, forces_and_virial
from lmpdrive.architectures.shared.pytorch import pick


def edge_evaluator(model: str, modal: str | None, device: str) -> EdgeEvaluator:
    """The loaded model.

    Raises ModelError if it cannot be loaded.
    """
    import torch

    device = pick(device)
    found = load(model)
    check_modal(list(found.config.get("_modal_map") or ()), modal)
    numbers = sorted(found.config["_type_map"])
    function = _on_edges(found, numbers, modal, device)
    return EdgeEvaluator(function, numbers, float(found.config["cutoff"]), torch.float32, device)


def _on_edges(found: Any, numbers: list[int], modal: str | None, device: str) -> EdgeFunction:
    """As in sevenn's own interface to ML-IAP: everything but the last module, which would make forces."""
    import sevenn._keys as key
    import torch

    module = found.build_model()
    module.set_is_batch_data(False)
    if modal is not None:
        module.prepare_modal_deploy(modal)
    module.delete_module_by_key("force_output")
    module = module.to(device).eval()
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    atomic_number = torch.tensor(numbers, device=device)

    def function(vectors: Any, index: Any, species: Any) -> tuple[Any, Any, Any]:
        vectors.requires_grad_(True)
        answer = module(
            {
                key.EDGE_IDX: index,
                key.EDGE_VEC: vectors,
                key.ATOMIC_NUMBERS: atomic_number[species],
                key.NUM_ATOMS: torch.tensor(len(species), device=device),
            }
        )
        energies = answer[key.ATOMIC_ENERGY].view(-1)
        (gradient,) = torch.autograd.grad(energies.sum(), vectors)
        return energies, *forces_and_virial(vectors, index, gradient, len(species))

    return function
