"""MACE's own ASE calculator, with the charge and spin of the atoms, and the whole stress of long-ranged models.

mace-torch 0.3.16 gives the long-range part of MACELES and PolarMACE positions and a cell that are not strained, so that
its stress lacks that part.  Here it is the derivative of the whole energy E with respect to a strain ε of positions,
cell and all that follows from the cell:

    r -> r (1 + ε),  h -> h (1 + ε),   F = -∂E/∂r,   stress = (1/V) ∂E/∂ε   at ε = 0

PolarMACE's sums over k (graph-longrange 0.4.0) have no gradient with respect to the cell: for it the derivative is a
finite difference, twelve further energies for each stress.
"""

from __future__ import annotations

from typing import Any

from lmpdrive.architectures.mace.inputs import POLAR, inputs_of


def own_calculator(
    module: Any, dtype: str, device: str, head: str | None, charge: int | None = None, spin: int | None = None
) -> Any:
    """MACECalculator of a loaded model, for atoms of this total charge [e] and spin multiplicity."""
    from ase.calculators.calculator import Calculator
    from mace.calculators import MACECalculator

    info = {key: value for key, value in (("charge", charge), ("spin", spin)) if value is not None}

    class WithInfo(MACECalculator):
        def calculate(self, atoms: Any = None, *arguments: Any, **options: Any) -> None:
            atoms.info.update(info)
            super().calculate(atoms, *arguments, **options)

    class Strained(MACECalculator):
        def calculate(self, atoms: Any = None, *arguments: Any, **options: Any) -> None:
            atoms.info.update(info)
            Calculator.calculate(self, atoms)
            self.results = _derivatives(self.models[0], self._atoms_to_batch(atoms), atoms.get_volume())

    kind = Strained if inputs_of(module).long_ranged else WithInfo
    more = {"model_type": POLAR} if type(module).__name__ == POLAR else {}
    heads = {} if head is None else {"head": head}
    return kind(models=module, device=device, default_dtype=dtype, **more, **heads)


def _derivatives(module: Any, batch: Any, volume_A3: float) -> dict[str, Any]:
    """ASE's results: energy [eV], forces [eV/Å], stress [eV/Å³], Voigt order."""
    import torch
    from ase.stress import full_3x3_to_voigt_6_stress

    dtype = next(module.parameters()).dtype
    data = {k: v.to(dtype) if torch.is_tensor(v) and v.is_floating_point() else v for k, v in batch.to_dict().items()}
    positions = data["positions"].detach().requires_grad_(True)
    strain = torch.zeros((3, 3), dtype=dtype, device=positions.device, requires_grad=True)
    if type(module).__name__ == POLAR:
        by_strain = _by_differences(module, data)
        energy = _strained_energy(module, data, positions, strain.detach())
        (by_position,) = torch.autograd.grad(energy, positions)
    else:
        energy = _strained_energy(module, data, positions, strain)
        by_position, by_strain = torch.autograd.grad(energy, (positions, strain))
    return {
        "energy": float(energy.detach()),
        "free_energy": float(energy.detach()),
        "forces": -by_position.double().cpu().numpy(),
        "stress": full_3x3_to_voigt_6_stress(by_strain.double().cpu().numpy() / volume_A3),
    }


def _strained_energy(module: Any, data: dict[str, Any], positions: Any, strain: Any) -> Any:
    """Energy of strained positions and cell."""
    import torch

    deformed = torch.eye(3, dtype=strain.dtype, device=strain.device) + 0.5 * (strain + strain.T)
    cell = data["cell"].view(3, 3) @ deformed
    changed = {
        "positions": positions @ deformed,
        "cell": cell,
        "shifts": data["unit_shifts"].to(strain.dtype) @ cell,
        "volume": torch.linalg.det(cell).reshape(data["volume"].shape),
        "rcell": (2 * torch.pi * torch.linalg.inv(cell).T).reshape(data["rcell"].shape),
    }
    return module(data | changed, compute_force=False)["energy"].sum()


def _by_differences(module: Any, data: dict[str, Any]) -> Any:
    """(3, 3) ∂E/∂ε [eV], in steps that suit the precision of the energy."""
    import torch

    positions = data["positions"].detach()
    step = 1e-4 if positions.dtype == torch.float64 else 5e-3
    found = torch.zeros((3, 3), dtype=torch.float64, device=positions.device)
    for i in range(3):
        for j in range(i, 3):
            strain = torch.zeros_like(data["cell"].view(3, 3))
            strain[i, j] = step
            up, down = (_strained_energy(module, data, positions, sign * strain).detach().double() for sign in (1, -1))
            found[i, j] = found[j, i] = (up - down) / (2 * step)
    return found
