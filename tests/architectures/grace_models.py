"""The tiny GRACE models of the tests; made by make_grace_models.py, fitted to 48 frames: poor, but real."""

import functools
import tarfile
import tempfile
from pathlib import Path

DATA = Path(__file__).parent / "data" / "grace"
PACKED = {"2l": "2l.tar.gz", "1l-uq": "1l-uq.tar.xz"}


def model(name: str) -> Path:
    """`1l`, `2l`, `1l-uq` (SavedModel, the last with γ), `1l.npz`, `2l.npz` (for KOKKOS) or `fs.yaml`."""
    return _unpacked() / name if name in PACKED else DATA / name


@functools.cache
def _unpacked() -> Path:
    """TensorFlow's graphs of two layers, and of γ, are large, and shrink when packed."""
    keep = tempfile.TemporaryDirectory(prefix="lmpdrive-grace-")
    _kept.append(keep)
    for name in PACKED.values():
        with tarfile.open(DATA / name) as packed:
            packed.extractall(keep.name, filter="data")
    return Path(keep.name)


_kept: list[tempfile.TemporaryDirectory] = []
"""Removed when Python ends."""
