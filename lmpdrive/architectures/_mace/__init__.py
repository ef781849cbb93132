"""How a MACE model is evaluated on edge vectors, without ASE objects: eagerly, or compiled and cached."""
