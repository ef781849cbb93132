"""Who is slab, water, ion, adsorbate or other molecule: from bonds and from how atoms move, not from the element."""

from lmpdrive.constituents.faces import Slab
from lmpdrive.constituents.find import Configuration, Constituents, bonded_to, find_constituents, known_slab
from lmpdrive.constituents.molecules import Species

__all__ = ["Configuration", "Constituents", "Slab", "Species", "bonded_to", "find_constituents", "known_slab"]
