"""The tiny GRACE models of the tests; made by make_grace_models.py, fitted to 48 frames: poor, but real."""

import functools
import tarfile
import tempfile
from pathlib import Path

DATA = Path(__file__).parent / "data" / "grace"


def model(name: str) -> Path:
    """`1l`, `2l` (SavedModel), `1l.npz`, `2l.npz` (for KOKKOS) or `fs.yaml`."""
    return _unpacked() / name if name == "2l" else DATA / name


@functools.cache
def _unpacked() -> Path:
    """TensorFlow's graph of two layers is large, and shrinks tenfold when packed."""
    keep = tempfile.TemporaryDirectory(prefix="lmpdrive-grace-")
    _kept.append(keep)
    with tarfile.open(DATA / "2l.tar.gz") as packed:
        packed.extractall(keep.name, filter="data")
    return Path(keep.name)


_kept: list[tempfile.TemporaryDirectory] = []
"""Removed when Python ends."""
