"""From a configuration and a system to the text of the LAMMPS deck."""
