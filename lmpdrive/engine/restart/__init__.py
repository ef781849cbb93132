"""Restart files and the deck that resumes from one."""
