"""Deep Potential (DeePMD-kit)."""

from lmpdrive.architectures.deepmd.architecture import Deepmd

__all__ = ["Deepmd"]
