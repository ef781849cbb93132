"""MACE."""

from lmpdrive.architectures.mace.architecture import Mace

__all__ = ["Mace"]
