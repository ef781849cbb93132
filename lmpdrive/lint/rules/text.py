"""The text of the deck itself: quotes, comments, includes, misspelt commands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from difflib import get_close_matches

from lmpdrive.lint.deck import Deck, plain
from lmpdrive.lint.registry import Found, rule
from lmpdrive.lint.walk import Command

COMMAND_WORDS = """
angle_coeff angle_style angle_write atom_modify atom_style balance bond_coeff bond_style bond_write boundary box
change_box clear comm_modify comm_style compute compute_modify create_atoms create_bonds create_box delete_atoms
delete_bonds dielectric dihedral_coeff dihedral_style dihedral_write dimension displace_atoms dump dump_modify
dynamical_matrix echo fitpod fix fix_modify geturl group group2ndx hyper if improper_coeff improper_style include
info jump kim kim_init kim_interactions kim_param kim_property kim_query kspace_modify kspace_style label labelmap
lattice log mass mdi message min_modify min_style minimize molecule ndx2group neb neb/spin neigh_modify neighbor
newton next package pair_coeff pair_modify pair_style pair_write partition plugin prd print processors python quit
read_data read_dump read_restart region region2vmd replicate rerun reset_atom_ids reset_atoms reset_ids
reset_mol_ids reset_timestep restart run run_style server set shell special_bonds suffix tad temper temper/grem
temper/npt thermo thermo_modify thermo_style third_order timer timestep uncompute undump unfix units variable
velocity write_coeff write_data write_dump write_restart
"""
COMMANDS = frozenset(COMMAND_WORDS.split())
ENDS = ("write_data", "quit", "server", "message", "mdi")
"""Commands after which a deck may end; or another program goes on."""
CLOSE = 0.8
"""Similarity from which on an unknown command is taken for a misspelt one, not for one of a custom build."""
MANY_UNKNOWN = 3
RENAMED = {"communicate": "comm_modify"}


@rule("comment-continues", "error")
def comment_continues(deck: Deck) -> Iterator[Found]:
    """A comment that ends in `&` makes the next line part of the comment."""
    for remark in deck.remarks:
        lost = remark.what.split("\n")
        if remark.code == "commented-lines":  # of a command that is commented out, the arguments are meant to go too
            lost = [line for line in lost if plain(line.split()[0]) in COMMANDS]
        elif remark.code != "comment-continues":
            continue
        if lost:
            what = f"the comment ends in &, so that LAMMPS takes the next line as a comment too: {lost[0][:60]}"
            yield Found(remark, what, "take the & out of the comment")


@rule("quotes", "error")
def quotes(deck: Deck) -> Iterator[Found]:
    """A quote is not closed."""
    for remark in deck.remarks:
        if remark.code == "quotes" and not _foreign(deck):
            yield Found(remark, f"a quote is not closed: {remark.what}", "close it, or take it out")


@rule("include-loop", "error")
def include_loop(deck: Deck) -> Iterator[Found]:
    """Files include each other endlessly."""
    for remark in deck.remarks:
        if remark.code == "include-loop":
            yield Found(remark, f"{remark.what} is included from itself, or too deep", "include it once")


@rule("include-missing", "error")
def include_missing(deck: Deck) -> Iterator[Found]:
    """An included file is missing, so its commands were not checked."""
    for remark in deck.remarks:
        path = deck.folder / remark.what
        if remark.code == "include-missing" and path.is_symlink():
            what = f"{remark.what} is a link to {os.readlink(path)}, which is not on this machine: not checked"
            yield Found(
                remark, what, "lint the deck where the file is, or copy the file in place of the link", "warning"
            )
        elif remark.code == "include-missing":
            yield Found(remark, f"there is no file {remark.what} in the folder of the deck", "put it there")


@rule("unknown-command", "error")
def unknown_command(deck: Deck) -> Iterator[Found]:
    """An unknown command, which LAMMPS reports only when it reaches it, possibly after the run."""
    if _foreign(deck):
        return
    by_plugin = bool(deck.named("plugin"))
    for command in _unknown(deck):
        name = command.name[:40]
        if name in RENAMED:
            what = f"{name} was renamed {RENAMED[name]}, and LAMMPS no longer knows the old name"
            yield Found(command, what, f"{RENAMED[name]} {' '.join(command.args)[:60]}".strip())
        elif typo := _misspelt(name):
            fix = f"{typo} {' '.join(command.args)[:60]}".strip()
            what = f"no LAMMPS command {name!r}; did you mean {typo!r}? LAMMPS stops here, after all before it"
            yield Found(command, what, fix, "warning" if by_plugin else None)
        else:
            what = f"LAMMPS itself has no command {name!r}: the deck needs the build that adds it"
            yield Found(command, what, "run it with that build; otherwise LAMMPS stops here", "warning")


def _misspelt(name: str) -> str | None:
    """The command that a word is but for a letter or two; `add_run_style` of a custom build is no `run_style`."""
    close = get_close_matches(name, COMMANDS, 1, CLOSE)
    return close[0] if close and abs(len(close[0]) - len(name)) <= 2 else None


def _unknown(deck: Deck) -> list[Command]:
    return [c for c in deck.commands if plain(c.name) not in COMMANDS and "$" not in c.name]


def _foreign(deck: Deck) -> bool:
    """Whether this is the input of another program."""
    unknown = {c.name for c in _unknown(deck)}
    return len(unknown) >= MANY_UNKNOWN and len(unknown) >= len({c.name for c in deck.commands}) / 2


@rule("not-lammps", "error")
def not_lammps(deck: Deck) -> Iterator[Found]:
    """Half of the commands or more are none of LAMMPS: the input of another program."""
    if _foreign(deck):
        unknown = _unknown(deck)
        what = f"{len(unknown)} of {len(deck.commands)} commands are not LAMMPS', first {unknown[0].name[:40]!r}"
        yield Found(unknown[0], what, "name a LAMMPS input")


@rule("empty", "error")
def empty(deck: Deck) -> Iterator[Found]:
    """The deck has no command."""
    if not deck.commands:
        yield Found(deck.remarks[0] if deck.remarks else None, "there is no command in it", "name a LAMMPS input")


@rule("no-run", "warning")
def no_run(deck: Deck) -> Iterator[Found]:
    """Atoms and potential are defined, but nothing is run."""
    if deck.named("pair_style", "read_data", "fix") and not deck.runs and not deck.named(*ENDS):
        yield Found(deck.commands[-1], "the deck ends without run or minimize", "is it cut off? add what is missing")
