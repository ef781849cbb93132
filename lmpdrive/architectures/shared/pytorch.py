"""Devices and memory of models in torch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

GB = 1e9
ALLOCATION_FAILED = (
    "out of memory",  # CUDA's allocator
    "can't allocate memory",  # torch's on the CPU
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "bad_alloc",
)


def pick(device: str) -> str:
    """The torch device for `run.device`: with `auto` the GPU if torch sees one, else the CPU."""
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return device


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an allocation failed, on a GPU or the CPU; compiled packages raise plain RuntimeErrors."""
    import torch

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in ALLOCATION_FAILED)


@dataclass(frozen=True)
class Use:
    """Memory of one evaluation.  It is proportional to the number of edges.

    peak_bytes : largest sum of allocations while it ran.
    """

    peak_bytes: int
    atoms: int
    edges: int

    def bytes_per_atom(self, edges_per_atom: float | None = None) -> float:
        """Of a structure with `edges_per_atom`; default: of the one measured."""
        if edges_per_atom is None or not self.edges:
            return self.peak_bytes / self.atoms
        return self.peak_bytes / self.edges * edges_per_atom

    def __str__(self) -> str:
        each = self.bytes_per_atom()
        return f"{each / 1e6:.2g} MB per atom at its peak, {GB / each:.0f} atoms per GB"


def start_measuring(device: str) -> None:
    """Reset the peak that `measured` reads."""
    import torch

    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)


def measured(device: str, atoms: int, edges: int) -> Use | None:
    """Peak since `start_measuring`; None where torch does not record it (on CPUs)."""
    import torch

    if not device.startswith("cuda"):
        return None
    return Use(torch.cuda.max_memory_allocated(device), atoms, edges)


def total_bytes(device: str) -> int | None:
    """Memory of the device or the machine, None if unknown."""
    import torch

    if device.startswith("cuda"):
        return int(torch.cuda.get_device_properties(device).total_memory)
    if hasattr(os, "sysconf"):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None


def out_of_memory(error: BaseException, device: str, atoms: int, edges: int | None, use: Use | None, cures: str) -> str:
    """The message for an evaluation of `atoms` that did not fit; `edges` is None if it failed before they were found.

    use : memory of an evaluation that did fit.
    cures : what this model can do about it.
    """
    total = total_bytes(device)
    where = f"the GPU ({_name(device)}" if device.startswith("cuda") else "this machine's memory ("
    where += f"{total / GB:.0f} GB)" if total else "size unknown)"
    neighbours = f" with {edges / atoms:.0f} neighbours each" if edges else ""
    said = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    parts = [f"out of memory: {atoms} atoms{neighbours} do not fit into {where}."]
    if use is not None:
        each = use.bytes_per_atom(edges / atoms if edges else None)
        fit = f", so about {total / each:.0f} fit" if total else ""
        parts.append(f"Measured on {use.atoms} atoms: {each / 1e6:.2g} MB per atom, {GB / each:.0f} atoms per GB{fit}.")
    return " ".join([*parts, f"{cures} ({said})"])


def _name(device: str) -> Any:
    import torch

    return f"{torch.cuda.get_device_name(device)}, "
