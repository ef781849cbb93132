"""Classical baseline: water, ions and metal."""

from lmpdrive.architectures.classical.architecture import Classical

__all__ = ["Classical"]
