"""The short-range repulsion of a MACE model, with everything that depends only on the two elements in a table.

Ziegler, Biersack and Littmark, The Stopping and Range of Ions in Solids (1985), as in mace.modules.radial.ZBLBasis:

    V(r) = 1/2 · 14.3996 eVÅ Z_i Z_j / r · φ(r/a) · f(r),   a = a_0 · 0.529 Å / (Z_i^q + Z_j^q)

with mace's polynomial cutoff f at the sum of the covalent radii.
"""

from __future__ import annotations

from typing import Any

import torch

EXPONENTS = (3.2, 0.9423, 0.4028, 0.2016)
COULOMB_EV_A = 14.3996
BOHR_A = 0.529


class Repulsion(torch.nn.Module):
    """Replaces a model's `pair_repulsion_fn`; `zbl` is that function, `numbers` the model's atomic numbers."""

    def __init__(self, zbl: Any, numbers: Any) -> None:
        super().__init__()
        self.power = int(zbl.p)
        scaled, radii = torch.pow(numbers, zbl.a_exp), zbl.covalent_radii[numbers]
        # whole numbers times a constant, as in mace: PyTorch's default precision, usually single
        charges = (COULOMB_EV_A * numbers[:, None] * numbers).to(zbl.c.dtype)
        self.kinds = len(numbers)
        self.register_buffer("c", zbl.c)
        self.register_buffer("screening", _pairs(zbl.a_prefactor * BOHR_A / (scaled[:, None] + scaled)))
        self.register_buffer("charges", _pairs(0.5 * charges))
        self.register_buffer("ends", _pairs(radii[:, None] + radii))

    def forward(self, lengths: Any, attributes: Any, index: Any, _: Any) -> Any:
        """(E, 1) lengths [Å], (n, kinds) one-hot, (2, E) -> (n,) energies [eV]."""
        kinds = attributes @ torch.arange(self.kinds, dtype=attributes.dtype, device=attributes.device)
        pair = (kinds[index[0]] * self.kinds + kinds[index[1]]).to(torch.int64)
        r = lengths[:, 0]
        x = r / self.screening[pair]
        screened = sum(c * torch.exp(-k * x) for c, k in zip(self.c, EXPONENTS, strict=True))
        energies = self.charges[pair] / r * screened * _cutoff(r / self.ends[pair], self.power)
        return torch.zeros_like(attributes[:, 0]).index_add(0, index[1], energies)


def _pairs(values: Any) -> Any:
    return values.reshape(-1).contiguous()


def _cutoff(u: Any, p: int) -> Any:
    """Polynomial that ends at u = 1 with two zero derivatives: Gasteiger et al., ICLR 2020."""
    value = 1 - (p + 1) * (p + 2) / 2 * u**p + p * (p + 2) * u ** (p + 1) - p * (p + 1) / 2 * u ** (p + 2)
    return value * (u < 1)
