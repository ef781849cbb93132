"""Campaigns: the runs of a study from one file, on any machine.

    campaign file -> plan -> slices of runs, placed by Parsl -> run directories -> state, tables, report

The truth is in the run directories and the journals beside them; everything here can be killed at any moment and
begun again.  `plan` expands the file, `advance` is the unit of work, `drive` submits it, `state` reads how things are.
"""
