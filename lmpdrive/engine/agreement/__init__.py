"""Whether LAMMPS and the model's own calculator agree: at the first step, in a short run, on labelled frames."""
