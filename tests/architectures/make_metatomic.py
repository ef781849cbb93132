"""Export a small metatomic model of Pt, O and H, through metatomic's Python interface.

    python tests/architectures/make_metatomic.py model.pt [--variant] [--charge]

The energy of a pair is A exp(-r/ρ) fc(r), and that of an atom -B times the root of Σ exp(-r/ρ) fc(r), as in a
second-moment potential: it has forces on all atoms, and no meaning.  --variant adds a second level of theory with a
tenth more energy, --charge asks for the charge of the cell.  Needs metatomic-torch 0.1; takes a second.
"""

import sys
from typing import Dict, List, Optional  # noqa: UP035  (TorchScript reads the annotations)

import torch
from metatensor.torch import Labels, TensorBlock, TensorMap
from metatomic.torch import (
    AtomisticModel,
    ModelCapabilities,
    ModelMetadata,
    ModelOutput,
    NeighborListOptions,
    System,
)

NUMBERS = [1, 8, 78]
CUTOFF_A = 4.5


class SecondMoment(torch.nn.Module):
    """Energies [eV] of systems in Å."""

    def __init__(self, factors: Dict[str, float], charge: bool) -> None:  # noqa: UP006
        super().__init__()
        self.charge = charge
        self.factors = factors
        self.cutoff = CUTOFF_A
        self.options = NeighborListOptions(cutoff=CUTOFF_A, full_list=True, strict=True)
        radii = torch.zeros(79, dtype=torch.float64)
        radii[1], radii[8], radii[78] = 0.45, 0.75, 1.25
        self.register_buffer("radii", radii)

    def requested_neighbor_lists(self) -> List[NeighborListOptions]:  # noqa: UP006
        """One full list."""
        return [self.options]

    def requested_inputs(self) -> Dict[str, ModelOutput]:  # noqa: UP006
        """Nothing, or the total charge."""
        asked: Dict[str, ModelOutput] = {}  # noqa: UP006
        if self.charge:
            asked["charge"] = ModelOutput(unit="e", sample_kind="system")
        return asked

    def forward(
        self,
        systems: List[System],  # noqa: UP006
        outputs: Dict[str, ModelOutput],  # noqa: UP006
        selected_atoms: Optional[Labels],  # noqa: UP045
    ) -> Dict[str, TensorMap]:  # noqa: UP006
        """Energy of each system."""
        energies: List[torch.Tensor] = []  # noqa: UP006
        for system in systems:
            pairs = system.get_neighbor_list(self.options)
            vectors = pairs.values.reshape(-1, 3)
            i = pairs.samples.column("first_atom").to(torch.long)
            j = pairs.samples.column("second_atom").to(torch.long)
            radii = self.radii.to(vectors.dtype)[system.types.to(torch.long)]
            r = torch.linalg.vector_norm(vectors, dim=1)
            smooth = 0.5 * (torch.cos(torch.pi * r / self.cutoff) + 1.0)
            x = (r - radii[i] - radii[j]) / 0.4
            density = torch.zeros_like(radii).index_add(0, i, torch.exp(-0.6 * x) * smooth)
            repulsion = 0.2 * (torch.exp(-2.0 * x) * smooth).sum()
            energies.append((repulsion - 1.2 * torch.sqrt(density + 1e-6).sum()).reshape(1, 1))
        total = torch.vstack(energies)
        keys = Labels("_", torch.tensor([[0]], device=total.device))
        samples = Labels("system", torch.arange(len(systems), device=total.device).reshape(-1, 1))
        properties = Labels("energy", torch.tensor([[0]], device=total.device))
        found: Dict[str, TensorMap] = {}  # noqa: UP006
        for name in outputs:
            block = TensorBlock(total * self.factors[name], samples, torch.jit.annotate(List[Labels], []), properties)  # noqa: UP006
            found[name] = TensorMap(keys, [block])
        return found


def export(path, variant=False, charge=False, dtype="float64"):
    """Write the TorchScript file."""
    factors = {"energy": 1.0} | ({"energy/high": 1.1} if variant else {})
    outputs = {n: ModelOutput(unit="eV", sample_kind="system", description=f"{f} x energy") for n, f in factors.items()}
    capabilities = ModelCapabilities(
        outputs=outputs,
        atomic_types=NUMBERS,
        interaction_range=CUTOFF_A,
        length_unit="angstrom",
        supported_devices=["cpu", "cuda"],
        dtype=dtype,
    )
    metadata = ModelMetadata(name="second moment", authors=["lmpdrive"], description="For tests.")
    AtomisticModel(SecondMoment(factors, charge).eval(), metadata, capabilities).save(str(path))


if __name__ == "__main__":
    export(sys.argv[1], "--variant" in sys.argv, "--charge" in sys.argv)
