"""Potentials evaluated on frames that are there already: members of a committee, each in a process of its own."""
