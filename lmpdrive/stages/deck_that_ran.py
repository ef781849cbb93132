"""The deck that a run began with: whether it is still that, and at which step the run is to end."""

from __future__ import annotations

from pathlib import Path

from lmpdrive.common.manifest import Manifest
from lmpdrive.common.say import Say
from lmpdrive.common.shell import to_paste
from lmpdrive.config import Config
from lmpdrive.deck.commands import Deck
from lmpdrive.engine.directory.provenance import deck_files, deck_was_edited
from lmpdrive.engine.restart.deck import end_of, plan
from lmpdrive.errors import ConfigError, RunDirectoryError


def deck_was_edited_since(folder: Path, manifest: Manifest, accept: bool, say: Say) -> bool:
    """Whether the deck, or a file that it includes, is not what ran; `accept`: say so, and go on with the new one.

    Raises RunDirectoryError if it is not accepted: one trajectory would be of two decks.
    """
    deck, then = manifest.first_part.deck, manifest.last_part.deck_files
    if not then:  # of a lmpdrive that did not record it
        if deck_was_edited(folder, deck):
            say(f"warning: {deck} was edited after it was rendered; the manifest does not say which one ran")
        return False
    now = deck_files(folder, deck)
    changed = [name for name in {**then, **now} if then.get(name) != now.get(name)]
    if not changed:
        return False
    what = f"{', '.join(changed)} {'was' if len(changed) == 1 else 'were'} edited after the run began (sha256)"
    if not accept:
        raise RunDirectoryError(
            f"{what}: the rest of the run would be of another deck. Undo the change, or accept it: "
            f"{to_paste('resume', folder, '--accept-deck')}. For another run: system.read with the end of this one."
        )
    say(f"warning: {what}; accepted: the rest of the run is of the edited deck")
    return True


def end_of_run(folder: Path, deck: Deck, config: Config, manifest: Manifest) -> int:
    """The step toward which the run goes: of the deck, or of the configuration where `--set` changed it."""
    of_deck = end_of(deck)
    if config.dynamics.ensemble == "minimise":
        return of_deck
    wanted, begun = config.equilibrate_steps + config.production_steps, manifest.dynamics.steps
    if wanted == begun:
        return of_deck  # also where a person changed the lengths in the deck
    if of_deck == begun:
        return wanted
    if deck_was_edited(folder, deck.name):
        raise ConfigError(
            f"dynamics.production_ps asks for {wanted} steps in all, but the lengths in {folder / deck.name} were "
            f"changed by hand ({of_deck} steps): change them there again, and resume without --set"
        )
    if not _production_is_last(deck, manifest):
        raise _cannot_be_longer(deck)
    return of_deck + wanted - begun  # with the stages that a template added


def _production_is_last(deck: Deck, manifest: Manifest) -> bool:
    """Whether the last run of a deck with stages of a template's own is the production."""
    last = [timed for timed in plan(deck) if timed.name == "run"][-1]
    stages = [stage.steps for stage in manifest.dynamics.stages if stage.name == "production"]
    return last.after is not None and last.before is not None and [last.after - last.before] == stages


def _cannot_be_longer(deck: Deck) -> ConfigError:
    last = [timed.command for timed in plan(deck) if timed.name == "run"][-1]
    return ConfigError(
        f"dynamics.production_ps: your template has a run after the production ({last.file}, line {last.line}), so "
        "a longer production would come after it. Start a new run from this one's end: system.read: final.data"
    )
