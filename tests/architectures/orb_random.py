"""A small Orb v3 with random weights, as a calculator of one's own: `./orb_random.py:small`."""

import torch
from orb_models.forcefield import pretrained
from orb_models.forcefield.atomic_system import SystemConfig
from orb_models.forcefield.calculator import ORBCalculator


def small():
    """Conservative, two message-passing steps, 32 features; in double precision."""
    torch.manual_seed(1)
    model = pretrained.orb_v3_conservative_architecture(
        latent_dim=32,
        base_mlp_hidden_dim=32,
        base_mlp_depth=1,
        head_mlp_hidden_dim=32,
        num_message_passing_steps=2,
        device="cpu",
        system_config=SystemConfig(radius=6.0, max_num_neighbors=120),
    )
    return ORBCalculator(model.eval(), device="cpu")
