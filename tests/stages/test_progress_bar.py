"""The bar of long work: on a terminal, with rate and time left; silent for short work; lines in a log."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

WORK = """
import time
from lmpdrive.stages.progress_bar import FramesBar
with FramesBar() as bar:
    for done in range(0, 1001, 50):
        bar(done, 1000)
        time.sleep({sleep})
print("end")
"""


def on_a_terminal(code):
    """What a program writes to a terminal."""
    master, slave = pty.openpty()
    env = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen([sys.executable, "-c", code], stdout=slave, stderr=slave, env=env)
    os.close(slave)
    text = b""
    while True:
        try:
            part = os.read(master, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        text += part
    assert process.wait() == 0
    os.close(master)
    return text.decode()


def test_long_work_shows_rate_and_time_left_on_a_terminal():
    text = on_a_terminal(WORK.format(sleep=0.1))
    assert "/1000" in text and "/s, 0:0" in text and "left" in text
    assert text.rstrip().endswith("end")


def test_short_work_shows_nothing():
    assert on_a_terminal(WORK.format(sleep=0)).split() == ["end"]


def test_a_log_gets_no_bar():
    code = WORK.format(sleep=0.1)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "end\n"
    assert done.stderr == ""  # lines come every 30 s
