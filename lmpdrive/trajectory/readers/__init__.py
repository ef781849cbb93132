"""The formats of trajectory files, one each."""
