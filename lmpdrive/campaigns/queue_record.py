"""What a driver has running and pending at its place, in `queue.json`: for whoever watches from outside."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress

from lmpdrive.campaigns.facts import alive
from lmpdrive.campaigns.plan import Plan
from lmpdrive.common.atomic import write_atomically
from lmpdrive.engine.directory.lock import holder

FILE = "queue.json"


def write_queue(plan: Plan, place: str, blocks: Mapping[str, Mapping[str, int]]) -> None:
    """Write it, whole or not at all; a full disk is the runs' own trouble."""
    content = {"place": place, "blocks": blocks, "updated_s": time.time()}
    with suppress(OSError):
        write_atomically(plan.folder / FILE, json.dumps(content) + "\n")


def queue_line(plan: Plan) -> str:
    """One line: who drives the campaign, and its blocks."""
    if not alive(plan.folder):
        return "no driver: lmpdrive campaign run goes on"
    driver = f"driver: {holder(plan.folder)}"
    try:
        content = json.loads((plan.folder / FILE).read_text())
        blocks = [
            f"{label} {number} {state.lower()}"
            for label, states in content["blocks"].items()
            for state, number in states.items()
        ]
    except (OSError, ValueError, KeyError, AttributeError):
        return driver
    return f"{driver}; blocks at {content['place']}: {', '.join(blocks) or 'none'}"
