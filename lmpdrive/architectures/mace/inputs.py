"""Whether a MACE model's energy depends on edge vectors and species alone, which is all that LAMMPS' side has.

Models with a long-range part (MACELES, PolarMACE) also need positions, cell and periodicity; models with an embedding
need a charge or a spin.  Without them such a model stops, or its energy lacks a part.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lmpdrive.errors import ModelError

LOCAL = ("MACE", "ScaleShiftMACE")
"""Classes of mace.modules.models whose forward pass needs no more."""


def require_local(module: Any, model: str) -> None:
    """Raise ModelError for a model that needs more, with the way to run it."""
    reason = needed(module)
    if reason:
        raise ModelError(not_local(reason, model))


def needed(module: Any) -> str:
    """What else the model needs; empty for none.  A subclass counts as the class whose forward pass it has."""
    name, forward = type(module).__name__, getattr(type(module), "forward", None)
    where = (getattr(forward, "__module__", ""), getattr(forward, "__qualname__", ""))
    if where not in [("mace.modules.models", f"{local}.forward") for local in LOCAL]:
        return f"is a {name}, whose energy may depend on more than the distances and elements of neighbours"
    if hasattr(module, "joint_embedding"):
        return f"is a {name} that also needs {', '.join(getattr(module, 'embedding_specs', None) or ['other inputs'])}"
    return ""


def not_local(reason: str, model: str) -> str:
    """The message for a `model` (a file, or `family:name`) that needs more."""
    family, _, name = model.partition(":")
    if Path(model).exists():
        shown = Path(model).name
        calculator = f"calculator: mace.calculators:MACECalculator, kwargs: {{model_paths: ./{shown}, device: cpu}}"
    else:
        shown, calculator = model, f"calculator: mace.calculators:{family}, kwargs: {{model: {name}, device: cpu}}"
    return (
        f"potential.model: {shown} {reason}. In LAMMPS architecture: mace runs {' and '.join(LOCAL)} without further "
        f"inputs. Run this one through its own calculator: architecture: ase, {calculator}"
    )
