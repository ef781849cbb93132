"""Averages under other potentials from one trajectory, and what a committee of them says about the model's error."""
