"""When a trajectory is stable: one set of limits and one code for the deck, runs by ASE, and analyses.

    limits = Limits.of(config, system)          # numbers of one run; the deck is written with them
    watch = Watch(limits)
    event = watch.check(values)                  # of one step, in order; None while all is well

A trajectory is stable up to the first event (docs/guard.md).  Units: ps, K, eV, eV/Å, Å.
"""

from lmpdrive.stability.limits import Gate, Limits, Pair
from lmpdrive.stability.watch import Event, Values, Watch

__all__ = ["Event", "Gate", "Limits", "Pair", "Values", "Watch"]
