"""Write a small MatterSim checkpoint with random weights, as mattersim 1.2 saves it.

python tests/architectures/make_mattersim.py model.pth
"""

import sys
from pathlib import Path

import torch
from mattersim.forcefield.m3gnet.m3gnet import M3Gnet
from mattersim.forcefield.potential import Potential

torch.manual_seed(1)
model = M3Gnet(num_blocks=2, units=16, max_l=2, max_n=2, cutoff=4.0, threebody_cutoff=3.0, device="cpu")
Potential(model, device="cpu", ema=None, allow_tf32=False).save(str(Path(sys.argv[1]).resolve()))
