"""Which atom is which element: what all sources say, and whether they agree."""
