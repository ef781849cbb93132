"""The parts of `system.build`: slabs, molecules, ions, films, liquids.  Lengths in Å, charges in e."""
