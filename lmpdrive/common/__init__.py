"""Leaves that every folder may use: the manifest, hashes, units, values, trust."""
