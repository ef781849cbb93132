"""GRACE."""

from lmpdrive.architectures.grace.architecture import Grace

__all__ = ["Grace"]
