"""The picture of the system: `Snapshot` (atoms of one frame) -> `picture` (side and top view as one SVG)."""
