"""Trajectories made of others: joined, turned, shortened, with some of the atoms."""
