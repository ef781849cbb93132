"""Any ASE calculator."""

from lmpdrive.architectures.ase.architecture import Ase

__all__ = ["Ase"]
