"""How the run ended, and what the guard saw in it (docs/guard.md)."""

from __future__ import annotations

from lmpdrive.common.manifest import Manifest
from lmpdrive.report.findings.finding import Finding, Level
from lmpdrive.report.stable_part import StablePart

ENDS: dict[str, tuple[Level, str]] = {
    "finished": ("good", "The run finished as planned."),
    "interrupted": ("caution", "The run was interrupted: the frames written before that are analysed."),
    "walltime": ("caution", "The run stopped at its wall-time limit: the frames written before that are analysed."),
    "running": ("caution", "The run has not ended: the frames written so far are analysed."),
    "unstable": ("bad", "The guard stopped the run: the potential, or the way it was run, cannot be trusted here."),
    "failed": ("bad", "The run failed: the frames before the failure may already be wrong."),
}


def state(manifest: Manifest) -> list[Finding]:
    """One finding; none for a trajectory from elsewhere."""
    if manifest.state is None:
        return []
    return [Finding(*ENDS.get(manifest.state, ("caution", f"The run's state is {manifest.state!r}.")))]


def missing_frames(manifest: Manifest) -> list[Finding]:
    """Frames that were lost when the run was resumed, and were not made again."""
    if not manifest.frames_missing:
        return []
    return [Finding("caution", f"In this run, {manifest.frames_missing}: averages are of the others.")]


def edited_decks(manifest: Manifest) -> list[Finding]:
    """Where the deck was edited in the middle of the run, and that was accepted."""
    steps = [part.from_step for part in manifest.parts if part.deck_accepted]
    if not steps:
        return []
    where = ", ".join("from the start" if step is None else f"from step {step}" for step in steps)
    text = f"The deck was edited in the middle of the run ({where}): the parts before and after are of two decks."
    return [Finding("caution", text)]


def guard_events(stable: StablePart | None) -> list[Finding]:
    """What the guard detected, and how many frames were used."""
    if stable is None:
        return []
    found = [Finding("bad" if stable.ended else "caution", f"Guard: {sentence}.") for sentence in stable.events]
    if stable.ended and not stable.frames:
        found.append(Finding("caution", "No frame was written before that, so nothing is averaged."))
    elif stable.ended:
        found.append(
            Finding(
                "caution",
                f"Only what is before that is averaged: {stable.used} of {stable.frames} frames, up to "
                f"{stable.last_ps:.6g} ps.",
            )
        )
    return found
