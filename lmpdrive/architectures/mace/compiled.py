"""A MACE model as one compiled package (AOTInductor), with shapes left open, kept in the user's cache.

The energy of the edge vectors and its gradient are traced into one graph, exported and compiled, which takes one to
two minutes once per model and machine; docs/performance.md has the speed-up.
https://docs.pytorch.org/docs/stable/torch.compiler_aot_inductor.html

Optionally the radial network of each interaction is replaced by a table of cubic Hermite pieces in r (C1, so
forces stay continuous); it is only right above `TABLE_START_A`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lmpdrive.architectures.shared.edges import EdgeFunction

TABLE_START_A = 0.3
TABLE_KNOTS = 1024
LAYOUT = 2
"""Version of what `build` makes: packages of another version are not used."""
NO_COMPILER = "there is no C++ compiler (g++): install one, and runs are 2 to 20 times faster"
INDUCTOR = {"assert_indirect_indexing": False}
"""The neighbour list's indices are within bounds."""


def compiler() -> str | None:
    """The C++ compiler that inductor would call, or None."""
    return shutil.which(os.environ.get("CXX", "g++"))


def load(package: Path) -> EdgeFunction:
    """A compiled package as a function of edge vectors."""
    import torch

    model = torch._inductor.aoti_load_package(str(package))

    def function(vectors: Any, index: Any, species: Any) -> tuple[Any, Any, Any]:
        with torch.inference_mode():
            return model(vectors, index, species)

    return function


def build(module: Any, head: int, table: bool, example: tuple[Any, Any, Any], package: Path) -> None:
    """Trace, export and compile `module` into `package` (written to a temporary name and renamed).

    example : edge vectors, indices and species of any configuration with at least two atoms and edges.
    """
    import torch
    from torch.fx.experimental.proxy_tensor import make_fx

    model = _traceable(module)
    _lay_out(model)
    if table:
        _tabulate(model)
    with _plain_spherical_harmonics():
        graph = make_fx(_energy_and_gradient(model, head, table), tracing_mode="symbolic", _allow_non_fake_inputs=True)(
            *example
        )
    edges, atoms = torch.export.Dim("edges", min=2, max=2**24), torch.export.Dim("atoms", min=2, max=2**20)
    with torch.no_grad():
        exported = torch.export.export(
            graph, example, dynamic_shapes=({0: edges}, {1: edges}, {0: atoms}), strict=False
        )
        package.parent.mkdir(parents=True, exist_ok=True)
        partial = package.with_name(f"partial-{os.getpid()}-{package.name}")
        torch._inductor.aoti_compile_and_package(exported, package_path=str(partial), inductor_configs=INDUCTOR)
    partial.replace(package)


def _traceable(module: Any) -> Any:
    """A copy of the model without e3nn's generated TorchScript, which a tracer cannot look into."""
    import torch
    from mace.tools.compile import prepare
    from mace.tools.scripts_utils import extract_model

    dtype, device = module.r_max.dtype, module.r_max.device
    default = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        model = prepare(extract_model)(model=module, map_location=str(device)).to(device=device, dtype=dtype)
    finally:
        torch.set_default_dtype(default)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model.eval()


def _lay_out(model: Any) -> None:
    """Replace what compiles to slow code."""
    from mace.modules.radial import ZBLBasis

    from lmpdrive.architectures.mace.convolution import Convolution, Mixing
    from lmpdrive.architectures.mace.repulsion import Repulsion

    for interaction in model.interactions:
        if Convolution.suits(interaction.conv_tp) and Mixing.suits(interaction.linear):
            interaction.conv_tp, interaction.conv_fusion = Convolution(interaction.conv_tp), True
            interaction.linear = Mixing(interaction.linear)
    if isinstance(getattr(model, "pair_repulsion_fn", None), ZBLBasis):
        model.pair_repulsion_fn = Repulsion(model.pair_repulsion_fn, model.atomic_numbers)


class _plain_spherical_harmonics:
    """e3nn scripts its spherical harmonics; tracing a scripted function would fix the number of edges."""

    def __enter__(self) -> None:
        import e3nn.o3._spherical_harmonics as home

        self._home, self._scripted = home, home._spherical_harmonics
        home._spherical_harmonics = getattr(self._scripted, "_torchdynamo_inline", self._scripted)

    def __exit__(self, *_: object) -> None:
        self._home._spherical_harmonics = self._scripted


def _energy_and_gradient(model: Any, head: int, table: bool) -> Callable[..., tuple[Any, Any, Any]]:
    import torch

    def function(vectors: Any, index: Any, species: Any) -> tuple[Any, Any, Any]:
        edges = vectors.detach().requires_grad_(True)
        energies = _node_energies(model, edges, index, species, head, table)
        (gradient,) = torch.autograd.grad(energies.sum(), edges)
        gradient = gradient.to(torch.float64)
        forces = torch.zeros((species.shape[0], 3), dtype=torch.float64, device=vectors.device)
        forces = forces.index_add(0, index[0], gradient).index_add(0, index[1], -gradient)
        return energies.detach().to(torch.float64), forces, -(vectors.to(torch.float64).t() @ gradient)

    return function


def _node_energies(model: Any, vectors: Any, index: Any, species: Any, head: int, table: bool) -> Any:
    """(n,) energies: the forward pass of mace's MACE and ScaleShiftMACE on edge vectors, without branches."""
    import torch

    kinds = model.atomic_numbers.shape[0]
    attributes = torch.nn.functional.one_hot(species, kinds).to(vectors.dtype)
    heads = torch.zeros_like(species) + head
    atoms = torch.arange(species.shape[0], device=species.device)
    lengths = torch.linalg.vector_norm(vectors, dim=1, keepdim=True)
    free_atoms = model.atomic_energies_fn(attributes)[atoms, heads]
    features = model.node_embedding(attributes)
    harmonics = model.spherical_harmonics(vectors)
    radial, cutoff = (
        (lengths, None) if table else model.radial_embedding(lengths, attributes, index, model.atomic_numbers)
    )
    energies = torch.zeros_like(free_atoms)
    if hasattr(model, "pair_repulsion"):
        energies = energies + model.pair_repulsion_fn(lengths, attributes, index, model.atomic_numbers)
    layers = []
    for number, (interaction, product) in enumerate(zip(model.interactions, model.products, strict=True)):
        features, skip = interaction(
            node_attrs=attributes,
            node_feats=features,
            edge_attrs=harmonics,
            edge_feats=radial,
            edge_index=index,
            cutoff=cutoff,
            first_layer=(number == 0),
        )
        features = product(node_feats=features, sc=skip, node_attrs=attributes)
        layers.append(features)
    for number, readout in enumerate(model.readouts):
        of = layers[-1] if len(model.readouts) == 1 else layers[number]
        energies = energies + readout(of, heads)[atoms, heads]
    if hasattr(model, "scale_shift"):
        energies = model.scale_shift(energies, heads)
    return free_atoms.to(torch.float64) + energies.to(torch.float64)


def can_tabulate(module: Any) -> bool:
    """Whether the radial network depends on r alone: a distance transform makes it depend on the species."""
    return not hasattr(module.radial_embedding, "distance_transform")


def _tabulate(model: Any) -> None:
    """Replace each interaction's radial network by a table of (network x cutoff)."""
    dtype = model.r_max.dtype
    model.double()
    end = float(model.r_max)
    step = (end - TABLE_START_A) / TABLE_KNOTS
    knots = [radial_knots(model, interaction, TABLE_START_A, end, TABLE_KNOTS) for interaction in model.interactions]
    for interaction, (values, slopes) in zip(model.interactions, knots, strict=True):
        interaction.conv_tp_weights = _table(hermite(values, slopes, step), step, dtype)
    model.to(dtype)


def radial_knots(model: Any, interaction: Any, start: float, end: float, count: int) -> tuple[Any, Any]:
    """(network x cutoff) and its derivative, (count + 1, weights), of a model in double precision."""
    import torch

    knots = torch.linspace(start, end, count + 1, dtype=torch.float64, device=model.r_max.device)[:, None]
    attributes = torch.zeros((1, len(model.atomic_numbers)), dtype=torch.float64, device=knots.device)
    attributes[0, 0] = 1.0
    index = torch.zeros((2, len(knots)), dtype=torch.int64, device=knots.device)

    def weights(r: Any) -> Any:
        radial, cutoff = model.radial_embedding(r, attributes, index, model.atomic_numbers)
        values = interaction.conv_tp_weights(radial)
        return values if cutoff is None else values * cutoff

    values, slopes = torch.func.jvp(weights, (knots,), (torch.ones_like(knots),))
    return values, slopes


def hermite(values: Any, slopes: Any, step: float) -> Any:
    """(pieces, 4, weights) coefficients c of Σ_k c_k t^k, t in [0, 1) within a piece."""
    import torch

    y0, y1, d0, d1 = values[:-1], values[1:], step * slopes[:-1], step * slopes[1:]
    return torch.stack((y0, d0, 3 * (y1 - y0) - 2 * d0 - d1, 2 * (y0 - y1) + d0 + d1), dim=1)


def _table(pieces: Any, step: float, dtype: Any) -> Any:
    """A module r -> Σ_k c_k t^k on the piece that holds r."""
    import torch

    class Table(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("pieces", pieces.to(dtype).contiguous())

        def forward(self, lengths: Any) -> Any:
            position = (lengths[:, 0] - TABLE_START_A) / step
            piece = position.detach().floor().clamp(0, len(pieces) - 1)
            t = (position - piece)[:, None]
            c = self.pieces[piece.to(torch.int64)]
            return ((c[:, 3] * t + c[:, 2]) * t + c[:, 1]) * t + c[:, 0]

    return Table()
