"""Configurations that are wrong in every way that people, editors and disks make them wrong; the same for a seed."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

BASE: dict[str, Any] = {
    "system": {"build": {"metal": "Cu", "repeat": [3, 4], "layers": 3, "waters": 0, "vacuum_A": 8.0, "seed": 3}},
    "potential": {"architecture": "classical", "cutoff_A": 8.0, "kspace_accuracy": 1.0e-4},
    "dynamics": {
        "ensemble": "nvt",
        "temperature_K": 300.0,
        "timestep_fs": 2.0,
        "thermostat": {"style": "nose-hoover", "damping_fs": 200.0, "chain": 3},
        "fixed_layers": 1,
        "minimise": {"force_eV_per_A": 0.05, "max_steps": 20},
        "equilibrate_ps": 0.02,
        "production_ps": 0.04,
        "seed": 7,
    },
    "output": {"frames_every_fs": 10.0, "dump_every_fs": 20.0, "thermo_every_fs": 4.0, "restart_every_ps": 0.02},
    "observables": {"bin_width_A": 0.1, "blocks": 2, "names": ["temperature"], "options": {"rdf": {"r_max_A": 4.0}}},
    "run": {"device": "cpu", "threads": 1, "mpi_ranks": 1, "compare": "never"},
}

WORDS = ["banana", "", " ", "nvt; shell rm -r *", "300 K", "0.5fs", "1,5", "None", "auto", "~", "\u2603", "x" * 20_000]
VALUES: list[Any] = [
    *(None, True, False, 0, -1, -0.5, 1e-300, 1e300, 10**30, -(10**30), 2**31, 2**63, 0.1 + 0.2),
    *(
        float("inf"),
        float("-inf"),
        float("nan"),
        [],
        {},
        [1, 2, 3],
        {"a": 1},
        [[]],
        {"build": {}},
        [None],
        [True, True],
    ),
    *WORDS,
    "a\nshell touch pwned",
    "\tx\u0000y",
    b"\xff\xfe\x00",
]
RAW_VALUES = [
    "0300",
    "1:30",
    "0x",
    "!!python/object/apply:os.system ['touch pwned']",
    "2024-99-99",
    "*a",
    "&a",
    "{",
    "- - -",
]
RAW_VALUES += [
    "1e",
    "1_0",
    "!!binary x",
    "|",
    ">-",
    "? x",
    "!!int banana",
    "!!float x",
    "%YAML 9",
    "@",
    "`",
    "1 : 2 : 3",
]

WHOLE = {
    "empty": b"",
    "only a comment": b"# nothing\n",
    "a word": b"banana\n",
    "a list": b"- system\n- potential\n",
    "two documents": b"system: {}\n---\nsystem: {}\n",
    "not UTF-8": b"system: \xff\xfe\n",
    "UTF-16": "system: {build: {metal: Cu}}\n".encode("utf-16"),
    "NUL": b"system: {build: {metal: Cu}}\n\0\0\0",
    "tabs": b"system:\n\tbuild:\n\t\tmetal: Cu\n",
    "nested without end": b"[" * 20_000,
    "refers to itself": b"system: &a {build: *a}\n",
    "an alias of billions": b"a: &a [x,x,x,x,x,x,x,x,x]\n"
    + b"".join(b"%c: &%c [%s]\n" % (98 + i, 98 + i, b",".join([b"*%c" % (97 + i)] * 9)) for i in range(12)),
    "ten megabytes": b"# " + b"x" * 10_000_000,
    "a JSON list": b'[{"system": 1}]',
    "numbers as keys": b"1: 2\n3: {4: 5}\nnull: 1\ntrue: 2\n",
    "lists as keys": b"? [a, b]\n: c\n",
    "extends itself": b"extends: system.yaml\n",
    "extends a folder": b"extends: .\n",
    "extends outside": b"extends: ../../etc/passwd\n",
    "extends a number": b"extends: 3\n",
    "a merge of nothing": b"<<: 3\nsystem: {}\n",
    "a tag": b"!!python/object/apply:os.system ['touch pwned']\n",
}


@dataclass(frozen=True)
class Mutant:
    """A file's content, and how it was made."""

    name: str
    content: bytes


def mutants(seed: int, n: int) -> Iterator[Mutant]:
    """`n` different ones: whole files first, then values, keys, lines and characters."""
    rng = random.Random(seed)
    made = [Mutant(name, content) for name, content in WHOLE.items()]
    rng.shuffle(made)
    yield from made[: max(4, min(len(made), n // 4))]
    kinds = [_value, _value, _raw_value, _key, _gone, _moved, _line, _characters, _cut]
    for i in range(n - max(4, min(len(made), n // 4))):
        kind = kinds[i % len(kinds)]
        name, content = kind(rng)
        yield Mutant(f"{kind.__name__[1:]} {name}", content)


def _places(content: Any, at: tuple = ()) -> Iterator[tuple]:
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in items:
        yield (*at, key)
        yield from _places(value, (*at, key))


def _at(content: Any, place: tuple) -> Any:
    for key in place:
        content = content[key]
    return content


def _text(content: Any) -> bytes:
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True).encode()


def _value(rng: random.Random) -> tuple[str, bytes]:
    content, place = _chosen(rng)
    value = rng.choice(VALUES)
    old = _at(content, place)
    if isinstance(old, int | float) and rng.random() < 0.3:
        value = old * rng.choice([-1, 0, 1e-9, 1e-3, 1e3, 1e6, 1e12])
    _at(content, place[:-1])[place[-1]] = value
    return f"{'.'.join(map(str, place))} = {str(value)[:30]!r}", _text(content)


def _raw_value(rng: random.Random) -> tuple[str, bytes]:
    content, place = _chosen(rng)
    value = rng.choice(RAW_VALUES)
    _at(content, place[:-1])[place[-1]] = "HERE"
    return f"{'.'.join(map(str, place))} = {value}", _text(content).replace(b"HERE", value.encode())


def _chosen(rng: random.Random) -> tuple[Any, tuple]:
    content = copy.deepcopy(BASE)
    return content, rng.choice(list(_places(content)))


def _key(rng: random.Random) -> tuple[str, bytes]:
    content = copy.deepcopy(BASE)
    place = rng.choice([p for p in _places(content) if isinstance(p[-1], str)])
    section, old = _at(content, place[:-1]), place[-1]
    i = rng.randrange(len(old))
    new = rng.choice([old[:i] + old[i + 1 :], old.upper(), old + "s", old[:i] + "_" + old[i:], old[::-1], "__class__"])
    changed = {new if k == old else k: v for k, v in section.items()}
    section.clear()
    section.update(changed)
    return f"{'.'.join(map(str, place))} as {new}", _text(content)


def _gone(rng: random.Random) -> tuple[str, bytes]:
    content, place = _chosen(rng)
    del _at(content, place[:-1])[place[-1]]
    return ".".join(map(str, place)), _text(content)


def _moved(rng: random.Random) -> tuple[str, bytes]:
    content, place = _chosen(rng)
    value = _at(content, place)
    sections = [p for p in _places(content) if isinstance(_at(content, p), dict) and p[: len(place)] != place]
    target = rng.choice([(), *sections])
    _at(content, target)[str(place[-1])] = value
    return f"{'.'.join(map(str, place))} also in {'.'.join(map(str, target)) or 'the file'}", _text(content)


def _line(rng: random.Random) -> tuple[str, bytes]:
    lines = _text(BASE).splitlines(keepends=True)
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    what = rng.choice(["twice", "away", "swapped", "deeper", "shallower", "commented"])
    if what == "twice":
        lines.insert(j, lines[i])
    elif what == "away":
        del lines[i]
    elif what == "swapped":
        lines[i], lines[j] = lines[j], lines[i]
    elif what == "deeper":
        lines[i] = b"  " + lines[i]
    elif what == "shallower":
        lines[i] = lines[i].lstrip()
    else:
        lines[i] = b"# " + lines[i]
    return f"{i} {what}", b"".join(lines)


def _characters(rng: random.Random) -> tuple[str, bytes]:
    text = bytearray(_text(BASE))
    places = [rng.randrange(len(text)) for _ in range(rng.choice([1, 1, 2, 8, 64]))]
    for i in places:
        text[i] = rng.choice([rng.randrange(256), rng.choice(b":-{}[],&*#?|>'\"%@` \n\t\\0")])
    return f"at {places[:4]}", bytes(text)


def _cut(rng: random.Random) -> tuple[str, bytes]:
    text = _text(BASE)
    n = rng.randrange(len(text))
    return f"after {n}", text[:n]
