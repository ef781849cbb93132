"""Models in the metatomic format, e.g. PET-MAD."""

from lmpdrive.architectures.metatomic.architecture import Metatomic

__all__ = ["Metatomic"]
