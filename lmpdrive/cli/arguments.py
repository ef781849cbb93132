"""Arguments in a form of their own: what typer cannot parse by itself."""

from __future__ import annotations

from typing import Literal

from lmpdrive.errors import ConfigError

SEVERAL = ("--labels", "--committee", "--validation", "--target")
"""Options that take all words up to the next option."""


def parse_options(arguments: list[str]) -> dict[str, dict[str, object]]:
    """`rdf.max_A=8` -> {"rdf": {"max_A": 8}}."""
    import yaml

    options: dict[str, dict[str, object]] = {}
    for argument in arguments:
        key, equals, text = argument.partition("=")
        family, dot, name = key.partition(".")
        if not (equals and dot and family and name):
            raise ConfigError(f"--option {argument}: write NAME.KEY=VALUE, for example --option rdf.max_A=8")
        try:
            options.setdefault(family, {})[name] = yaml.safe_load(text)
        except yaml.YAMLError:
            raise ConfigError(f"--option {argument}: '{text}' is not a YAML value") from None
    return options


def parse_discard(argument: str | None) -> float | Literal["auto"] | None:
    """Of `--discard-ps`: a time in ps, or auto."""
    if argument is None or argument == "auto":
        return argument  # type: ignore[return-value]
    try:
        value = float(argument)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise ConfigError(f"--discard-ps {argument}: write a time in ps, or auto")
    return value


def parse_variable(argument: str) -> tuple[str, str]:
    """`T=330` -> ("T", "330")."""
    name, equals, value = argument.partition("=")
    if not (equals and name):
        raise ConfigError(f"--var {argument}: write NAME=VALUE, for example --var T=330")
    return name, value


def repeat_options(argv: list[str]) -> list[str]:
    """`--elements Au H` -> `--elements Au --elements H`, likewise others: typer takes one value an option."""
    repeated: list[str] = []
    current = ""
    for word in argv:
        if word == "--elements" or word in SEVERAL:
            current = word
        elif (current in SEVERAL and not word.startswith("-")) or (
            current == "--elements" and word.isalpha() and word[0].isupper() and len(word) <= 2
        ):
            repeated += [current, word]
        else:
            current = ""
            repeated.append(word)
    return repeated
