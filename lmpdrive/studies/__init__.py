"""Studies: can potentials that learned from a teacher describe each of its states?  From one file, by one command.

    study file -> teacher (a campaign) -> labelled frames -> models -> their runs (a campaign) -> committees -> report

What every step leaves on disk is what the next one reads, so that a study can be killed at any moment and begun again.
"""
