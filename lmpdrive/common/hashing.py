"""sha256 of a file, or of a folder's files with their names."""

import hashlib
from pathlib import Path


def sha256(path: Path) -> str:
    """Hex digest; a folder (a SavedModel, say) is hashed file by file in the order of names."""
    digest = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
        if path.is_dir():
            digest.update(file.relative_to(path).as_posix().encode())
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
