"""Active learning: a potential that explores, fails, and is trained again with the frames at which it failed.

    train -> explore -> candidates -> select -> label -> filter -> train ...

`file.py` says what a learning file has, `loop.py` is the order of the steps; each step is a file, and each iteration a
folder that can be inspected.  docs/active-learning.md.
"""
