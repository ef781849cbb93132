"""Write a MACE of the founding study's size, with random weights: 64x0e + 64x1o + 64x2e, 5 Å, two layers.

    python benchmarks/mace/study_size.py study-size.model

How fast a model is does not depend on its weights; these are kept small, so that its dynamics stay finite.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")  # of e3nn's own tables, as mace-torch does
import numpy as np
import torch
from e3nn.o3 import Irreps
from mace.modules import ScaleShiftMACE
from mace.modules.blocks import RealAgnosticResidualInteractionBlock


def main(target: str) -> None:
    """Make it for H, O and Pt and save it as mace_run_train does."""
    torch.manual_seed(1)
    torch.set_default_dtype(torch.float64)
    model = ScaleShiftMACE(
        r_max=5.0,
        num_bessel=8,
        num_polynomial_cutoff=5,
        max_ell=3,
        interaction_cls=RealAgnosticResidualInteractionBlock,
        interaction_cls_first=RealAgnosticResidualInteractionBlock,
        num_interactions=2,
        num_elements=3,
        hidden_irreps=Irreps("64x0e + 64x1o + 64x2e"),
        MLP_irreps=Irreps("16x0e"),
        atomic_energies=np.zeros(3),
        avg_num_neighbors=40.0,
        atomic_numbers=[1, 8, 78],
        correlation=2,
        gate=torch.nn.functional.silu,
        radial_MLP=[64, 64, 64],
        atomic_inter_scale=0.05,
        atomic_inter_shift=0.0,
    )
    torch.save(model, Path(target))


if __name__ == "__main__":
    main(sys.argv[1])
