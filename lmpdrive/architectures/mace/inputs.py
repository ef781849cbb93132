"""What a MACE model needs besides edge vectors and species.

Models with a long-range part (MACELES, PolarMACE) also need positions, cell and periodicity; models with an embedding
need a charge or a spin.  MACELES: Cheng, npj Comput. Mater. 11, 80 (2025), arXiv:2408.15165.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lmpdrive.errors import ModelError

LOCAL = ("MACE", "ScaleShiftMACE")
"""Classes of mace.modules.models whose forward pass needs no more."""
OF_EMBEDDING = {"total_charge": "charge", "total_spin": "spin"}
"""Name in a model's embedding -> key of `potential:`, and of `atoms.info` for MACE's calculator."""
POLAR = "PolarMACE"


@dataclass(frozen=True)
class Inputs:
    """What a model needs.

    reason : what it is and needs, in words; empty if edge vectors and species are enough.
    taken : of the keys `charge` and `spin` those that it takes.
    lacking : other inputs, which nothing here can give it.
    long_ranged : whether its energy may depend on atoms at any distance.
    """

    reason: str = ""
    taken: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    long_ranged: bool = False

    def wrong_with(self, model: str, **given: int | None) -> str:
        """One sentence on keys that were given and are not taken, or inputs that nothing gives; "" if all is well."""
        if self.lacking:
            return f"potential.model: {model} {self.reason}; of these {', '.join(self.lacking)} cannot be given here."
        for key in (key for key, value in given.items() if value is not None and key not in self.taken):
            taken = " and ".join(self.taken) or "no charge and no spin"
            return f"potential.{key}: {model} takes {taken}. Leave it out."
        return ""


def inputs_of(module: Any) -> Inputs:
    """Found in the class and the embedding.  A subclass counts as the class whose forward pass it has."""
    name, forward = type(module).__name__, getattr(type(module), "forward", None)
    where = (getattr(forward, "__module__", ""), getattr(forward, "__qualname__", ""))
    embedded = list(getattr(module, "embedding_specs", None) or ()) if hasattr(module, "joint_embedding") else []
    if name == POLAR:
        embedded += [key for key in OF_EMBEDDING if key not in embedded]
    keys = tuple(OF_EMBEDDING[e] for e in embedded if e in OF_EMBEDDING)
    lacking = tuple(e for e in embedded if e not in OF_EMBEDDING)
    if where not in [("mace.modules.models", f"{local}.forward") for local in LOCAL]:
        reason = f"is a {name}, whose energy may depend on more than the distances and elements of neighbours"
        return Inputs(reason, keys, lacking, long_ranged=True)
    if hasattr(module, "joint_embedding"):
        return Inputs(f"is a {name} that also needs {', '.join(embedded) or 'other inputs'}", keys, lacking)
    return Inputs()


def needed(module: Any) -> str:
    """What it is and needs besides edge vectors and species; empty for nothing."""
    return inputs_of(module).reason


def require_local(module: Any, model: str) -> None:
    """Raise ModelError for a model that needs more, with the way to run it."""
    if reason := needed(module):
        raise ModelError(not_local(reason, model))


def not_local(reason: str, model: str) -> str:
    """The message for a `model` that needs more, where it cannot have that."""
    return (
        f"potential.model: {model} {reason}. Through ML-IAP LAMMPS runs {' and '.join(LOCAL)} without further inputs. "
        "This one runs with coupling: callback"
    )
