"""What an architecture is, and the classes to derive from."""
