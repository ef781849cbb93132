"""`hdnnp`: high-dimensional neural network potentials of n2p2 and RuNNer (2G)."""

from lmpdrive.architectures.hdnnp.architecture import Hdnnp

__all__ = ["Hdnnp"]
