"""The run directory: writing it, what its inputs were, who holds it."""
