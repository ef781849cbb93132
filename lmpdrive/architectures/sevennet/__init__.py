"""SevenNet."""

from lmpdrive.architectures.sevennet.architecture import SevenNet

__all__ = ["SevenNet"]
