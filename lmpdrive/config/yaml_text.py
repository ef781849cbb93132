"""YAML text -> values and the lines of their keys; rejects what YAML 1.1 reads differently than a person would."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import yaml

from lmpdrive.errors import ConfigError

Location = tuple[str | int, ...]

MOST_CHARACTERS = 1_000_000
MOST_ENTRIES = 100_000
"""A few lines of aliases can expand to billions of values."""
_OTHER_BASE = re.compile(r"[-+]?(0[0-9_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?)")
"""Octal and sexagesimal numbers."""


def parse(text: str) -> tuple[Any, dict[Location, int]]:
    """The content and the line of each key.

    Raises ConfigError for a key that is given twice, a number that is not what it looks like, and text that is too long
    or refers to itself; yaml.YAMLError for text that is no YAML.
    """
    if len(text) > MOST_CHARACTERS:
        raise ConfigError(f"more than {MOST_CHARACTERS} characters: it is no configuration")
    try:
        entries = list(itertools.islice(_lines(yaml.compose(text, Loader=yaml.SafeLoader)), MOST_ENTRIES + 1))
        if len(entries) > MOST_ENTRIES:
            raise ConfigError(f"more than {MOST_ENTRIES} entries: it is no configuration")
        return yaml.safe_load(text), dict(entries)
    except RecursionError:
        raise ConfigError("nested too deeply, or refers to itself") from None
    except (ValueError, OverflowError) as error:  # `0x`, `2024-99-99` and the like, in PyYAML's own constructors
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(f"a value cannot be read: {error}") from None


def _lines(node: yaml.Node | None, at: Location = ()) -> Iterator[tuple[Location, int]]:
    if isinstance(node, yaml.MappingNode):
        seen: dict[object, yaml.Mark] = {}
        for key, value in node.value:
            mark = key.start_mark
            if isinstance(key, yaml.ScalarNode):
                first = seen.setdefault(key.value, mark)
                if first.index != mark.index:
                    raise ConfigError(
                        f"line {mark.line + 1}: '{key.value}' is in line {first.line + 1} too: keep one of them"
                    )
                yield (*at, key.value), mark.line + 1
                yield from _lines(value, (*at, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for i, value in enumerate(node.value):
            yield (*at, i), value.start_mark.line + 1
            yield from _lines(value, (*at, i))
    elif (
        isinstance(node, yaml.ScalarNode)
        and node.tag.endswith((":int", ":float"))
        and _OTHER_BASE.fullmatch(node.value)
    ):
        raise ConfigError(
            f"line {node.start_mark.line + 1}: {node.value} is another number in YAML (base 8 or 60): "
            "write it without leading zeros and colons, or in quotes"
        )
