"""Pieces that several architectures use."""
