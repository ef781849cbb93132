"""Decks whose forces come from a program through `fix external`."""

from __future__ import annotations

from collections.abc import Iterator

from lmpdrive.lint.deck import Deck, plain
from lmpdrive.lint.registry import Found, rule

GIVE_FORCES = ("external", "ipi", "latte", "client/md", "mdi/qm", "mdi/qmmm", "python/invoke")


@rule("callback-missing", "error")
def callback_missing(deck: Deck) -> Iterator[Found]:
    """`pair_style zero` and no `fix external`: every force is zero."""
    style = deck.last("pair_style")
    if style is None or plain(style.arg(0)) != "zero" or not deck.runs:
        return
    if not any(fix.style in GIVE_FORCES for fix in deck.fixes):
        what = "pair_style zero computes nothing, and no fix gives the atoms forces"
        fix = "fix model all external pf/callback 1 1, and run it with `lmpdrive run-deck`"
        yield Found(style, what, fix)


@rule("callback-energy", "warning")
def callback_energy(deck: Deck) -> Iterator[Found]:
    """`fix external` whose energy and virial do not enter pe, etotal and press."""
    for fix in deck.fixes:
        if fix.style != "external" or not deck.runs:
            continue
        modified = [c for c in deck.named("fix_modify") if c.arg(0) == fix.id]
        lacking = [key for key in ("energy", "virial") if not any(c.after(key, 1)[:1] == ("yes",) for c in modified)]
        if lacking:
            what = f"{' and '.join(lacking)} of fix {fix.id} not counted: pe, etotal or press lack the model's part"
            yield Found(fix.command, what, f"fix_modify {fix.id} energy yes virial yes")


@rule("callback-interval", "warning")
def callback_interval(deck: Deck) -> Iterator[Found]:
    """`fix external pf/callback` that does not request new forces at every step."""
    for fix in deck.fixes:
        if fix.style == "external" and fix.args[:1] == ("pf/callback",) and fix.args[1:3] not in (("1", "1"), ()):
            what = f"fix {fix.id} asks for forces every {' and applies them every '.join(fix.args[1:3])} steps"
            yield Found(fix.command, what, "pf/callback 1 1")
