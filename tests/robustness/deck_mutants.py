"""Decks that hands, editors and disks have spoilt; the same for a seed."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WORDS = ["banana", "nan", "-1", "0", "1e30", "all", "NULL", "${gone}", "$(1/0)", "v_gone", "''", '"', "&", "#", "*"]
WORDS += ["x" * 3_000, "${x}" * 300, "$(" * 200, "\u2603", "../../etc/passwd", "/dev/zero", "inf", "99999999999"]


@dataclass(frozen=True)
class Mutant:
    """A deck, and how it was made."""

    name: str
    content: bytes


def mutants(decks: Sequence[tuple[str, str]], seed: int, n: int) -> Iterator[Mutant]:
    """`n` of them, made of `decks` (name, text) in turn."""
    rng = random.Random(seed)
    kinds = [_word, _number, _word, _line, _characters, _cut, _inserted]
    for i in range(n):
        name, text = decks[i % len(decks)]
        kind = kinds[i % len(kinds)]
        what, content = kind(text, rng)
        yield Mutant(f"{name}: {kind.__name__[1:]} {what}", content)


def _commands(text: str) -> list[int]:
    return [i for i, line in enumerate(text.splitlines()) if line.strip() and not line.lstrip().startswith("#")]


def _word(text: str, rng: random.Random) -> tuple[str, bytes]:
    lines = text.splitlines()
    i = rng.choice(_commands(text))
    words = list(re.finditer(r"\S+", lines[i].partition("#")[0]))
    word, new = rng.choice(words), rng.choice(WORDS)
    lines[i] = lines[i][: word.start()] + new + lines[i][word.end() :]
    return f"{i + 1}: {word[0]} -> {new[:20]}", "\n".join(lines).encode()


def _number(text: str, rng: random.Random) -> tuple[str, bytes]:
    lines = text.splitlines()
    places = [
        (i, m) for i in _commands(text) for m in re.finditer(r"(?<=\s)\d+\.?\d*(?=\s|$)", lines[i].partition("#")[0])
    ]
    i, number = rng.choice(places)
    new = f"{float(number[0]) * rng.choice([-1, 1e-3, 1e3, 1e9, 0.37]):g}"
    lines[i] = lines[i][: number.start()] + new + lines[i][number.end() :]
    return f"{i + 1}: {number[0]} -> {new}", "\n".join(lines).encode()


def _line(text: str, rng: random.Random) -> tuple[str, bytes]:
    lines = text.splitlines()
    i, j = rng.choice(_commands(text)), rng.choice(_commands(text))
    what = rng.choice(["twice", "away", "swapped", "continued", "away", "commented"])
    if what == "twice":
        lines.insert(j, lines[i])
    elif what == "away":
        del lines[i]
    elif what == "swapped":
        lines[i], lines[j] = lines[j], lines[i]
    elif what == "continued":
        lines[i] += " &"
    else:
        lines[i] = "#" + lines[i]
    return f"{i + 1} {what}", "\n".join(lines).encode()


def _characters(text: str, rng: random.Random) -> tuple[str, bytes]:
    content = bytearray(text.encode())
    places = [rng.randrange(len(content)) for _ in range(rng.choice([1, 2, 16]))]
    for i in places:
        content[i] = rng.choice([rng.randrange(256), rng.choice(b"\"'&$#{}() \n\0")])
    return f"at {places[:3]}", bytes(content)


def _cut(text: str, rng: random.Random) -> tuple[str, bytes]:
    n = rng.randrange(len(text))
    return f"after {n}", text.encode()[:n]


def _inserted(text: str, rng: random.Random) -> tuple[str, bytes]:
    lines = text.splitlines()
    i = rng.choice(_commands(text))
    new = rng.choice(
        [
            "include in.lammps",
            "label x\njump SELF x",
            "jump in.lammps",
            "variable x equal v_x",
            "variable x string ${x}${x}",
            "quit",
            "clear",
            "if '1' then 'if 1 then quit'",
            'print """never closed',
            "run 100000000",
            "shell touch pwned",
            "thermo_modify lost ignore",
            "unfix move",
            "pair_style none",
            "units real",
            "timestep 1",
        ]
    )
    lines.insert(i, new)
    return f"{i + 1}: {new.splitlines()[0]}", "\n".join(lines).encode()
