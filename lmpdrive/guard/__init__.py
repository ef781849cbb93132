"""What the guard found in a run directory: events, frames before them, and how far the run is stable.

seen = events_of(run_dir)         # of events.jsonl, else found in guard.txt, the log and the frames
stable_before = first_end(seen)   # nothing from that event on is averaged
"""

from lmpdrive.guard.after import after_run, clear, events_of
from lmpdrive.guard.candidates import Keeper
from lmpdrive.guard.events import EVENTS, first_end
from lmpdrive.guard.gate import CANDIDATES

__all__ = ["CANDIDATES", "EVENTS", "Keeper", "after_run", "clear", "events_of", "first_end"]
