"""Everything that touches LAMMPS: the run directory, the worker process, progress, explanations."""
