"""What `nequip` and `allegro` share: compiled models of the NequIP framework, read without torch.

`nequip-compile` writes `.nequip.pth` (TorchScript) and `.nequip.pt2` (AOT Inductor): zip archives with `type_names`
among their metadata, as a text file or in a JSON file.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path
from typing import ClassVar

from lmpdrive.architectures import PairStyle, Problem, element_symbols, lammps_package
from lmpdrive.errors import ModelError

SUFFIXES = (".nequip.pth", ".nequip.pt2")
HOW = (
    "build LAMMPS with pair_nequip_allegro, https://github.com/mir-group/pair_nequip_allegro, which patches LAMMPS of "
    "10 Sep 2025 or newer and links libtorch"
)
NEEDS = lammps_package("the pair styles of NequIP", HOW)


class NequipStyle(PairStyle):
    """What `nequip` and `allegro` have in common."""

    template: ClassVar[str] = "nequip.lmp.j2"

    def runs_code(self, file: Path) -> bool:
        """Yes: a compiled model is a program."""
        return True

    def elements_of_file(self) -> tuple[str, ...]:
        """`type_names` of the compiled model."""
        return element_symbols(type_names(self.model), self.model)

    def file_problems(self) -> list[Problem]:
        """Names that the pair style refuses."""
        if not self.model.name.endswith(SUFFIXES):
            raise ModelError(
                f"{self.model.name}: the pair style reads {' and '.join(SUFFIXES)} only. "
                "Compile the checkpoint with `nequip-compile`."
            )
        return []

    def files(self) -> dict[str, Path]:
        """`model.nequip.pth` or `model.nequip.pt2`."""
        suffix = next((s for s in SUFFIXES if self.model.name.endswith(s)), self.model.suffix)
        return {f"model{suffix}": self.model}


DAMAGED = (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, KeyError, RuntimeError)
"""What `zipfile` raises for files that are not archives, or have flipped bits."""


def type_names(path: Path) -> list[str]:
    """Names of the model's types, in its order.  Raises ModelError for a file without them."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith("extra/type_names"):
                    return archive.read(name).decode().split()
                if name.endswith("metadata.json"):
                    about = json.loads(archive.read(name))
                    if isinstance(about, dict) and "type_names" in about:
                        return str(about["type_names"]).split()
    except DAMAGED as error:
        raise ModelError(f"{path.name} is not a compiled model: {error}. Make it with `nequip-compile`.") from None
    raise ModelError(f"{path.name} has no type_names: compile the checkpoint with `nequip-compile`.")
