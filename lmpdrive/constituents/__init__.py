"""Who is slab, water, ion, adsorbate or other molecule: from bonds and from how atoms move, not from the element."""

from lmpdrive.constituents.faces import Slab
from lmpdrive.constituents.find import Configuration, Constituents, find_constituents, known_slab, turned
from lmpdrive.constituents.molecules import IONS, Species
from lmpdrive.constituents.named import by_elements

__all__ = [
    "IONS",
    "Configuration",
    "Constituents",
    "Slab",
    "Species",
    "by_elements",
    "find_constituents",
    "known_slab",
    "turned",
]
