"""Runs that ASE integrates, without LAMMPS (`coupling: ase`)."""
