"""`mtp`: moment tensor potentials."""

from lmpdrive.architectures.mtp.architecture import Mtp

__all__ = ["Mtp"]
