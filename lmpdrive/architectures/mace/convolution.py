"""The convolution of a MACE layer, laid out for a compiler: channels last.

For every path p of the layer (l1 of the sender x l2 of the edge -> l3),

    M_i[m3, c] = Σ_j w_ij[p, c] Σ_m1 (Σ_m2 C_p[m1, m2, m3] Y_ij[m2]) x_j[m1, c]

e3nn keeps the components m next to each other, so that its loops run over 3, 5 or 7 numbers; here they run over the
channels c, whole vector registers of them.
"""

from __future__ import annotations

from typing import Any

import torch


class Convolution(torch.nn.Module):
    """Replaces e3nn's `conv_tp`, the gathering of senders before it and the sum over them after it.

    Set as `conv_tp` of an interaction that also has an attribute `conv_fusion`, mace calls it with the edges' indices.
    The coefficients C_p are read off `product` itself, with all its normalisations.
    """

    def __init__(self, product: Any) -> None:
        super().__init__()
        self.inputs = [(multiplicity, irrep.dim) for multiplicity, irrep in product.irreps_in1]
        self.harmonics = list(product.irreps_in2.slices())
        self.outputs = [(multiplicity, irrep.dim) for multiplicity, irrep in product.irreps_out]
        self.paths = [(path.i_in1, path.i_in2, path.i_out) for path in product.instructions]
        for number, coefficients in enumerate(_coefficients(product)):
            self.register_buffer(f"coefficients_{number}", coefficients)

    @staticmethod
    def suits(product: Any) -> bool:
        """Whether `product` has this form: one weight per channel and path, one set of harmonics."""
        return all(multiplicity == 1 for multiplicity, _ in product.irreps_in2) and all(
            path.connection_mode == "uvu" and path.has_weight for path in product.instructions
        )

    def forward(self, nodes: Any, harmonics: Any, weights: Any, index: Any) -> Any:
        """(n, irreps_in1), (E, irreps_in2), (E, weights), (2, E) of senders and receivers -> (n, irreps_out).

        Within each block of irreps_out the channels run fastest, as `Mixing` expects.
        """
        senders = []
        for block, (channels, dim) in zip(self._blocks(nodes, self.inputs), self.inputs, strict=True):
            senders.append(block.reshape(-1, channels, dim).transpose(1, 2)[index[0]])
        outputs: list[Any] = [None] * len(self.outputs)
        start = 0
        for number, (i1, i2, i3) in enumerate(self.paths):
            channels = self.inputs[i1][0]
            weight = weights[:, start : start + channels]
            start += channels
            message = _couple(senders[i1], harmonics[:, self.harmonics[i2]], getattr(self, f"coefficients_{number}"))
            message = message * weight[:, None, :]
            outputs[i3] = message if outputs[i3] is None else outputs[i3] + message
        summed = []
        for message, (channels, dim) in zip(outputs, self.outputs, strict=True):
            zeros = torch.zeros((nodes.shape[0], dim, channels), dtype=nodes.dtype, device=nodes.device)
            summed.append(zeros.index_add(0, index[1], message).reshape(-1, channels * dim))
        return torch.cat(summed, dim=1)

    @staticmethod
    def _blocks(values: Any, layout: list[tuple[int, int]]) -> tuple[Any, ...]:
        return torch.split(values, [channels * dim for channels, dim in layout], dim=1)


class Mixing(torch.nn.Module):
    """Stands for e3nn's `linear` after a `Convolution`: mixes the channels of each block, and puts them back to e3nn's
    order.

    A product of matrices is also where a compiler stops to inline, so that no edge computes anew what belongs to atoms.
    """

    def __init__(self, linear: Any) -> None:
        super().__init__()
        self.inputs = [(multiplicity, irrep.dim) for multiplicity, irrep in linear.irreps_in]
        self.outputs = [(multiplicity, irrep.dim) for multiplicity, irrep in linear.irreps_out]
        self.paths = [(path.i_in, path.i_out) for path in linear.instructions]
        matrix = linear(torch.eye(linear.irreps_in.dim, dtype=linear.weight.dtype, device=linear.weight.device))
        for number, (i, o) in enumerate(self.paths):
            rows, columns = linear.irreps_in.slices()[i], linear.irreps_out.slices()[o]
            dim = self.inputs[i][1]
            self.register_buffer(f"matrix_{number}", matrix[rows, columns][::dim, ::dim].contiguous())

    @staticmethod
    def suits(linear: Any) -> bool:
        """Whether `linear` has no constants and feeds every output."""
        fed = {path.i_out for path in linear.instructions}
        return linear.bias_numel == 0 and fed == set(range(len(linear.irreps_out)))

    def forward(self, values: Any) -> Any:
        """(n, irreps_in), channels fastest -> (n, irreps_out), components fastest."""
        blocks = torch.split(values, [channels * dim for channels, dim in self.inputs], dim=1)
        mixed: list[Any] = [None] * len(self.outputs)
        for number, (i, o) in enumerate(self.paths):
            part = blocks[i].reshape(-1, self.inputs[i][0]) @ getattr(self, f"matrix_{number}")
            mixed[o] = part if mixed[o] is None else mixed[o] + part
        return torch.cat(
            [
                block.reshape(-1, dim, channels).transpose(1, 2).reshape(-1, channels * dim)
                for block, (channels, dim) in zip(mixed, self.outputs, strict=True)
            ],
            dim=1,
        )


def _couple(sender: Any, harmonics: Any, coefficients: Any) -> Any:
    """(E, m1, c), (E, m2) -> (E, m3, c)."""
    dim1, dim2, dim3 = coefficients.shape
    if dim1 == 1:  # a scalar: C is a multiple of the unit matrix
        return (harmonics * coefficients[0, 0, 0])[:, :, None] * sender
    if dim3 == 1:
        return ((harmonics @ coefficients[:, :, 0].t())[:, :, None] * sender).sum(1, keepdim=True)
    couplings = (harmonics @ coefficients.transpose(0, 1).reshape(dim2, dim1 * dim3)).reshape(-1, dim1, dim3)
    return (couplings[:, :, :, None] * sender[:, :, None, :]).sum(1)


def _coefficients(product: Any) -> list[Any]:
    """(m1, m2, m3) of every path: what the product answers to unit vectors on channel 0."""
    like = {"dtype": product.output_mask.dtype, "device": product.output_mask.device}
    found = []
    start = 0
    for path in product.instructions:
        first, second = product.irreps_in1.slices()[path.i_in1], product.irreps_in2.slices()[path.i_in2]
        third = product.irreps_out.slices()[path.i_out]
        channels, irrep = product.irreps_in1[path.i_in1]
        dim1, dim2, dim3 = irrep.dim, product.irreps_in2[path.i_in2].ir.dim, product.irreps_out[path.i_out].ir.dim
        a = torch.zeros((dim1, dim2, product.irreps_in1.dim), **like)
        b = torch.zeros((dim1, dim2, product.irreps_in2.dim), **like)
        for m in range(dim1):
            a[m, :, first.start + m] = 1
        for m in range(dim2):
            b[:, m, second.start + m] = 1
        weights = torch.zeros((dim1, dim2, product.weight_numel), **like)
        weights[:, :, start] = 1
        start += channels
        found.append(product(a, b, weights)[:, :, third][:, :, :dim3].contiguous())
    return found
