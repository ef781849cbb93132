"""eSEN and UMA (fairchem)."""

from lmpdrive.architectures.fairchem.architecture import Fairchem

__all__ = ["Fairchem"]
