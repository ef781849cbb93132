"""`dp` of deepmd-kit 3.2.0 with three repairs, for training with PyTorch and for export to JAX.

    python -m lmpdrive.training.dp_repaired [--in FOLDER] --pt train input.json

- The wheel's C++ operators were built for torch 2.11 and cannot be loaded with another torch; training needs none.
- A hybrid descriptor gets one fitting network for each element, as its se_e2_a part had; deepmd gives it one for all.
- In JAX, the neighbours of a part that tells elements apart are taken with `take`; indexing with its variable raises.
"""

from __future__ import annotations

import os
import pathlib
import sys
from typing import Any

os.environ.setdefault("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")  # e3nn 0.4 loads a pickle of its own


class Taken:
    """An array of neighbours (nf, nloc, nnei) of which `[:, :, indices]` are taken."""

    def __init__(self, neighbours: Any) -> None:
        self.neighbours = neighbours

    def __getitem__(self, index: tuple[Any, Any, Any]) -> Any:
        import array_api_compat

        return array_api_compat.array_namespace(self.neighbours).take(self.neighbours, index[2], axis=2)


def repair() -> None:
    """Before deepmd's backends are imported."""
    import deepmd.env

    deepmd.env.SHARED_LIB_DIR = pathlib.Path("/nonexistent")
    import deepmd.dpmodel.descriptor.hybrid as hybrid
    import deepmd.pt.model.model as models

    distinguished = hybrid.nlist_distinguish_types
    hybrid.nlist_distinguish_types = lambda *given: Taken(distinguished(*given))

    fitting, standard = models.BaseFitting, models._get_standard_model_components

    def components(parameters: dict[str, Any], types: int) -> Any:
        each = parameters["descriptor"]["type"] == "hybrid"
        models.BaseFitting = (lambda **given: fitting(**(given | {"mixed_types": False}))) if each else fitting
        return standard(parameters, types)

    models._get_standard_model_components = components


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[0] == "--in":
        os.chdir(words[1])
        words = words[2:]
    repair()
    from deepmd.main import main

    main(words)
