"""The thermo tables of LAMMPS logs."""
